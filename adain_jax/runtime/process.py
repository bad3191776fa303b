"""What the command and the scripts set for their whole process, and how they end."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from adain_jax.runtime.errors import in_words, is_input
from adain_jax.runtime.interrupt import number_of, stoppable

BAD_INPUT = 2  # codes that processes end with
STOPPED = 128  # and the number of the signal, as shells have it

_COMPILED = 1 << 30  # bytes of compiled programs, hundreds of them


def prepare() -> None:
    """Keep freed memory, and what XLA compiles; read images of a gigapixel."""
    from PIL import Image

    from adain_jax.runtime.memory import keep_freed_memory

    # Above which Pillow warns; above twice as much it refuses. Its own is a twelfth.
    Image.MAX_IMAGE_PIXELS = 1 << 30

    keep_freed_memory()
    keep_compilations()


def keep_compilations() -> None:
    """Keep what XLA compiles for the next run, in up to 1 GB of the user's cache folder.

    Or where `JAX_COMPILATION_CACHE_DIR` says, as JAX does it by itself, and then without a bound.
    """
    import jax

    if jax.config.values["jax_compilation_cache_dir"]:
        return
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("adain_jax", appauthor=False)) / "xla"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # a home that cannot be written costs time, nothing else
    with suppress(OSError):  # another process may be at it, too
        prune(folder, _COMPILED)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


def prune(folder: Path, most: int) -> None:
    """Remove the files of a folder that were used longest ago, until `most` bytes are left.

    JAX's own bound, `jax_compilation_cache_max_size`, needs the package filelock, and keeps
    nothing more once there is an entry whose time it has not noted.
    """
    found = [(path, path.stat()) for path in folder.iterdir() if path.is_file()]
    found.sort(key=lambda file: max(file[1].st_atime, file[1].st_mtime))
    left = sum(status.st_size for _, status in found)
    for path, status in found:
        if left <= most:
            break
        path.unlink(missing_ok=True)
        left -= status.st_size


@contextmanager
def script(name: str, stopped: str = "stopped") -> Iterator[None]:
    """A script's work: errors of input become a line and code 2, signals a line and 130 or 143.

    A fault in the program keeps its traceback.
    """
    try:
        with stoppable():
            yield
    except KeyboardInterrupt as stop:
        print(stopped, file=sys.stderr)
        leave(STOPPED + number_of(stop))
    except Exception as error:
        if not is_input(error):
            raise
        print(f"{name}: error: {in_words(error)}", file=sys.stderr)
        sys.exit(BAD_INPUT)


def leave(code: int) -> NoReturn:
    """Exit at once, whatever is being computed.

    XLA lets nobody interrupt a compilation, and a process that ends within one crashes.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):  # closed
            stream.flush()
    os._exit(code)
