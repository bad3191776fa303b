"""Live frames, from a camera or from a file that is played at its pace."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np

from adain_jax.files import moving
from adain_jax.files.clip import Clip
from adain_jax.runtime.packages import required

_LATE = 0.5  # seconds; a file's clock is set back if frames come later than this
_PATIENCE = 0.05  # seconds between two checks whether to stop
_LOST = 30  # the failed reads in a row after which a camera counts as lost

Stop = Callable[[], object]


class Camera:
    """A camera, which is open until its frames end.

    Args:
        number: the number of the camera, from 0.

    Raises:
        ValueError: if the camera cannot be opened or gives no frames, or if OpenCV is missing.
    """

    def __init__(self, number: int = 0) -> None:
        self._cv2 = cv2 = _require()
        self._name = f"camera {number}"
        log = cv2.utils.logging
        level = log.getLogLevel()
        log.setLogLevel(log.LOG_LEVEL_SILENT)  # the error below says what OpenCV would print
        try:
            self._device = cv2.VideoCapture(number)
        finally:
            log.setLogLevel(level)
        if not self._device.isOpened():
            raise ValueError(
                f"{self._name} cannot be opened: is it there, may you use it, and does no other "
                "program? --camera N takes another, --source FILE plays a video in its place"
            )
        self._device.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # only the newest frame is of use
        self._first = self._read()

    def _read(self) -> np.ndarray:
        for _ in range(_LOST):
            there, frame = self._device.read()
            if there:
                return self._cv2.cvtColor(frame, self._cv2.COLOR_BGR2RGB)
        raise ValueError(f"{self._name} gives no frames: does another program use it?")

    def frames(self, stop: Stop) -> Iterator[np.ndarray]:
        """Yield the frames, (H, W, 3) uint8, as they come, until `stop` returns a true value.

        Raises:
            ValueError: if the camera gives no more frames.
        """
        try:
            yield self._first
            while not stop():
                yield self._read()
        finally:
            self._device.release()


class Player:
    """Plays a clip: each frame comes when it should be shown.

    Args:
        clip: the clip.
        again: whether the clip is repeated without end.

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
        """Yield the frames, (H, W, 3) uint8, each at its time, until `stop` returns a true value.

        If reading is slower than the clip, the frames are slower, too.

        Raises:
            ValueError: if the file is damaged.
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
    """Wait until a moment and return True, or until `stop` returns a true value: then False."""
    while not stop():
        left = until - time.monotonic()
        if left <= 0:
            return True
        time.sleep(min(left, _PATIENCE))
    return False


def fit(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a frame (H, W, 3) uint8 to a size (H, W), in less than a millisecond."""
    if rgb.shape[:2] == size:
        return rgb
    cv2 = _require()
    way = cv2.INTER_AREA if size[0] < rgb.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(rgb, size[::-1], interpolation=way)


def opened(source: Path | None, number: int, *, again: bool = True) -> Camera | Player:
    """Open a file as a player, or, without a file, the camera of a number.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file or the camera cannot be opened.
    """
    if source is None:
        return Camera(number)
    return Player(moving.open_clip(source), again=again)


def _require() -> ModuleType:
    return required("cv2", "cameras need the package opencv-python-headless", "video")
