"""Segments of a video: files of frames that follow each other, with the times of the whole.

Frames are written with the matrix, the range and the names of colours of the video that they are
made from. `join` makes one video of segments.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from adain_jax.files.clip import Frame, Look, timed
from adain_jax.files.ffmpeg import opened, require, told, ways

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
_EVEN = ("libx264", "libx265", "libsvtav1")  # halve their colours' sizes
_THREADS = 4  # of encoders, some of which write other files by other numbers of threads


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
                interpolation=ways(),
            )
            picture.colorspace, picture.color_range = color.matrix, 2 if color.full else 1
            picture.color_primaries, picture.color_trc = color.primaries, color.transfer
        else:
            picture = picture.reformat(format=self._format)
        picture.pts, picture.time_base = frame.pts, self._look.time_base
        picture.duration = frame.duration
        with told(f"cannot write {self._path.name}"):
            self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Write what the encoder still holds."""
        with told(f"cannot write {self._path.name}"):
            self._container.mux(self._stream.encode(None))
            self._container.close()


def read(segments: Sequence[Path], look: Look, last: int) -> Iterator[Frame]:
    """The frames of segments, in units of `look`'s time base; `last` is as for `join`."""

    def decoded() -> Iterator[tuple[np.ndarray, int | None, int]]:
        for path in segments:
            with opened(path) as container:
                for frame in container.decode(video=0):
                    pts = round(frame.pts * frame.time_base / look.time_base)
                    yield frame.to_ndarray(format="rgb24"), pts, 0

    yield from timed(decoded(), last)
