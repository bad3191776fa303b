"""Settings of a whole process, made by the command and the scripts, and how the process ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from adain_jax.runtime.errors import in_words, is_input
from adain_jax.runtime.interrupt import number_of, stoppable

# Exit codes.
BAD_INPUT = 2
STOPPED = 128  # plus the number of the signal, as in shells

_COMPILED = 1 << 30  # bytes of compiled programs, hundreds of them


def prepare() -> None:
    """Keep freed memory and compiled programs, and let Pillow read images of a gigapixel."""
    from PIL import Image

    from adain_jax.runtime.memory import keep_freed_memory

    # Pillow warns above this limit and refuses twice as much. Its default is a twelfth of this.
    Image.MAX_IMAGE_PIXELS = 1 << 30

    keep_freed_memory()
    keep_compilations()


def keep_compilations() -> None:
    """Keep what XLA compiles for the next run, in up to 1 GB of the user's cache folder.

    If `JAX_COMPILATION_CACHE_DIR` is set, JAX keeps it there instead, without a limit.
    """
    import jax

    if jax.config.values["jax_compilation_cache_dir"]:
        return
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("adain_jax", appauthor=False)) / "xla"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # without a cache, runs only take longer
    with suppress(OSError):  # another process may be pruning, too
        prune(folder, _COMPILED)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


def prune(folder: Path, most: int) -> None:
    """Remove the least recently used files of a folder until at most `most` bytes are left.

    JAX has a limit of its own, `jax_compilation_cache_max_size`. It needs the package filelock, and
    stops keeping anything once there is an entry whose time it did not record.
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
    """Run a script's work in the block.

    An error that the user can fix is printed in one line, and the process ends with code 2. A
    signal prints `stopped`, with code 130 or 143. A bug keeps its traceback.
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
    """Exit at once, even during a computation.

    A compilation of XLA cannot be interrupted, and an ordinary exit during one crashes.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):  # closed
            stream.flush()
    os._exit(code)
