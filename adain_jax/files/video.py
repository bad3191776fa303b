"""Video files by PyAV: frames in sRGB's numbers, and back, with sound and subtitles copied.

Time stamps are kept as they are, in the file's own units. What the file says of its colours decides
how frames become RGB, and frames are written with the same matrix, range and names; transfer and
primaries are passed on, not converted. Frames are turned upright. A video is written in segments
(`Writer`), which `join` puts together, with the sound, into one file.
"""

import heapq
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from adain_jax.files.clip import Color, Frame, Look, scale, timed
from adain_jax.runtime.atomic import atomic_path
from adain_jax.runtime.packages import required

SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm")  # that are written
CODECS = {
    "h264": ("libx264", 18),  # FFmpeg's name, and the crf
    "hevc": ("libx265", 22),
    "vp9": ("libvpx-vp9", 24),
    "av1": ("libsvtav1", 26),
    "ffv1": ("ffv1", None),
}
_OPTIONS = {  # no frame depends on a later one, so that segments follow each other
    # Nor what memory held before: with macroblock trees x264's last blocks depend on it.
    "libx264": {"preset": "faster", "bf": "0", "x264-params": "lookahead-threads=1:mbtree=0"},
    "libx265": {"preset": "fast", "bf": "0", "x265-params": "log-level=none"},
    "libvpx-vp9": {"b": "0", "cpu-used": "4", "row-mt": "1", "lag-in-frames": "0"},
    "libsvtav1": {"preset": "9", "svtav1-params": "pred-struct=1"},
    "ffv1": {},
}
READABLE = (
    *(*SUFFIXES, ".3gp", ".avi", ".flv", ".m2ts", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv"),
    *(".ts", ".vob", ".wmv", ".y4m"),
)
_EVEN = ("libx264", "libx265", "libsvtav1")  # halve their colours' sizes
_THREADS = 4  # of encoders, some of which write other files by other numbers of threads
_BT709, _BT601, _UNKNOWN, _RGB = 1, 6, 2, 0
_HD = 720  # lines, from which a video that does not say is taken to be of BT.709
_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder")  # of the file, not of us
_DISPLAY_MATRIX = "DISPLAYMATRIX"


def require() -> Any:
    """PyAV, or a `ValueError` that says how to install it."""
    return required("av", "videos need the package av", "video")


class Video:
    """A video file to be read.

    Attributes:
        path: the file.
        look: what all frames have in common.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no video, or nothing can be decoded of it; if PyAV is not installed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise FileNotFoundError(f"no such file: {path}")
        with _opened(path) as container:
            stream = _video(container, path)
            first = next(container.decode(stream), None)
            if first is None:
                raise ValueError(f"{path} has no frame that can be decoded")
            self._zero = round(_origin(container) / stream.time_base)
            self._turn = _turn(first)
            turned = self._turn(np.empty((first.height, first.width), np.uint8))
            aspect = stream.sample_aspect_ratio or Fraction(1)
            rate = stream.average_rate or stream.guessed_rate or Fraction(25)
            seconds = Fraction(container.duration or 0, 1_000_000)
            self.look = Look(
                size=turned.shape,
                time_base=stream.time_base,
                rate=rate,
                count=stream.frames or round(seconds * rate),
                aspect=aspect if turned.shape == (first.height, first.width) else 1 / aspect,
                color=_color(first),
            )

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        """The frames that begin at or after `start` seconds.

        Raises:
            ValueError: where the file is damaged.
        """
        base = self.look.time_base
        step = max(1, round(1 / (self.look.rate * base)))
        first = -(-start // base)  # rounded up
        for frame in timed(self._decoded(first), step):
            if frame.pts >= first:
                yield frame

    def _decoded(self, first: int) -> Iterator[tuple[np.ndarray, int | None, int]]:
        with _opened(self.path) as container:
            stream = _video(container, self.path)
            stream.thread_type = "AUTO"
            if first > 0:
                container.seek(first + self._zero, stream=stream, backward=True)
            decoded = container.decode(stream)
            frame = next(decoded, None)
            if first > 0 and (frame is None or frame.pts is None or frame.pts > first + self._zero):
                yield from self._decoded(0)  # a file in which one cannot seek: all that is before
                return
            while frame is not None:
                pts = None if frame.pts is None else frame.pts - self._zero
                if pts is None or pts + (frame.duration or 0) >= first:
                    yield self._rgb(frame), pts, frame.duration or 0
                frame = next(decoded, None)

    def _rgb(self, frame: Any) -> np.ndarray:
        height, width = frame.height, frame.width
        if height * width == 0:
            raise ValueError(f"{self.path} is damaged: a frame has no pixels")
        color = self.look.color
        rgb = frame.reformat(
            format="rgb24",
            src_colorspace=color.matrix,
            src_color_range=2 if color.full else 1,
            dst_color_range=2,
            interpolation=_ways(),
        ).to_ndarray()
        upright = np.ascontiguousarray(self._turn(rgb))
        if upright.shape[:2] != self.look.size:  # some change it in the middle
            return scale(upright, self.look.size)
        return upright


class Writer:
    """A segment of a video: a file of its own, with the times of the whole.

    Raises:
        ValueError: if the codec is unknown, or cannot write such frames.
    """

    def __init__(self, path: Path, look: Look, codec: str = "h264", crf: int | None = None) -> None:
        av = require()
        name, usual = CODECS.get(codec, (codec, None))
        crf = usual if crf is None else crf
        options = dict(_OPTIONS.get(name, {}))
        if crf is not None:
            options["crf"] = str(crf)
        if name == "libsvtav1":  # which tells all it does on standard error
            os.environ.setdefault("SVT_LOG", "1")
        self._path, self._look, self._even = path, look, name in _EVEN
        self._container = av.open(str(path), "w", format="nut")
        stream = self._container.add_stream(name, rate=look.rate, options=options)
        height, width = (side + side % 2 if self._even else side for side in look.size)
        stream.height, stream.width = height, width
        stream.pix_fmt = "bgr0" if name == "ffv1" else "yuv420p"
        context = stream.codec_context
        context.time_base, context.thread_count = look.time_base, _THREADS
        context.sample_aspect_ratio = look.aspect
        # With the header apart from the frames, as MP4 wants it.
        context.flags |= int(av.codec.context.Flags.global_header)
        if name != "ffv1":
            color = look.color
            context.colorspace, context.color_range = color.matrix, 2 if color.full else 1
            context.color_primaries, context.color_trc = color.primaries, color.transfer
        self._stream, self._format = stream, stream.pix_fmt

    def write(self, frame: Frame) -> None:
        """Add a frame, which comes later than all before it."""
        av, color, rgb = require(), self._look.color, frame.rgb
        if self._even:  # the last row and column once more
            rgb = np.pad(rgb, [(0, side % 2) for side in rgb.shape[:2]] + [(0, 0)], mode="edge")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb))
        if self._format == "yuv420p":
            picture = picture.reformat(
                format=self._format,
                dst_colorspace=color.matrix,
                src_color_range=2,
                dst_color_range=2 if color.full else 1,
                interpolation=_ways(),
            )
            picture.colorspace, picture.color_range = color.matrix, 2 if color.full else 1
            picture.color_primaries, picture.color_trc = color.primaries, color.transfer
        else:
            picture = picture.reformat(format=self._format)
        picture.pts, picture.time_base = frame.pts, self._look.time_base
        picture.duration = frame.duration
        with _told(f"cannot write {self._path.name}"):
            self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Write what the encoder still holds."""
        with _told(f"cannot write {self._path.name}"):
            self._container.mux(self._stream.encode(None))
            self._container.close()


def check_output(output: Path, codec: str, source: Path | None = None) -> None:
    """What is known of whether a file can be written, before there is anything to write.

    Raises:
        ValueError: if the codec is unknown, or a file of the suffix of `output` cannot hold it, or
            the sound of `source`.
    """
    av = require()
    name = CODECS.get(codec, (codec,))[0]
    try:
        encoder = av.codec.Codec(name, "w")
    except (ValueError, av.FFmpegError):
        encoder = None
    if encoder is None or encoder.type != "video":
        known = ", ".join(CODECS)
        raise ValueError(f"no codec is called {codec}: take one of {known}")
    with av.open(_Nowhere(), "w", format=_muxer(output)) as sink:
        if (
            name not in sink.supported_codecs
            and encoder.canonical_name not in sink.supported_codecs
        ):
            raise ValueError(f"{output.name} cannot hold {codec}: name a file that ends in .mkv")
        if source is None:
            return
        with _opened(source) as container:
            for stream in _others(container):
                try:
                    sink.add_stream_from_template(stream)
                except (ValueError, av.FFmpegError):
                    raise ValueError(
                        f"{output.name} cannot hold the {_KINDS[stream.type]} of {source.name} "
                        f"({stream.codec_context.name}): name a file that ends in .mkv"
                    ) from None


def read_segments(segments: Sequence[Path], look: Look, last: int) -> Iterator[Frame]:
    """The frames of segments, in units of `look`'s time base; `last` is as for `join`."""

    def decoded() -> Iterator[tuple[np.ndarray, int | None, int]]:
        for path in segments:
            with _opened(path) as container:
                for frame in container.decode(video=0):
                    pts = round(frame.pts * frame.time_base / look.time_base)
                    yield frame.to_ndarray(format="rgb24"), pts, 0

    yield from timed(decoded(), last)


def join(
    segments: Sequence[Path],
    output: Path,
    look: Look,
    last: int,
    source: Path | None = None,
    start: Fraction = Fraction(0),
    until: Fraction | None = None,
) -> None:
    """One video of segments, with the sound and the subtitles of `source`, whole or not at all.

    Args:
        segments: files of a `Writer`, in order, of one codec.
        output: the file.
        look: that they were written with.
        last: how long the last frame lasts, in units of its time base.
        source: the file that sound, subtitles, chapters and tags come from, as they are.
        start: seconds of the source that are left out at the beginning.
        until: seconds of the source from which on all is left out.

    Raises:
        OSError: if the file cannot be written.
        ValueError: if `output` cannot hold one of the streams.
    """
    av = require()
    with atomic_path(output) as temporary, _told(f"cannot write {output}"):
        options = {"movflags": "+faststart"} if _muxer(output) in ("mp4", "mov") else {}
        with av.open(str(temporary), "w", format=_muxer(output), options=options) as sink:
            with av.open(str(segments[0])) as first:
                template = first.streams.video[0]
                video = sink.add_stream_from_template(template, opaque=True)
                video.time_base, video.framerate = template.time_base, look.rate
                if template.codec_context.name == "hevc" and _muxer(output) in ("mp4", "mov"):
                    video.codec_context.codec_tag = "hvc1"  # without which Apple's do not play
            tracks = [_packets_of(segments, video, last * look.time_base)]
            if source is None:
                _mux(sink, tracks, output)
                return
            with _opened(source) as container:
                sink.metadata.update(
                    (key, value) for key, value in container.metadata.items() if key not in _TAGS
                )
                others = {}
                for stream in _others(container):
                    copy = sink.add_stream_from_template(stream)
                    copy.metadata.update(stream.metadata)
                    copy.disposition = stream.disposition
                    others[stream] = copy
                if not start and until is None and (chapters := container.chapters()):
                    sink.set_chapters(chapters)
                tracks.append(_copied(container, others, start, until))
                _mux(sink, tracks, output)


_Timed = tuple[Fraction, int, Any]  # when it is to be decoded, a number, and a packet
_KINDS = {"audio": "sound", "subtitle": "subtitles"}


def _mux(sink: Any, tracks: Sequence[Iterator[_Timed]], output: Path) -> None:
    for _, _, packet in heapq.merge(*tracks, key=lambda item: item[:2]):
        with _told(f"cannot write {output}"):  # here, or it would be told of what is read
            sink.mux(packet)


def _packets_of(segments: Sequence[Path], stream: Any, last: Fraction) -> Iterator[_Timed]:
    """Each lasts until the next, which segments do not tell of their last."""
    before: _Timed | None = None
    for path in segments:
        with _opened(path) as container:
            for packet in container.demux(video=0):
                if packet.dts is None:
                    continue
                when = packet.dts * packet.time_base
                packet.stream = stream
                if before:
                    before[2].duration = round((when - before[0]) / packet.time_base)
                    yield before
                before = when, 0, packet
    if before:
        before[2].duration = round(last / before[2].time_base)
        yield before


def _copied(
    container: Any,
    streams: dict[Any, Any],
    start: Fraction,
    until: Fraction | None,
) -> Iterator[_Timed]:
    origin = _origin(container)
    for packet in container.demux(*streams) if streams else ():
        if packet.dts is None or packet.pts is None:
            continue
        base = packet.time_base
        when = packet.pts * base - origin
        if (start and when < start) or (until is not None and when >= until):
            continue
        shift = round((origin + start) / base)
        packet.pts -= shift
        packet.dts -= shift
        packet.stream = streams[packet.stream]
        yield packet.dts * base, 1, packet


class _Nowhere:
    """A file that forgets what is written into it."""

    name = "nowhere"

    def write(self, data: bytes) -> int:
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def tell(self) -> int:
        return 0


def _muxer(path: Path) -> str:
    return {".m4v": "mp4", ".mkv": "matroska"}.get(path.suffix.lower(), path.suffix.lower()[1:])


def _origin(container: Any) -> Fraction:
    """Seconds of a file's clock at its beginning; broadcasts and their like begin anywhere."""
    return Fraction(max(0, container.start_time or 0), 1_000_000)


def _others(container: Any) -> list[Any]:
    return [*container.streams.audio, *container.streams.subtitles]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    av = require()
    failure = av.FFmpegError  # which at the interpreter's end is gone, when frames are left
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            yield container
    except failure as error:
        raise ValueError(f"{path} is no video, or damaged: {_what(error)}") from None


@contextmanager
def _told(what: str) -> Iterator[None]:
    av = require()
    try:
        yield
    except av.FFmpegError as error:
        kind = OSError if isinstance(error, OSError) else ValueError
        raise kind(f"{what}: {_what(error)}") from None


def _what(error: Any) -> str:
    return str(error.strerror or error).lower()


def _video(container: Any, path: Path) -> Any:
    streams = [
        x for x in container.streams.video if not x.disposition & type(x.disposition).attached_pic
    ]
    if not streams:
        raise ValueError(f"{path} has no moving pictures")
    return streams[0]


def _color(frame: Any) -> Color:
    """Of a frame, and where it does not say by custom: BT.709 from 720 lines on, else BT.601."""
    custom = _BT709 if frame.height >= _HD else _BT601
    matrix, primaries, transfer = frame.colorspace, frame.color_primaries, frame.color_trc
    return Color(
        matrix=custom if matrix in (_UNKNOWN, _RGB) else int(matrix),
        full=frame.color_range == 2 or frame.format.name.startswith("yuvj") or frame.format.is_rgb,
        primaries=custom if primaries == _UNKNOWN else int(primaries),
        transfer=custom if transfer == _UNKNOWN else int(transfer),
    )


def _turn(frame: Any) -> Callable[[np.ndarray], np.ndarray]:
    """What makes pixels (H, W, ...) upright: quarter turns and mirrors of the display's matrix."""
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


def _ways() -> int:
    """Colours between those of the file's fewer pixels, and exact sums."""
    from av.video.reformatter import Interpolation as Way

    return int(Way.BICUBIC | Way.ACCURATE_RND | Way.FULL_CHR_H_INT | Way.FULL_CHR_H_INP)
