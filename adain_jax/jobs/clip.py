"""Stylize a video: one file of moving pictures in, one out.

Threads read, compute and write frames at the same time. Frames are written in segments into a
folder beside the output, with the state that the next frame needs. So an interrupted clip continues
where it was, to the same file.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from adain_jax.files import animation, image, moving, segment, video
from adain_jax.files.clip import Clip, Frame, Look, scale
from adain_jax.files.join import check_output, join, left_out
from adain_jax.files.quiet import LOGGER
from adain_jax.jobs.clip_job import Job
from adain_jax.jobs.painter import Painter
from adain_jax.jobs.segments import Segments
from adain_jax.model import Model
from adain_jax.runtime.ahead import ahead
from adain_jax.runtime.atomic import make_folder
from adain_jax.version import __version__
from adain_jax.video import Artist
from adain_jax.weights.store import fingerprint

_AHEAD = 2  # the frames that are read, and the pictures that are made, in advance


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
    job.check(model)
    clip = moving.open_clip(job.content, job.rate)
    if job.kind == "video":
        source = _source(job, clip)
        check_output(job.output, job.encoding[0], source)
        for stream in left_out(source) if source else ():
            warn(f"{stream} of {job.content} is left out: FFmpeg has no decoder for it")
    job.check_strengths(clip.look)
    look = _look(job, clip.look)
    if job.output.suffix.lower() == ".webp":
        image.check_fits(job.output, *look.size)
    zero, key = round(job.start / look.time_base), _digest(job, model)
    parts = Segments(job.parts, look, job.encoding, zero=zero, key=key, resume=resume)
    artist = Artist(model, job.calm, job.controls.plan)
    painter = Painter(job, model, look, artist, report)
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


def _look(job: Job, look: Look) -> Look:
    """The look of the pictures; only in a video can the sides of a pixel differ."""
    if job.kind != "video":
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
    kind, segments, last = job.kind, parts.segments, parts.duration
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
