"""Types of arguments, which raise clear errors, and the arguments that several commands share."""

import argparse
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

# The object that subcommands are added to.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

# The values of --format. Names of files may have other suffixes of the same formats.
FORMATS = ("png", "jpg", "webp", "avif", "tif", "bmp")
_STDOUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")  # the same as -
_MOST = 1 << 20  # the largest count
_LARGEST = 1 << 15  # the largest side to scale to, in pixels
_SLOWEST, _FASTEST = Fraction(1, 100), 1000  # in frames a second; a GIF's frame lasts up to 655 s
_FINEST = 1_000_000  # the largest denominator of a rate; in FFmpeg, its parts have 32 bits


def add_model(command: argparse.ArgumentParser, usual: str = "vgg16") -> None:
    """Add --model and --style-size."""
    command.add_argument(
        "--style-size",
        type=size,
        default=512,
        help="scale styles to this shorter side; 0: keep their size; larger styles make larger "
        "strokes (default: %(default)s)",
    )
    command.add_argument(
        "--model",
        default=usual,
        help="a shipped model or a .safetensors file (default: %(default)s)",
    )


def add_runtime(command: argparse._ActionsContainer) -> None:
    """Add --runtime, the source of the page's runtime, to a command or a group of arguments."""
    command.add_argument(
        "--runtime",
        type=path,
        metavar="DIR",
        help="a folder with the npm package onnxruntime-web, if npm is missing",
    )


def path(text: str) -> Path:
    """Parse a path.

    Raises:
        ArgumentTypeError: if the text is empty.
    """
    if not text:  # `Path("")` is the current folder
        raise argparse.ArgumentTypeError("is empty")
    return Path(text)


def text(text: str) -> str:
    """Parse a text, which must not be empty."""
    path(text)
    return text


def strengths(text: str) -> tuple[float, float]:
    """Parse one strength, or the least and the greatest, such as 0.5:1.

    Raises:
        ArgumentTypeError: if these are not numbers in [0, 1], in this order.
    """
    low, _, high = text.partition(":")
    try:
        alpha = float(low), float(high or low)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number or two, not {text}") from None
    if not 0 <= alpha[0] <= alpha[1] <= 1:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, the least first, not {text}")
    return alpha


def count(text: str) -> int:
    """Parse a count, at least 1."""
    return _whole(text, 1, _MOST)


def output(text: str) -> Path:
    """Parse the path of an output; each name of standard output becomes `-`."""
    return Path("-") if text in _STDOUT else path(text)


def size(text: str) -> int:
    """Parse a side in pixels, or 0."""
    return _whole(text, 0, _LARGEST)


def port(text: str) -> int:
    """Parse the number of a port, or 0."""
    return _whole(text, 0, (1 << 16) - 1)


def quality(text: str) -> int:
    """Parse the quality of a lossy format, 1 to 100."""
    return _whole(text, 1, 100)


def crf(text: str) -> int:
    """Parse the constant rate factor of a codec, 0 to 63."""
    return _whole(text, 0, 63)


def rate(text: str) -> Fraction:
    """Parse a number of frames a second; 29.97002997 becomes 30000/1001.

    Raises:
        ArgumentTypeError: if it is not between 0.01 and 1,000.
    """
    rate = seconds(text)
    if not _SLOWEST <= rate <= _FASTEST:
        raise argparse.ArgumentTypeError(
            f"must be between {float(_SLOWEST)} and {_FASTEST}, not {text}"
        )
    return rate.limit_denominator(_FINEST)


def seconds(text: str) -> Fraction:
    """Parse a number of seconds, such as 3, 0.5, 1/25 or 3s.

    Raises:
        ArgumentTypeError: if it is not a number, or negative.
    """
    try:
        seconds = Fraction(text.removesuffix("s"))
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"must be a number, not {text}") from None
    if seconds < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, not {text}")
    return seconds


def _whole(text: str, least: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(
            f"must be a whole number between {least} and {most}, not {text}"
        )
    return value
