"""What arguments are: their types, which say what is wrong, and those of several commands."""

import argparse
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

# What commands are added to.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

# By what --format calls them; other suffixes of the same formats are found in names of files.
FORMATS = ("png", "jpg", "webp", "avif", "tif", "bmp")
_STDOUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")  # other names of -
_MOST = 1 << 20  # of anything that is counted
_LARGEST = 1 << 15  # pixels to a side that are scaled to


def add_model(command: argparse.ArgumentParser, usual: str = "vgg16") -> None:
    """Which model, and how large styles are."""
    command.add_argument(
        "--style-size",
        type=size,
        default=512,
        help="scale styles to this shorter side; 0: keep their size; larger makes finer strokes "
        "(default: %(default)s)",
    )
    command.add_argument(
        "--model",
        default=usual,
        help="a shipped model or a .safetensors file (default: %(default)s)",
    )


def add_runtime(command: Any) -> None:
    """Where the page's runtime comes from, of a command or of a group of its arguments."""
    command.add_argument(
        "--runtime",
        type=path,
        metavar="DIR",
        help="a folder with the npm package onnxruntime-web, if npm is missing",
    )


def path(text: str) -> Path:
    """A path, which is not empty."""
    if not text:  # which would be the current folder
        raise argparse.ArgumentTypeError("is empty")
    return Path(text)


def text(text: str) -> str:
    """A text, which is not empty."""
    path(text)
    return text


def strengths(text: str) -> tuple[float, float]:
    """One strength, or the least and the greatest, such as 0.5:1."""
    low, _, high = text.partition(":")
    try:
        alpha = float(low), float(high or low)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number or two, not {text}") from None
    if not 0 <= alpha[0] <= alpha[1] <= 1:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, the least first, not {text}")
    return alpha


def count(text: str) -> int:
    """How many, at least one."""
    return _whole(text, 1, _MOST)


def output(text: str) -> Path:
    """A path; of standard output, whatever it is called, -."""
    return Path("-") if text in _STDOUT else path(text)


def size(text: str) -> int:
    """Pixels of a side, or 0."""
    return _whole(text, 0, _LARGEST)


def port(text: str) -> int:
    """Of this machine, or 0."""
    return _whole(text, 0, (1 << 16) - 1)


def quality(text: str) -> int:
    """Of a lossy format, 1 to 100."""
    return _whole(text, 1, 100)


def crf(text: str) -> int:
    """Of a codec, 0 to 63."""
    return _whole(text, 0, 63)


def rate(text: str) -> Fraction:
    """Frames in a second."""
    rate = seconds(text)
    if not 0 < rate <= 1000:
        raise argparse.ArgumentTypeError(f"must be above 0, up to 1000, not {text}")
    return rate


def seconds(text: str) -> Fraction:
    """Seconds, also as 3s."""
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
