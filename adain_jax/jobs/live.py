"""Stylize the frames of a camera, live.

One thread takes the frames of the camera as they come, one makes pictures of them, and the thread
of the window shows these. Between two threads only the newest item is kept, so the window is never
late by more than the picture that is being made. Another thread reads the styles; pictures use the
styles that have been read.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from adain_jax.files import image
from adain_jax.files.camera import Camera, Player, fit
from adain_jax.files.clip import scaled_size
from adain_jax.inference.request import ask
from adain_jax.jobs import style_files
from adain_jax.jobs.recording import Recording
from adain_jax.model import Model, Style
from adain_jax.runtime.atomic import make_folder
from adain_jax.runtime.errors import in_words, is_input
from adain_jax.runtime.latest import Latest
from adain_jax.video import CALM, Artist
from adain_jax.video.frames import Begun

SUFFIX = ".mp4"  # the suffix of recordings
_PATIENCE = 0.1  # seconds between two checks whether to stop
_SHOWN = 2.0  # the last seconds, over which the rate of pictures is measured


@dataclass
class Asked:
    """The current settings, for all pictures that begin later.

    Attributes:
        shares: the share of each style in the mixture; if all are 0, the frame is not stylized.
        strength: the strength of the style, from 0 to 1.
        beside: whether the camera's frame is shown to the left of the picture.
        recording: whether pictures are written into a video.
        snapshot: whether the next picture is written into a file.
    """

    shares: tuple[float, ...]
    strength: float = 1.0
    beside: bool = False
    recording: bool = False
    snapshot: bool = False

    def share(self, number: int, share: float) -> None:
        """Give one style another share."""
        self.shares = tuple(share if i == number else x for i, x in enumerate(self.shares))

    def only(self, number: int) -> None:
        """Select one style alone; an unknown number changes nothing.

        >>> asked = Asked((1.0, 0.0))
        >>> asked.only(1), asked.shares, asked.only(7), asked.shares
        (None, (0.0, 1.0), None, (0.0, 1.0))
        """
        if 0 <= number < len(self.shares):
            self.shares = tuple(float(i == number) for i in range(len(self.shares)))

    def turn(self, steps: int = 1) -> None:
        """Select the style after the one with the largest share; after the last comes the first.

        >>> asked = Asked((0.2, 0.3, 0.5))
        >>> asked.turn(), asked.shares
        (None, (1.0, 0.0, 0.0))
        """
        largest = max(range(len(self.shares)), key=self.shares.__getitem__)
        self.only((largest + steps) % len(self.shares))

    def stronger(self, by: float) -> None:
        """Add to the strength, within its bounds."""
        self.strength = min(1.0, max(0.0, self.strength + by))


class Shown(NamedTuple):
    """The content of the window.

    Attributes:
        number: the number of the picture, which increases; before the first picture, the negative
            number of a frame.
        rgb: the pixels, (H, W, 3) uint8.
        made: whether it is a picture, and not a frame of the camera before the first picture.
    """

    number: int
    rgb: np.ndarray
    made: bool


class _Begun(NamedTuple):
    frame: np.ndarray
    begun: Begun


class Live:
    """Makes pictures of what a camera sees, as long as it is open.

    Args:
        source: the camera, or the player of a file.
        styles: the files of the styles, and their contents.
        model: the model that makes the pictures.
        asked: the settings, which may change at any time.
        calm: the calm, as in `adain_jax.video.stylize_frames`.
        size: the shorter side to which larger frames are scaled, in pixels; 0: they keep their
            size.
        folder: the folder for snapshots and recordings.

    Attributes:
        asked: the settings.
        error: the error that ended it, if there was one.
        saved: the files that were written.
    """

    def __init__(
        self,
        source: Camera | Player,
        styles: Sequence[tuple[Path, Style | np.ndarray]],
        model: Model,
        asked: Asked,
        *,
        calm: float = CALM,
        size: int = 0,
        folder: Path = Path(),
    ) -> None:
        self.asked, self.saved = asked, list[Path]()
        self.error: Exception | None = None
        self._told = ""
        self._source, self._files, self._model = source, styles, model
        self._size, self._folder = size, folder
        self._artist = Artist(model, calm, quick=True)
        self._styles: list[Style | None] = [None] * len(styles)  # None until a style is read
        self._mixed: tuple[tuple[float, ...], Style] | None = None
        self._number = 0  # the number of the last frame that was begun
        self._last: tuple[Style, float] | None = None  # its style and strength
        self._recording: Recording | None = None
        self._recorded_beside = False
        self._stop = threading.Event()
        self._frames: Latest[np.ndarray] = Latest()
        self._pictures: Latest[np.ndarray] = Latest()
        self._moments: deque[float] = deque()  # when the recent pictures were made
        self._stages: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=1000))
        work = (self._paint, self._watch, self._read)
        self._threads = [threading.Thread(target=self._run, args=(x,), daemon=True) for x in work]
        for thread in self._threads:
            thread.start()

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: the source has ended, or there was an error."""
        return self._stop.is_set()

    @property
    def note(self) -> str:
        """A note for the user."""
        if self._pictures.after(0) is None:
            at = "reading the style" if self._mixed is None else "compiling the network"
            return f"{at}: the first time takes some seconds"
        asked = zip(self._styles, self.asked.shares, strict=True)
        if any(share and style is None for style, share in asked):
            return "reading the style: the first time takes some seconds"
        return self._told

    @property
    def rate(self) -> float:
        """The recent number of pictures per second."""
        moments = [x for x in tuple(self._moments) if x > time.monotonic() - _SHOWN]
        return (len(moments) - 1) / (moments[-1] - moments[0]) if len(moments) > 1 else 0.0

    @property
    def recorded(self) -> float | None:
        """The length of the current recording in seconds, or None."""
        recording = self._recording
        return recording.seconds if recording else None

    def after(self, number: int) -> Shown | None:
        """The content to show after the one with this number, or None if there is no new one.

        Until the first picture is made, it is a frame of the camera.
        """
        if made := self._pictures.after(max(0, number)):
            return Shown(made.number, made.item, True)
        if number <= 0 and (seen := self._frames.after(-number)):
            return Shown(-seen.number, seen.item, False)
        return None

    def close(self) -> bool:
        """Stop the threads and the recording; return False if a thread still runs.

        For example, a thread that compiles cannot be stopped.
        """
        self._stop.set()
        painting, *others = self._threads
        painting.join(_PATIENCE if self._pictures.after(0) is None else None)
        for thread in others:
            thread.join(_PATIENCE)
        return not any(thread.is_alive() for thread in self._threads)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Measure the time of the block, which is one of this stage."""
        begin = time.perf_counter()
        yield
        self._stages[stage].append(time.perf_counter() - begin)

    def table(self) -> str:
        """A table with the median time of each stage in milliseconds."""
        rows = [(1000 * median(times), stage) for stage, times in self._stages.items()]
        return "\n".join(f"{time:8.1f} ms  {stage}" for time, stage in rows)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self.error = self.error or error
            self._stop.set()

    def _watch(self) -> None:
        for frame in self._source.frames(self._stop.is_set):
            with self.timed("scale the frame"):
                size = frame.shape[:2]  # never enlarged
                self._frames.put(fit(frame, scaled_size(size, min(self._size, *size))))
        self._stop.set()

    def _read(self) -> None:
        for i, (path, read) in enumerate(self._files):
            if self._stop.is_set():
                return
            self._styles[i] = style_files.encode(path, read, self._model)

    def _paint(self) -> None:
        begun = None
        try:
            while not self._stop.is_set():
                begun = begun or self._begin(_PATIENCE)
                if begun is None:
                    continue
                following: list[_Begun | None] = []
                with self.timed("make the picture"):
                    picture = self._artist.finish(
                        begun.begun, lambda found=following: found.append(self._begin())
                    )
                self._pictures.put(_composed(begun.frame, picture, self.asked.beside))
                self._moments.append(time.monotonic())
                while self._moments[0] < self._moments[-1] - _SHOWN:
                    self._moments.popleft()
                self._keep(begun.frame, picture)
                begun = following[0]
        finally:
            self._end_recording()

    def _begin(self, seconds: float = 0) -> _Begun | None:
        """Begin a picture of the next frame; None without a frame within `seconds`, or a style."""
        frame = self._frames.after(self._number, seconds)
        style = self._mix()
        if frame is None or style is None:
            self._stop.wait(seconds)
            return None
        self._number = frame.number
        strength = self.asked.strength if any(self.asked.shares) else 0.0
        same = self._last is not None and self._last[0] is style and self._last[1] == strength
        self._last = style, strength
        self._artist.look(frame.item)
        request = ask(self._model, frame.item, style, alpha=np.float32(strength))
        return _Begun(frame.item, self._artist.begin(request, anew=not same))

    def _mix(self) -> Style | None:
        """The mixture of the styles that have been read, or the last mixture."""
        pairs = zip(self._styles, self.asked.shares, strict=True)
        there = [(style, share) for style, share in pairs if style]
        shares = tuple(share for _, share in there)
        if any(shares) and (self._mixed is None or self._mixed[0] != shares):
            self._mixed = shares, Style.mix([style for style, _ in there], shares)
        return self._mixed[1] if self._mixed else None

    def _keep(self, frame: np.ndarray, picture: np.ndarray) -> None:
        """Write snapshots and recordings; after a failure there is a note, and pictures go on."""
        asked = self.asked
        if asked.snapshot:
            asked.snapshot = False
            with self._noted():
                path = self._name(".png")
                make_folder(path.parent)
                image.save(path, _composed(frame, picture, asked.beside))
                self._tell_saved(path)
        recorded = False
        with self._noted():
            if not asked.recording:
                self._end_recording()
                return
            if self._recording is None:  # `beside` is fixed, as all frames have one size
                self._recorded_beside = asked.beside
                size = _composed(frame, picture, asked.beside).shape[:2]
                self._recording = Recording(self._name(SUFFIX), size)
            with self.timed("record"):
                shown = _composed(frame, picture, self._recorded_beside)
                self._recording.write(shown, time.monotonic())
            recorded = True
        if not recorded:
            asked.recording, self._recording = False, None

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Turn an error within the block into a note."""
        try:
            yield
        except Exception as error:
            if not is_input(error):
                raise
            self._told = in_words(error)

    def _end_recording(self) -> None:
        recording, self._recording = self._recording, None
        if recording:
            recording.close()
            self._tell_saved(recording.path)

    def _tell_saved(self, path: Path) -> None:
        self.saved.append(path)
        self._told = f"saved {path.name}"

    def _name(self, suffix: str) -> Path:
        """A name for a file that does not exist yet."""
        now = f"{datetime.now():camera_%Y%m%d_%H%M%S}"
        names = (f"{now}{f'_{i}' if i else ''}{suffix}" for i in range(1000))
        return next(x for name in names if not (x := self._folder / name).exists())


def _composed(frame: np.ndarray, picture: np.ndarray, beside: bool) -> np.ndarray:
    return np.hstack([frame, picture]) if beside else picture
