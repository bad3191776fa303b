"""The errors of a single picture, after which others may succeed."""

from pathlib import Path

import jax

from adain_jax.runtime.errors import is_input, is_out_of_memory

FAILURES = (ValueError, OSError, MemoryError, jax.errors.JaxRuntimeError)


def in_words(error: Exception, path: Path | str, option: str) -> Exception:
    """Return one of `FAILURES` to be shown; if memory was short, one that suggests `option`.

    Raises:
        Exception: `error`, if it is a fault in the program, not in a file.
    """
    if is_out_of_memory(error):
        told = ValueError(f"{path}: too large for the memory; reduce it by {option}")
        told.__cause__ = error
        return told
    if not is_input(error):
        raise error
    return error
