"""Functions that reading and writing videos by PyAV share."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from adain_jax.runtime.packages import required

if TYPE_CHECKING:  # imported where it is used, since it is an optional package
    from av import AudioStream
    from av.container import InputContainer
    from av.error import FFmpegError
    from av.subtitles.stream import SubtitleStream


def require() -> ModuleType:
    """Import and return PyAV; raise a `ValueError` that says how to install it if it is missing."""
    return required("av", "videos need the package av", "video")


def name_of(path: Path) -> str:
    """The name by which FFmpeg opens a file: absolute, since in `12:30.mp4` 12 is a protocol."""
    return str(path.absolute())


@contextmanager
def opened(path: Path) -> Iterator["InputContainer"]:
    """Open a file as a container of `av.open`.

    Raises:
        ValueError: if FFmpeg fails, when the file is opened or within the block.
    """
    av = require()
    failure = av.FFmpegError  # the module may be gone if this ends at the interpreter's exit
    try:
        with av.open(name_of(path), metadata_errors="replace") as container:
            yield container
    except failure as error:
        raise ValueError(f"{path} is no video, or damaged: {_what(error)}") from None


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn FFmpeg's errors within the block into ones that begin with the message `what`.

    Raises:
        OSError: if FFmpeg's error is an `OSError`.
        ValueError: for its other errors.
    """
    av = require()
    try:
        yield
    except av.FFmpegError as error:
        kind = OSError if isinstance(error, OSError) else ValueError
        raise kind(f"{what}: {_what(error)}") from None


def _what(error: "FFmpegError | OSError") -> str:
    return str(error.strerror or error).lower()


def origin(container: "InputContainer") -> Fraction:
    """The time in seconds at which a file begins; it is not 0 for recorded broadcasts."""
    return Fraction(max(0, container.start_time or 0), 1_000_000)


def others(container: "InputContainer") -> "list[AudioStream | SubtitleStream]":
    """The streams of sound and of subtitles of a container that can be copied.

    PyAV cannot copy those that FFmpeg has no decoder for.
    """
    return [x for x in _beside(container) if x.codec_context is not None]


def unknown(container: "InputContainer") -> "list[AudioStream | SubtitleStream]":
    """The other streams of sound and of subtitles, which FFmpeg has no decoder for."""
    return [x for x in _beside(container) if x.codec_context is None]


def _beside(container: "InputContainer") -> "list[AudioStream | SubtitleStream]":
    return [*container.streams.audio, *container.streams.subtitles]


def ways() -> int:
    """FFmpeg's flags to interpolate subsampled colours, and to round exactly."""
    from av.video.reformatter import Interpolation as Way

    return int(Way.BICUBIC | Way.ACCURATE_RND | Way.FULL_CHR_H_INT | Way.FULL_CHR_H_INP)
