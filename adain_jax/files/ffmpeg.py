"""What reading and writing of videos by PyAV have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from adain_jax.runtime.packages import required


def require() -> Any:
    """PyAV, or a `ValueError` that says how to install it."""
    return required("av", "videos need the package av", "video")


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The container of a file, as `av.open` has it; what fails in it is a `ValueError`."""
    av = require()
    failure = av.FFmpegError  # which at the interpreter's end is gone, when frames are left
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            yield container
    except failure as error:
        raise ValueError(f"{path} is no video, or damaged: {_what(error)}") from None


@contextmanager
def told(what: str) -> Iterator[None]:
    """FFmpeg's errors as ours: `what` failed, and why."""
    av = require()
    try:
        yield
    except av.FFmpegError as error:
        kind = OSError if isinstance(error, OSError) else ValueError
        raise kind(f"{what}: {_what(error)}") from None


def _what(error: Any) -> str:
    return str(error.strerror or error).lower()


def origin(container: Any) -> Fraction:
    """Seconds of a file's clock at its beginning; broadcasts and their like begin anywhere."""
    return Fraction(max(0, container.start_time or 0), 1_000_000)


def others(container: Any) -> list[Any]:
    """The streams of sound and of subtitles."""
    return [*container.streams.audio, *container.streams.subtitles]


def ways() -> int:
    """Colours between those of the file's fewer pixels, and exact sums."""
    from av.video.reformatter import Interpolation as Way

    return int(Way.BICUBIC | Way.ACCURATE_RND | Way.FULL_CHR_H_INT | Way.FULL_CHR_H_INP)
