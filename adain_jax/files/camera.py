"""Frames as they come, from a camera or at the pace of a file."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from adain_jax.files import moving
from adain_jax.files.clip import Clip
from adain_jax.runtime.packages import required

_LATE = 0.5  # seconds behind which a file's clock is set anew
_PATIENCE = 0.05  # seconds after which it is asked again whether to stop
_LOST = 30  # frames in a row that a camera fails to give until it is given up

Stop = Callable[[], object]


class Camera:
    """A camera, open until its frames end.

    Args:
        number: of the camera, from 0 on.

    Raises:
        ValueError: if it cannot be opened, or gives nothing; if OpenCV is not installed.
    """

    def __init__(self, number: int = 0) -> None:
        self._cv2 = cv2 = _require()
        self._name = f"camera {number}"
        log = cv2.utils.logging
        level = log.getLogLevel()
        log.setLogLevel(log.LOG_LEVEL_SILENT)  # or it tells on standard error what is told here
        try:
            self._device = cv2.VideoCapture(number)
        finally:
            log.setLogLevel(level)
        if not self._device.isOpened():
            raise ValueError(
                f"{self._name} cannot be opened: is it there, may you use it, and does no other "
                "program? --camera N takes another, --source FILE plays a video in its place"
            )
        self._device.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # of no use is what is older than the newest
        self._first = self._read()

    def _read(self) -> np.ndarray:
        for _ in range(_LOST):
            there, frame = self._device.read()
            if there:
                return self._cv2.cvtColor(frame, self._cv2.COLOR_BGR2RGB)
        raise ValueError(f"{self._name} gives no frames: does another program use it?")

    def frames(self, stop: Stop) -> Iterator[np.ndarray]:
        """Its frames, (H, W, 3) uint8, as they come, until `stop` is true.

        Raises:
            ValueError: when it gives no more.
        """
        try:
            yield self._first
            while not stop():
                yield self._read()
        finally:
            self._device.release()


class Player:
    """A clip that is played: each frame comes when it is to be shown.

    Args:
        clip: is played.
        again: begin again at its end, for ever.

    >>> from fractions import Fraction
    >>> from adain_jax.files.clip import Frame, Look
    >>> class Two:
    ...     path, look = Path("two.mp4"), Look((1, 1), Fraction(1, 50), Fraction(50))
    ...     def frames(self, start=Fraction(0)):
    ...         yield Frame("first", 0, 1)
    ...         yield Frame("second", 1, 1)
    >>> list(Player(Two(), again=False).frames(lambda: False))  # within a 25th of a second
    ['first', 'second']
    """

    def __init__(self, clip: Clip, *, again: bool = True) -> None:
        self._clip, self._again = clip, again

    def frames(self, stop: Stop) -> Iterator[np.ndarray]:
        """Its frames, (H, W, 3) uint8, each at its time, until `stop` is true.

        Where reading is slower than the clip, it is slower, too.

        Raises:
            ValueError: where the file is damaged.
        """
        base = float(self._clip.look.time_base)
        begin = time.monotonic()
        while True:
            length = 0.0
            for frame in self._clip.frames():
                begin = max(begin, time.monotonic() - frame.pts * base - _LATE)
                if not _wait(begin + frame.pts * base, stop):
                    return
                yield frame.rgb
                length = (frame.pts + frame.duration) * base
            begin += length
            if not self._again:
                _wait(begin, stop)
                return


def _wait(until: float, stop: Stop) -> bool:
    """Until a moment, or, and then False, until `stop` is true."""
    while not stop():
        left = until - time.monotonic()
        if left <= 0:
            return True
        time.sleep(min(left, _PATIENCE))
    return False


def fit(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A frame (H, W, 3), uint8, at another size, in less than a millisecond."""
    if rgb.shape[:2] == size:
        return rgb
    cv2 = _require()
    way = cv2.INTER_AREA if size[0] < rgb.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(rgb, size[::-1], interpolation=way)


def opened(source: Path | None, number: int, *, again: bool = True) -> Camera | Player:
    """A file to be played, or, without one, a camera.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be opened.
    """
    if source is None:
        return Camera(number)
    return Player(moving.open_clip(source), again=again)


def _require() -> Any:
    return required("cv2", "cameras need the package opencv-python-headless", "video")
