"""Which errors the user can fix, and how they are worded."""

import dis
import os

import jax

_OURS = (__name__.partition(".")[0], "__main__")  # this package, and scripts that use it
_RAISE = dis.opmap["RAISE_VARARGS"]


def is_input(error: BaseException) -> bool:
    """Whether an error is the user's to fix, rather than a bug in the program.

    The user can fix errors of the file system, packages that are not installed, too little memory,
    and every `ValueError` from a `raise` statement of this package or of a script. A `ValueError`
    from a library, or from Python itself, is a bug: this package checks its input beforehand.

    >>> is_input(FileNotFoundError("no such file: a.png")), is_input(TypeError("no number"))
    (True, False)
    """
    if isinstance(error, OSError) or is_out_of_memory(error):
        return True
    if isinstance(error, ModuleNotFoundError):
        return str(error.name).partition(".")[0] not in _OURS
    return isinstance(error, ValueError | ImportError) and _is_raised_here(error)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the process or a device ran out of memory."""
    if isinstance(error, jax.errors.JaxRuntimeError):
        return any(words in str(error) for words in ("RESOURCE_EXHAUSTED", "Out of memory"))
    return isinstance(error, MemoryError)


def in_words(error: BaseException) -> str:
    """The error's message in one line. Errors of the operating system begin with the file.

    >>> in_words(PermissionError(13, "Permission denied", "a.png"))
    'a.png: permission denied'
    """
    text = str(error)
    if is_out_of_memory(error):
        text = "the memory is too small for this"
    elif isinstance(error, OSError) and error.strerror:
        names = [os.fsdecode(error.filename)] if isinstance(error.filename, str | bytes) else []
        text = ": ".join([*names, error.strerror[:1].lower() + error.strerror[1:]])
    elif isinstance(error, KeyError) and error.args:  # str() would put the text in quotes
        text = str(error.args[0])
    return " ".join(text.split())


def _is_raised_here(error: BaseException) -> bool:
    """Whether the innermost frame is this package's and stands at a `raise` statement."""
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    if not last:
        return False
    frame = last.tb_frame
    room = frame.f_globals.get("__name__", "").partition(".")[0]
    return room in _OURS and frame.f_code.co_code[last.tb_lasti] == _RAISE
