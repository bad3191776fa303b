"""How a process treats the memory that it frees."""

import ctypes
import sys

# Parameters of mallopt, from malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Have the C library keep freed memory for the next program, in place of giving it back.

    On Linux with glibc; whether it could be done. XLA allocates a program's temporary memory anew
    in every call on a CPU, hundreds of megabytes for a picture. By default the kernel takes it
    back after each and hands out zeroed pages one by one for the next, which takes as long as a
    third of the computation. The process keeps, in return, the most memory it ever used.

    It is for programs, not for libraries, since it holds for the whole process: the command and the
    scripts of this package call it; call it first in yours.

    >>> keep_freed_memory() in (True, False)
    True
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    settings = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _LARGEST), (_TRIM_THRESHOLD, _LARGEST))
    done = [mallopt(*setting) == 1 for setting in settings]  # each, whatever the others say
    return all(done)
