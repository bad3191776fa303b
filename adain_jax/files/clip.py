"""What is read of moving pictures, whatever file they come from."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image


class Frame(NamedTuple):
    """One frame.

    Attributes:
        rgb: (H, W, 3) uint8, the right way up.
        pts: when it is shown, in units of the clip's time base, from the clip's beginning on.
        duration: for how long, likewise.
    """

    rgb: np.ndarray
    pts: int
    duration: int


class Color(NamedTuple):
    """How a video's numbers stand for colours, as FFmpeg (and ITU-T H.273) numbers them."""

    matrix: int = 1  # BT.709; 5 and 6 are BT.601
    full: bool = False  # of 256 levels, not of 220
    primaries: int = 1
    transfer: int = 1


@dataclass(frozen=True)
class Look:
    """What all frames of a clip have in common.

    Attributes:
        size: (H, W) in pixels, the right way up.
        time_base: seconds that one unit of a frame's `pts` stands for.
        rate: frames in a second, on average.
        count: how many frames there are, as far as the file tells; 0 if it does not.
        aspect: width of a pixel to its height.
        color: of the file that it was read from.
    """

    size: tuple[int, int]
    time_base: Fraction
    rate: Fraction
    count: int = 0
    aspect: Fraction = Fraction(1)
    color: Color = field(default_factory=Color)

    def scaled(self, size: int) -> "Look":
        """With a shorter side of `size` pixels, if that is not 0."""
        return replace(self, size=scaled_size(self.size, size))


class Clip(Protocol):
    """A file, or a folder, of frames."""

    path: Path
    look: Look

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        """The frames that begin at or after `start` seconds."""
        ...


def scaled_size(size: tuple[int, int], shorter: int) -> tuple[int, int]:
    """The size (H, W) in its proportions with a shorter side of so many pixels, if not of 0.

    >>> scaled_size((360, 640), 180), scaled_size((360, 640), 0)
    ((180, 320), (360, 640))
    """
    if not shorter:
        return size
    factor = shorter / min(size)
    height, width = (max(1, round(side * factor)) for side in size)
    return height, width


def scale(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A frame (H, W, 3), uint8, at another size.

    >>> scale(np.zeros((4, 6, 3), np.uint8), (2, 3)).shape
    (2, 3, 3)
    """
    if rgb.shape[:2] == size:
        return rgb
    image = Image.fromarray(rgb).resize((size[1], size[0]), Image.Resampling.LANCZOS)
    return np.asarray(image)


def timed(frames: Iterator[tuple[np.ndarray, int | None, int]], step: int) -> Iterator[Frame]:
    """Frames of pixels, times and durations, each lasting until the next; all times in order.

    A frame without a time comes when the one before it is over; the last lasts as long as it says,
    or as the one before; `step` is how long a frame lasts of which nothing is known.

    >>> [x.duration for x in timed(iter([(None, 0, 0), (None, 3, 0), (None, 4, 2)]), 1)]
    [3, 1, 2]
    """
    last: tuple[np.ndarray, int, int] | None = None
    for rgb, pts, duration in frames:
        if last is not None:
            before = last[1]
            pts = before + (last[2] or step) if pts is None else max(pts, before + 1)
            yield Frame(last[0], before, pts - before)
            duration = duration or pts - before
        last = rgb, 0 if pts is None else pts, duration
    if last is not None:
        yield Frame(last[0], last[1], last[2] or step)
