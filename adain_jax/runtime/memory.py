"""How a process handles the memory that it frees."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Parameters of mallopt, from malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -3, -4, -8
_LARGEST = 2**31 - 1
# Map no block by itself. A high threshold would do that, too, but glibc before 2.36 refuses it.
_KEEPING = ((_ARENA_MAX, 1), (_MMAP_MAX, 0), (_TRIM_THRESHOLD, _LARGEST))
_GIVING_BACK = ((_MMAP_MAX, 1 << 16), (_MMAP_THRESHOLD, 1 << 25), (_TRIM_THRESHOLD, 1 << 25))

_kept = False


def keep_freed_memory() -> bool:
    """Let the C library keep freed memory for the next program; return whether it could be done.

    This works on Linux with glibc. On a CPU, XLA allocates the temporary memory of a program again
    in every call, hundreds of megabytes for a picture. By default the kernel takes it back after
    each call and gives zeroed pages to the next one, which takes as long as a third of the
    computation. In return, the process keeps its peak memory.

    It affects the whole process, so programs call it, not libraries. The command and the scripts of
    this package call it; call it at the start of your own program.

    >>> keep_freed_memory() in (True, False)
    True
    """
    global _kept
    _kept = _set(_KEEPING)
    return _kept


@contextmanager
def freed_memory_given_back() -> Iterator[None]:
    """Undo `keep_freed_memory` within a block, for work that needs to use little memory.

    Kept blocks of several hundred megabytes leave gaps that the next blocks do not fit into.
    """
    if _kept:
        _set(_GIVING_BACK)
        ctypes.CDLL(None).malloc_trim(0)
    try:
        yield
    finally:
        if _kept:
            ctypes.CDLL(None).malloc_trim(0)
            _set(_KEEPING)


def _set(settings: tuple[tuple[int, int], ...]) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    done = [mallopt(*setting) == 1 for setting in settings]  # all of them, even if one fails
    return all(done)
