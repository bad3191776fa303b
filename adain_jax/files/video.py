"""Reads video files by PyAV, as upright frames in RGB.

Timestamps are kept exactly, in the file's own units. The colour matrix and range of the file decide
how frames become RGB; transfer and primaries are passed on, not converted.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from adain_jax.files.clip import Color, Frame, Look, cut, scale, timed
from adain_jax.files.ffmpeg import opened, origin, ways

if TYPE_CHECKING:  # imported where it is used, since it is an optional package
    from av import VideoFrame, VideoStream
    from av.container import InputContainer

SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm")  # the suffixes that can be written
READABLE = (
    *(*SUFFIXES, ".3gp", ".avi", ".flv", ".m2ts", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv"),
    *(".ts", ".vob", ".wmv", ".y4m"),
)
_LATEST = 2**62  # FFmpeg's times are of 64 bits
_BT709, _BT601, _UNKNOWN, _RGB = 1, 6, 2, 0
_HD = 720  # the lines from which a video without colour information counts as BT.709
_DISPLAY_MATRIX = "DISPLAYMATRIX"
# The formats of FFmpeg in which a frame has the same time after a seek as without one.
_EXACT = {"asf", "flv", "matroska", "mov", "mpegts", "mxf", "nut", "yuv4mpegpipe"}


class Video:
    """Reads a video file.

    Attributes:
        path: the file.
        look: the properties that all frames share.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not a video, or no frame can be decoded, or PyAV is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise FileNotFoundError(f"no such file: {path}")
        if not path.is_file():
            raise ValueError(f"{path} is a pipe or a device: videos are read from files")
        with opened(path) as container:
            stream = _video(container, path)
            first = next(container.decode(stream), None)
            if first is None:
                raise ValueError(f"{path} has no frame that can be decoded")
            base = cast(Fraction, stream.time_base)  # streams of opened files have one
            self._zero = round(origin(container) / base)
            self._turn = _turn(first)
            turned = self._turn(np.empty((first.height, first.width), np.uint8))
            aspect = stream.sample_aspect_ratio or Fraction(1)
            rate = stream.average_rate or stream.guessed_rate or Fraction(25)
            seconds = Fraction(container.duration or 0, 1_000_000)
            self.look = Look(
                size=turned.shape,
                time_base=base,
                rate=rate,
                count=stream.frames or round(seconds * rate),
                aspect=aspect if turned.shape == (first.height, first.width) else 1 / aspect,
                color=_color(first),
            )

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        """Yield the frames from `start` seconds on, as `Clip` describes it.

        Raises:
            ValueError: if the file is damaged.
        """
        step = max(1, round(1 / (self.look.rate * self.look.time_base)))
        for frame in timed(self._decoded(self.look.first(start)), step):
            if shown := cut(frame, start, self.look):
                yield shown

    def _decoded(self, first: int) -> Iterator[tuple[np.ndarray, int | None, int]]:
        """Decode the frames from the one that is shown at `first` on."""
        with opened(self.path) as container:
            stream = _video(container, self.path)
            stream.thread_type = "AUTO"
            if _EXACT.isdisjoint(container.format.name.split(",")):
                first = 0  # decode from the beginning: `frames` skips what comes too early
            if first > _LATEST:
                return
            if first > 0:
                container.seek(first + self._zero, stream=stream, backward=True)
            decoded = container.decode(stream)
            frame = next(decoded, None)
            if first > 0 and (frame is None or frame.pts is None or frame.pts > first + self._zero):
                yield from self._decoded(0)  # seeking failed: decode from the beginning
                return
            while frame is not None:
                following = next(decoded, None)
                end = None if following is None or following.pts is None else following.pts
                if first <= 0 or end is None or end - self._zero >= first:
                    pts = None if frame.pts is None else frame.pts - self._zero
                    yield self._rgb(frame), pts, frame.duration or 0
                frame = following

    def _rgb(self, frame: "VideoFrame") -> np.ndarray:
        height, width = frame.height, frame.width
        if height * width == 0:
            raise ValueError(f"{self.path} is damaged: a frame has no pixels")
        color = self.look.color
        rgb = frame.reformat(
            format="rgb24",
            src_colorspace=color.matrix,
            src_color_range=2 if color.full else 1,
            dst_color_range=2,
            interpolation=ways(),
        ).to_ndarray()
        upright = np.ascontiguousarray(self._turn(rgb))
        if upright.shape[:2] != self.look.size:  # some videos change their size
            return scale(upright, self.look.size)
        return upright


def _video(container: "InputContainer", path: Path) -> "VideoStream":
    streams = [
        x for x in container.streams.video if not x.disposition & type(x.disposition).attached_pic
    ]
    if not streams:
        raise ValueError(f"{path} has no moving pictures")
    return streams[0]


def _color(frame: "VideoFrame") -> Color:
    """The colour encoding of a frame; if unknown, BT.709 from 720 lines on, otherwise BT.601."""
    custom = _BT709 if frame.height >= _HD else _BT601
    matrix, primaries, transfer = frame.colorspace, frame.color_primaries, frame.color_trc
    return Color(
        matrix=custom if matrix in (_UNKNOWN, _RGB) else int(matrix),
        full=frame.color_range == 2 or frame.format.name.startswith("yuvj") or frame.format.is_rgb,
        primaries=custom if primaries == _UNKNOWN else int(primaries),
        transfer=custom if transfer == _UNKNOWN else int(transfer),
    )


def _turn(frame: "VideoFrame") -> Callable[[np.ndarray], np.ndarray]:
    """A function that turns pixels (H, W, ...) upright, by quarter turns and reflections.

    They are those of the frame's display matrix.
    """
    data = frame.side_data.get(_DISPLAY_MATRIX)
    if data is None:
        return lambda pixels: pixels
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5]  # x' = a x + c y, y' = b x + d y

    def turn(pixels: np.ndarray) -> np.ndarray:
        across = abs(int(b)) > abs(int(a))
        x, y = (c, b) if across else (a, d)
        pixels = pixels.swapaxes(0, 1) if across else pixels
        return pixels[:: -1 if y < 0 else 1, :: -1 if x < 0 else 1]

    return turn
