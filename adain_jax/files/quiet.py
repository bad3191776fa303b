"""What decoders say beside their result: to the logger "adain_jax", not to standard error."""

import ctypes
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from PIL import Image

LOGGER = logging.getLogger("adain_jax")
# Without a handler, Python itself prints what a library logs as an error.
LOGGER.addHandler(logging.NullHandler())
logging.getLogger("PIL").addHandler(logging.NullHandler())

_PILLOW, _PILLOW_FOLDER = r"PIL\.", Path(Image.__file__).parent  # its modules
_LONGEST = 512  # of libtiff's messages

_lock = threading.Lock()
_inside = 0
_filters = warnings.catch_warnings()


@contextmanager
def quiet() -> Iterator[None]:
    """While the block runs, log Pillow's and libtiff's warnings, at the level DEBUG.

    Python's own `catch_warnings` is for one thread only; this is for as many as decode images: the
    first that enters changes the filters, and the last that leaves puts them back. Warnings of
    other modules go where they went.
    """
    global _inside, _filters
    _silence_libtiff()
    with _lock:
        _inside += 1
        if _inside == 1:
            _filters = warnings.catch_warnings()
            _filters.__enter__()
            show = warnings.showwarning
            warnings.filterwarnings("always", module=_PILLOW)
            warnings.showwarning = partial(_show, show)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _filters.__exit__(None, None, None)


def _show(others: Any, message: Any, category: Any, filename: str, *rest: Any) -> None:
    if Path(filename).parent == _PILLOW_FOLDER:
        LOGGER.debug("Pillow: %s", message)
    else:
        others(message, category, filename, *rest)


@cache
def _silence_libtiff() -> None:
    """Have the libtiff that Pillow uses hand its messages to the logger, from now on.

    It prints them to file descriptor 2 by itself, and Pillow does not stop it. Where libtiff is
    built into Pillow, as on Windows, its functions cannot be found, and it goes on printing.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(Image.core.__file__)  # and whatever that is linked to
        for kind in ("TIFFSetWarningHandler", "TIFFSetErrorHandler"):
            setter = getattr(library, kind)
            setter.restype = ctypes.c_void_p
            setter(_LIBTIFF_HANDLER)


def _log_libtiff(module: bytes | None, text: bytes, values: int) -> None:
    buffer = ctypes.create_string_buffer(_LONGEST)
    ctypes.CDLL(None).vsnprintf(buffer, _LONGEST, ctypes.c_char_p(text), ctypes.c_void_p(values))
    where, what = ((part or b"").decode(errors="replace") for part in (module, buffer.value))
    LOGGER.debug("libtiff: %s: %s", where, what)


# Kept here: libtiff calls it for as long as the process lives. The last argument is a va_list,
# which every platform that Pillow's wheels are made for passes as one pointer.
_LIBTIFF_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)(
    _log_libtiff
)
