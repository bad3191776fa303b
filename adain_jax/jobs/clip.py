"""Stylize a video: one file of moving pictures in, one out.

Threads read, compute and write frames at the same time. Frames are written in segments of `SEGMENT`
frames into a folder beside the output, with the state that the next frame needs. So an interrupted
clip continues where it was, to the same file.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from adain_jax.files import animation, image, moving, segment, video
from adain_jax.files.clip import Clip, Frame, Look, scale
from adain_jax.files.ffmpeg import require
from adain_jax.files.join import check_output, join, left_out
from adain_jax.files.quiet import LOGGER
from adain_jax.inference.encode import encode_style
from adain_jax.inference.recolor import recolor
from adain_jax.jobs import picture, style_files
from adain_jax.jobs.failures import FAILURES, in_words
from adain_jax.jobs.moving_regions import MovingRegions
from adain_jax.jobs.options import Controls
from adain_jax.jobs.plan import Mixture
from adain_jax.jobs.run import Sizes
from adain_jax.jobs.segments import Segments
from adain_jax.model import Model, Style
from adain_jax.runtime.ahead import ahead
from adain_jax.runtime.atomic import check_apart, check_place, make_folder
from adain_jax.runtime.paths import real
from adain_jax.version import __version__
from adain_jax.video import CALM, Artist
from adain_jax.video.schedule import Schedule
from adain_jax.weights.store import fingerprint

SEGMENT = 48  # the frames of a segment; a player can seek to the beginning of each
_AHEAD = 2  # the frames that are read, and the pictures that are made, in advance
_LOSSLESS = "ffv1"  # the codec of segments if the output is not a video


@dataclass(frozen=True)
class Job:
    """One clip to make.

    Attributes:
        content: a video, a GIF, a WebP, or a folder of frames.
        style: the styles.
        output: the name of a video, a GIF or a WebP, or of a folder, which has no suffix.
        controls: the controls of the pictures; masks may be videos.
        strength: the strength over time, in place of `controls.alpha`; seconds count from `start`.
        shares: the shares of the styles over time, in place of the weights of `style`; their
            seconds, too.
        sizes: the sizes to which frames and styles are scaled.
        calm: the calm, from 0 (each frame by itself) to 1.
        codec: a name of `segment.CODECS`, or of an encoder of FFmpeg; None: the default.
        crf: the constant rate factor, lower is better; None: the default.
        start: the seconds to skip at the start of the content.
        duration: the seconds to take; None: all.
        rate: the frames per second of a folder.
    """

    content: Path
    style: Mixture
    output: Path
    controls: Controls = field(default_factory=Controls)
    strength: Schedule | None = None
    shares: Schedule | None = None
    sizes: Sizes = field(default_factory=Sizes)
    calm: float = CALM
    codec: str | None = None
    crf: int | None = None
    start: Fraction = Fraction(0)
    duration: Fraction | None = None
    rate: Fraction = animation.RATE

    @property
    def inputs(self) -> list[Path]:
        """All files that the job reads."""
        others = (self.controls.alpha_map, self.controls.labels)
        styles = [path for path, _ in self.style.parts]
        return [self.content, *styles, *self.controls.masks, *(x for x in others if x)]

    @property
    def parts(self) -> Path:
        """The folder of segments."""
        # `.` and `..` have no name. `Path.resolve` would follow links.
        place = Path(os.path.abspath(self.output))  # noqa: PTH100
        return place.parent / f"{place.name}.parts"

    @property
    def until(self) -> Fraction | None:
        """The second of the content at which the clip ends."""
        return None if self.duration is None else self.start + self.duration


class Stopped(KeyboardInterrupt):
    """A clip was stopped, and its file has the frames that were finished."""


class Progress(NamedTuple):
    """The numbers of finished frames and of all frames, which is 0 if the file does not say it."""

    done: int
    total: int


def run(
    job: Job,
    model: Model,
    *,
    resume: bool = False,
    report: Callable[[str], None] = lambda stage: None,
    stop: Callable[[], object] = lambda: False,
    warn: Callable[[str], object] = LOGGER.warning,
) -> Generator[Progress, None, None]:
    """Make a clip, and yield after each frame; the file is complete after the last one.

    Args:
        job: the clip to make.
        model: the model that makes the pictures.
        resume: whether to continue from existing segments.
        report: a function that is called with a description of the current work.
        stop: a function that is called now and then, and asks to stop by a true value.
        warn: a function that is called with a line about each stream of sound or subtitles that
            cannot be copied.

    Raises:
        OSError: if a file cannot be read or written.
        ValueError: if the job does not fit its description, or a file is damaged.
        Stopped: once `stop` returns a true value; then there is a file of the finished frames, and
            the segments to continue from.
        KeyboardInterrupt: if no frame is finished by then, or the joining is interrupted.
    """
    _check(job, model)
    clip = moving.open_clip(job.content, job.rate)
    if _kind(job.output) == "video":
        source = _source(job, clip)
        check_output(job.output, _codec(job)[0], source)
        for stream in left_out(source) if source else ():
            warn(f"{stream} of {job.content} is left out: FFmpeg has no decoder for it")
    _check_strengths(job, clip.look)
    look = _look(job, clip.look)
    if job.output.suffix.lower() == ".webp":
        image.check_fits(job.output, *look.size)
    zero, key = round(job.start / look.time_base), _digest(job, model)
    parts = Segments(job.parts, look, _codec(job), zero=zero, key=key, resume=resume)
    artist = Artist(model, job.calm, job.controls.plan)
    painter = _Painter(job, model, look, artist, report)
    if parts.memory:
        painter.recall(parts.memory)
    total = _count(job, clip.look)
    frames = ahead(_frames(job, clip, look, parts.last), _AHEAD)
    pictures = ahead(painter.pictures(frames, parts.done), _AHEAD, stop)
    report(job.content.name)
    yield Progress(parts.done, total)
    try:
        for frame, memory in pictures:
            parts.write(frame, memory)
            yield Progress(parts.done, total)
        parts.end()
    except KeyboardInterrupt:
        parts.end()
        if parts.done:
            report("joining")
            _join(job, clip, look, parts, complete=False)
            raise Stopped from None
        raise
    finally:
        pictures.close()
        parts.close()
    if not parts.done:
        raise ValueError(f"{job.content} has no frame between --start and the end of --duration")
    report("joining")
    _join(job, clip, look, parts, complete=True)
    parts.remove()


def _check(job: Job, model: Model) -> None:
    """Raise errors about the output at the start, not after all frames are made."""
    require()
    job.controls.check(model)
    moving.check_writable(job.output)
    check_place(job.output / "frame" if moving.is_folder(job.output) else job.output)
    check_apart([job.output], job.inputs)
    if moving.is_folder(job.output):
        animation.check_folder(job.output, job.inputs)
    for path in job.inputs if _kind(job.output) == "animation" else ():
        if path.is_dir() and real(path) == real(job.output).parent:
            raise ValueError(f"{job.output} would become a frame of {path}: name another folder")
    if job.start < 0 or (job.duration is not None and job.duration <= 0):
        raise ValueError("--start is at least 0, and --duration more than 0 seconds")
    if job.controls.regions and job.shares:
        raise ValueError("with regions, styles have no moments: give them to --alpha")
    if job.codec and _kind(job.output) != "video":
        raise ValueError(f"--codec is for videos, not for {job.output}")
    if job.crf is not None and _kind(job.output) != "video":
        raise ValueError(f"--crf is for videos, not for {job.output}")


def _check_strengths(job: Job, look: Look) -> None:
    """Raise `ValueError` if the strength of a region will be out of range in the clip."""
    alphas = [job.controls.alpha]
    if job.strength:
        left = look.count / look.rate - job.start if look.count else math.inf
        end = min(left, math.inf if job.duration is None else job.duration)
        moments = [moment for moment in job.strength.moments if moment <= end]
        alphas = [float(job.strength.at(x)) for x in (0, *moments, min(end, 1 << 30))]
    for alpha in alphas if job.controls.regions else ():
        picture.strengths_of(job.style, alpha, job.controls)


def _kind(output: Path) -> str:
    if moving.is_folder(output):
        return "folder"
    return "animation" if output.suffix.lower() in animation.SUFFIXES else "video"


def _look(job: Job, look: Look) -> Look:
    """The look of the pictures; only in a video can the sides of a pixel differ."""
    if _kind(job.output) != "video":
        height, width = look.size
        size = height, max(1, round(width * look.aspect))
        look = replace(look, size=size, aspect=Fraction(1))
    return look.scaled(job.sizes.content)


def _count(job: Job, look: Look) -> int:
    left = look.count - job.start * look.rate
    if job.duration is not None:
        left = min(left, job.duration * look.rate) if look.count else job.duration * look.rate
    return max(0, round(left))


def _frames(job: Job, clip: Clip, look: Look, last: int | None) -> Iterator[Frame]:
    """Yield the frames of the job, scaled, after the one that begins at `last`, if it is given."""
    base, start = look.time_base, job.start
    if last is not None:
        start = last * base
    for frame in clip.frames(start):
        if last is not None and frame.pts <= last:
            continue
        if job.until is not None:
            left = look.first(job.until) - frame.pts
            if left <= 0:
                return
            frame = frame._replace(duration=min(frame.duration, left))
        yield frame._replace(rgb=scale(frame.rgb, look.size))


class _Painter:
    """Makes pictures of frames, with the controls of each moment."""

    def __init__(
        self,
        job: Job,
        model: Model,
        look: Look,
        artist: Artist,
        report: Callable[[str], None],
    ) -> None:
        self._job, self._model, self._look, self._artist = job, model, look, artist
        self._sources = [_read_style(path, job, report) for path, _ in job.style.parts]
        named = zip(job.style.parts, self._sources, strict=True)
        self._styles: list[Style] = []
        if job.controls.recolors:  # only checks: styles are encoded again for each scene
            picture.encode(job.style, self._sources, job.controls, model)
        else:
            self._styles = [style_files.encode(path, source, model) for (path, _), source in named]
        self._regions = MovingRegions(job.style, job.controls, look.size, job.rate)
        self._map = picture.map_of(job.controls, look.size)

    def recall(self, memory: dict[str, np.ndarray]) -> None:
        """Continue from a state that `memory` returned."""
        self._artist.recall(memory)
        if "scene_mean" in memory:
            stats = zip(memory["scene_mean"], memory["scene_std"], strict=True)
            self._styles = [
                Style(mean, std, self._model.fingerprint)
                for mean, std in map(jax.device_put, stats)
            ]

    @property
    def memory(self) -> dict[str, np.ndarray]:
        """The state that is needed to continue after the last frame, as arrays by name."""
        memory = self._artist.memory
        if self._job.controls.recolors:
            memory["scene_mean"] = np.stack([np.asarray(x.mean) for x in self._styles])
            memory["scene_std"] = np.stack([np.asarray(x.std) for x in self._styles])
        return memory

    def pictures(
        self, frames: Iterable[Frame], done: int
    ) -> Iterator[tuple[Frame, dict[str, np.ndarray] | None]]:
        """Yield each picture, at the end of a segment with the state to continue from.

        `done` frames were made by an earlier run.
        """
        for number, frame in enumerate(frames, start=done + 1):
            made = frame._replace(rgb=self._picture(frame))
            yield made, self.memory if number % SEGMENT == 0 else None

    def _picture(self, frame: Frame) -> np.ndarray:
        job, second = self._job, frame.pts * self._look.time_base
        controls = job.controls
        if job.strength:
            controls = replace(controls, alpha=float(job.strength.at(second - job.start)))
        cut = self._artist.look(frame.rgb)
        if controls.recolors:
            if cut or not self._styles:
                self._styles = [self._recolored(source, frame.rgb) for source in self._sources]
            controls = replace(controls, color="style")
        if controls.regions:
            style = Style.stack(self._styles)
        elif job.shares:
            style = Style.mix(self._styles, job.shares.at(second - job.start))
        else:
            style = Style.mix(self._styles, [weight for _, weight in job.style.parts])
        request = picture.request_for(
            frame.rgb,
            style,
            job.style,
            controls,
            self._model,
            controls.plan,
            self._regions.at(second),
            self._map,
        )
        return self._artist.paint(request)

    def _recolored(self, source: Style | np.ndarray, frame: np.ndarray) -> Style:
        recolored = recolor(source, frame, self._job.controls.color, xp=np)
        return encode_style(recolored, self._model)


def _read_style(path: Path, job: Job, report: Callable[[str], None]) -> Style | np.ndarray:
    report(f"style {path.name}")
    try:
        return style_files.read(path, job.sizes.style)
    except FAILURES as error:
        raise in_words(error, path, "--style-size") from None


def _digest(job: Job, model: Model) -> str:
    """A digest of everything that determines the clip; files count by their sizes and times."""
    files = []
    for path in job.inputs:
        inner = animation.files_of(path) if path.is_dir() else [path]
        files += [(str(x), x.stat().st_size, x.stat().st_mtime_ns) for x in inner if x.exists()]
    text = json.dumps(
        [__version__, repr(job), files, model.architecture, fingerprint(model.params)]
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _join(job: Job, clip: Clip, look: Look, parts: Segments, *, complete: bool) -> None:
    make_folder(job.output.parent)
    kind, segments, last = _kind(job.output), parts.segments, parts.duration
    if kind == "video":
        until = job.until
        if not complete and parts.last is not None:
            until = (parts.last + last) * look.time_base
        join(segments, job.output, look, last, _source(job, clip), job.start, until)
    elif kind == "animation":
        frames = segment.read(segments, look, last)
        animation.save_animation(job.output, frames, look)
    else:
        animation.save_folder(job.output, segment.read(segments, look, last))


def _source(job: Job, clip: Clip) -> Path | None:
    """The file that may have sound and subtitles to copy."""
    return job.content if isinstance(clip, video.Video) else None


def _codec(job: Job) -> tuple[str, int | None]:
    if _kind(job.output) != "video":
        return _LOSSLESS, None
    return job.codec or ("vp9" if job.output.suffix.lower() == ".webm" else "h264"), job.crf
