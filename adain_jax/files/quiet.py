"""Sends the messages of decoders to the logger "adain_jax", not to standard error."""

import ctypes
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path

from PIL import Image

LOGGER = logging.getLogger("adain_jax")
# Without a handler, Python itself prints the warnings and errors that a library logs.
LOGGER.addHandler(logging.NullHandler())
logging.getLogger("PIL").addHandler(logging.NullHandler())

_PILLOW, _PILLOW_FOLDER = r"PIL\.", Path(Image.__file__).parent  # Pillow's modules
_LONGEST = 512  # the largest length of libtiff's messages, in bytes

_lock = threading.Lock()
_inside = 0
_filters = warnings.catch_warnings()


@contextmanager
def quiet() -> Iterator[None]:
    """While the block runs, log Pillow's and libtiff's warnings, at the level DEBUG.

    Python's own `catch_warnings` works in one thread only. This works in several threads: the first
    that enters changes the filters, and the last that leaves restores them. Warnings of other
    modules are not affected.
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


def _show(
    others: Callable[..., object],
    message: Warning | str,
    category: type[Warning],
    filename: str,
    *rest: object,
) -> None:
    if Path(filename).parent == _PILLOW_FOLDER:
        LOGGER.debug("Pillow: %s", message)
    else:
        others(message, category, filename, *rest)


@cache
def _silence_libtiff() -> None:
    """Redirect the messages of the libtiff that Pillow uses to the logger, from now on.

    Otherwise libtiff prints them to file descriptor 2. Where libtiff is built into Pillow, as on
    Windows, its functions cannot be found, and it still prints them.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(Image.core.__file__)  # with the libraries that it is linked to
        for kind in ("TIFFSetWarningHandler", "TIFFSetErrorHandler"):
            setter = getattr(library, kind)
            setter.restype = ctypes.c_void_p
            setter(_LIBTIFF_HANDLER)


def _log_libtiff(module: bytes | None, text: bytes, values: int) -> None:
    buffer = ctypes.create_string_buffer(_LONGEST)
    ctypes.CDLL(None).vsnprintf(buffer, _LONGEST, ctypes.c_char_p(text), ctypes.c_void_p(values))
    where, what = ((part or b"").decode(errors="replace") for part in (module, buffer.value))
    LOGGER.debug("libtiff: %s: %s", where, what)


# A reference is kept, since libtiff calls it as long as the process lives. The last argument is a
# va_list, which is passed as one pointer on every platform that Pillow's wheels are made for.
_LIBTIFF_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)(
    _log_libtiff
)
