"""What the command sets for its whole process."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn


def prepare() -> None:
    """Keep freed memory, and what XLA compiles; read images of a gigapixel."""
    from PIL import Image

    from adain_jax.runtime.memory import keep_freed_memory

    # Above which Pillow warns; above twice as much it refuses. Its own is a twelfth.
    Image.MAX_IMAGE_PIXELS = 1 << 30

    keep_freed_memory()
    keep_compilations()


def keep_compilations() -> None:
    """Keep what XLA compiles in the user's cache folder, for the next run."""
    import jax
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("adain_jax", appauthor=False)) / "xla"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # a home that cannot be written costs time, nothing else
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


def leave(code: int) -> NoReturn:
    """Exit at once, whatever is being computed.

    XLA lets nobody interrupt a compilation, and a process that ends within one crashes.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):  # closed
            stream.flush()
    os._exit(code)
