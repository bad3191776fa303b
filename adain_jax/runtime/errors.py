"""Which errors are for the user to mend, and in which words they are told."""

import dis
import os

import jax

_OURS = (__name__.partition(".")[0], "__main__")  # the package, and scripts that use it
_RAISE = dis.opmap["RAISE_VARARGS"]


def is_input(error: BaseException) -> bool:
    """Whether an error is about what the user gave, in place of a fault in the program.

    About input are errors of the file system, packages that are not installed, too little memory,
    and each `ValueError` that comes from a `raise` statement of this package or of a script. A
    `ValueError` that a library raises, or Python itself within the package, is a fault in the
    program: what can be wrong with the input is checked before.

    >>> is_input(FileNotFoundError("no such file: a.png")), is_input(TypeError("no number"))
    (True, False)
    """
    if isinstance(error, OSError) or is_out_of_memory(error):
        return True
    if isinstance(error, ModuleNotFoundError):
        return str(error.name).partition(".")[0] not in _OURS
    return isinstance(error, ValueError | ImportError) and _is_raised_here(error)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was short, of the process or of a device."""
    if isinstance(error, jax.errors.JaxRuntimeError):
        return any(words in str(error) for words in ("RESOURCE_EXHAUSTED", "Out of memory"))
    return isinstance(error, MemoryError)


def in_words(error: BaseException) -> str:
    """What an error says, in one line; of one of the operating system's, the file first.

    >>> in_words(PermissionError(13, "Permission denied", "a.png"))
    'a.png: permission denied'
    """
    text = str(error)
    if is_out_of_memory(error):
        text = "the memory is too small for this"
    elif isinstance(error, OSError) and error.strerror:
        names = [os.fsdecode(error.filename)] if isinstance(error.filename, str | bytes) else []
        text = ": ".join([*names, error.strerror[:1].lower() + error.strerror[1:]])
    elif isinstance(error, KeyError) and error.args:  # whose text is in quotes
        text = str(error.args[0])
    return " ".join(text.split())


def _is_raised_here(error: BaseException) -> bool:
    """Whether the innermost frame is ours, and at a `raise` statement."""
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    if not last:
        return False
    frame = last.tb_frame
    room = frame.f_globals.get("__name__", "").partition(".")[0]
    return room in _OURS and frame.f_code.co_code[last.tb_lasti] == _RAISE
