"""The common interface to moving pictures, for files of all kinds."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image

_REST = Fraction(1, 10)  # seconds; a shorter rest of a frame is dropped


class Frame(NamedTuple):
    """One frame.

    Attributes:
        rgb: the pixels, (H, W, 3) uint8, upright.
        pts: the time at which it is shown, in units of the clip's time base, from the beginning of
            the clip.
        duration: the time for which it is shown, in the same units.
    """

    rgb: np.ndarray
    pts: int
    duration: int


class Color(NamedTuple):
    """The colour encoding of a video, by the numbers of FFmpeg (and ITU-T H.273)."""

    matrix: int = 1  # 1 is BT.709; 5 and 6 are BT.601
    full: bool = False  # whether the range has 256 levels, not 220
    primaries: int = 1
    transfer: int = 1


@dataclass(frozen=True)
class Look:
    """The properties that all frames of a clip share.

    Attributes:
        size: (H, W) in pixels, upright.
        time_base: the seconds of one unit of a frame's `pts`.
        rate: the mean number of frames in a second.
        count: the number of frames according to the file, 0 if unknown.
        aspect: the width of a pixel divided by its height.
        color: the colour encoding of the file.
    """

    size: tuple[int, int]
    time_base: Fraction
    rate: Fraction
    count: int = 0
    aspect: Fraction = Fraction(1)
    color: Color = field(default_factory=Color)

    def first(self, start: Fraction) -> int:
        """The first time at or after `start` seconds, in units of the time base."""
        return -(-start // self.time_base)

    def scaled(self, size: int) -> "Look":
        """Return a look whose shorter side has `size` pixels; 0 keeps the size."""
        return replace(self, size=scaled_size(self.size, size))


class Clip(Protocol):
    """A file or a folder of frames."""

    path: Path
    look: Look

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        """Yield the frames from `start` seconds on.

        A frame that began earlier is the first one, from `start` on, if at least a tenth of a
        second of it is left. The frames of a folder are not cut: the first one begins at or after
        `start`.
        """
        ...


def cut(frame: Frame, start: Fraction, look: Look) -> Frame | None:
    """The part of a frame from `start` seconds on, if at least a tenth of a second of it is left.

    >>> frame = Frame(np.zeros((1, 1, 3), np.uint8), 2, 5)
    >>> cut(frame, Fraction(4), Look((1, 1), Fraction(1), Fraction(1)))[1:]
    (4, 3)
    """
    first = look.first(start)
    if frame.pts >= first:
        return frame
    rest = frame.pts + frame.duration - first
    return frame._replace(pts=first, duration=rest) if rest * look.time_base >= _REST else None


def scaled_size(size: tuple[int, int], shorter: int) -> tuple[int, int]:
    """Scale a size (H, W) to a shorter side in pixels, keeping the aspect ratio; 0 keeps the size.

    >>> scaled_size((360, 640), 180), scaled_size((360, 640), 0)
    ((180, 320), (360, 640))
    """
    if not shorter:
        return size
    factor = shorter / min(size)
    height, width = (max(1, round(side * factor)) for side in size)
    return height, width


def scale(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a frame (H, W, 3) uint8 to a size (H, W).

    >>> scale(np.zeros((4, 6, 3), np.uint8), (2, 3)).shape
    (2, 3, 3)
    """
    if rgb.shape[:2] == size:
        return rgb
    image = Image.fromarray(rgb).resize((size[1], size[0]), Image.Resampling.LANCZOS)
    return np.asarray(image)


def timed(
    frames: Iterator[tuple[np.ndarray, int | None, int]], step: int, end: int = 0
) -> Iterator[Frame]:
    """Yield frames with increasing times, each lasting until the next, from (rgb, pts, duration).

    A frame without a time (None) begins when the frame before it ends. The last frame lasts for its
    own duration, or, if that is 0, as long as the one before. `step` is the duration of a frame of
    which neither is known. `end` is the duration of the last frame, if it is known otherwise.

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
        yield Frame(last[0], last[1], end or last[2] or step)
