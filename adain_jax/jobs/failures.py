"""What the making of one picture can fail of, while others may succeed."""

from pathlib import Path

import jax

FAILURES = (ValueError, OSError, MemoryError, jax.errors.JaxRuntimeError)


def in_words(error: Exception, path: Path, option: str) -> Exception:
    """One of `FAILURES`; if memory was short, what can be done about it by `option`."""
    if isinstance(error, MemoryError | jax.errors.JaxRuntimeError):
        return ValueError(f"{path}: too large for the memory; reduce it by {option}")
    return error
