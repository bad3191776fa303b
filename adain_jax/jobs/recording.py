"""Writes a video of pictures while the pictures are made."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np

from adain_jax.files.clip import Frame, Look, scale
from adain_jax.files.join import join
from adain_jax.files.segment import Writer
from adain_jax.runtime.atomic import check_place, make_folder

_BASE = Fraction(1, 1000)  # the time base, in seconds
_RATE = Fraction(25)  # the rate that the video states, in frames a second; it is not exact
_LAST = 40  # the duration of the last picture, in milliseconds


class Recording:
    """A video of pictures, each at its time. The file is complete when it is closed.

    Until then the video is in a file that ends in .nut, which mpv and VLC also play.

    Args:
        path: the video, with one of `video.SUFFIXES`.
        size: (H, W) of the video; pictures of other sizes are scaled to it.

    Raises:
        OSError: if the file cannot be written.
    """

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        make_folder(path.parent)
        check_place(path)
        self.path = path
        self._part = path.with_suffix(".nut")
        self._look = Look(size, _BASE, _RATE)
        self._writer = Writer(self._part, self._look)
        self._begin: float | None = None
        self._last = -1

    @property
    def seconds(self) -> float:
        """The duration so far, in seconds."""
        return max(0, self._last) * float(_BASE)

    def write(self, picture: np.ndarray, moment: float) -> None:
        """Add a picture (H, W, 3) uint8 that was made at `moment`, in seconds of any clock.

        Raises:
            OSError: if the picture cannot be written.
        """
        if self._begin is None:
            self._begin = moment
        pts = max(self._last + 1, round((moment - self._begin) / _BASE))
        self._writer.write(Frame(scale(picture, self._look.size), pts, 0))
        self._last = pts

    def close(self) -> None:
        """Complete the video.

        Raises:
            OSError: if the file cannot be written.
        """
        self._writer.close()
        if self._last >= 0:
            join([self._part], self.path, self._look, _LAST)
        with suppress(OSError):
            self._part.unlink()
