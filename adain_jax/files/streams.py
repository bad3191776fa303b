"""Reads images from standard input, and writes pictures to standard output."""

import os
import sys
from pathlib import Path

from adain_jax.files import image
from adain_jax.runtime.atomic import atomic_path, is_special

STREAM = Path("-")  # the name of standard input and of standard output
INPUT = "standard input"  # its name in errors
CLOSED = "standard output was closed by the program that reads it"


def read_input() -> bytes:
    """Read all of standard input.

    Raises:
        ValueError: if standard input is closed, a terminal, or empty.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise ValueError(f"{INPUT} is closed: pipe an image into it")
    if sys.stdin.isatty():
        raise ValueError(f"{INPUT} is a terminal: pipe an image into it")
    data = sys.stdin.buffer.read()
    if not data:
        raise ValueError(f"{INPUT} is empty (0 bytes): pipe an image into it")
    return data


def load(
    path: Path, stdin: bytes | None, *, size: int = 0, as_bytes: bool = False
) -> image.LoadedImage:
    """Load an image as `image.load` does, from the bytes `stdin` if `path` is `STREAM`."""
    if path == STREAM and stdin is not None:
        return image.decode(stdin, INPUT, size=size, as_bytes=as_bytes)
    return image.load(path, size=size, as_bytes=as_bytes)


def check_output() -> None:
    """Raise `ValueError` if a picture cannot go to standard output."""
    if sys.stdout is None or sys.stdout.closed:
        raise ValueError("standard output is closed: pipe it into a file or a program")
    if sys.stdout.isatty():
        raise ValueError("standard output is a terminal: pipe it into a file or a program")


def is_stream(path: Path) -> bool:
    """Whether `path` is standard output, or a pipe or a device whose name tells no format.

    >>> is_stream(STREAM), is_stream(Path("/dev/null")), is_stream(Path("a.png"))
    (True, True, False)
    """
    return path == STREAM or (path.suffix.lower() not in image.WRITABLE and is_special(path))


def write(path: Path, data: bytes) -> None:
    """Write all data to standard output, a pipe or a device.

    Raises:
        BrokenPipeError: if the program that reads standard output has ended.
        OSError: if another path cannot be written.
    """
    if path != STREAM:
        with atomic_path(path) as temporary:
            temporary.write_bytes(data)
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        silence_output()
        raise BrokenPipeError(CLOSED) from None


def silence_output() -> None:
    """Redirect standard output to the null device, after its reader has ended."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
