"""Segments of a video: files with a part of its frames each, with their times in the whole video.

Frames are written with the colour matrix, range, primaries and transfer of the source video. `join`
makes one video of segments.
"""

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np

from adain_jax.files.clip import Frame, Look, timed
from adain_jax.files.ffmpeg import name_of, opened, require, told, ways

CODECS = {
    "h264": ("libx264", 18),  # FFmpeg's name, and the default crf
    "hevc": ("libx265", 22),
    "vp9": ("libvpx-vp9", 24),
    "av1": ("libsvtav1", 26),
    "ffv1": ("ffv1", None),
}
_OPTIONS = {  # no frame depends on a later one, so that segments can be joined
    # With macroblock trees, x264's last blocks would depend on uninitialised memory.
    "libx264": {"preset": "faster", "bf": "0", "x264-params": "lookahead-threads=1:mbtree=0"},
    "libx265": {"preset": "fast", "bf": "0", "x265-params": "log-level=none"},
    "libvpx-vp9": {"b": "0", "cpu-used": "4", "row-mt": "1", "lag-in-frames": "0"},
    "libsvtav1": {"preset": "9", "svtav1-params": "pred-struct=1"},
    "ffv1": {},
}
_EVEN = ("libx264", "libx265", "libsvtav1")  # these need even sizes, as they halve colours' sizes
_THREADS = 4  # an encoder's threads; a fixed number, since the files of some depend on it


class Writer:
    """Writes a segment of a video to a file, with its times in the whole video.

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
        if name == "libsvtav1":  # it logs to standard error; 1 keeps only errors
            os.environ.setdefault("SVT_LOG", "1")
        self._path, self._look, self._even = path, look, name in _EVEN
        self._container = av.open(name_of(path), "w", format="nut")
        stream = self._container.add_stream(name, rate=look.rate, options=options)
        height, width = (side + side % 2 if self._even else side for side in look.size)
        stream.height, stream.width = height, width
        stream.pix_fmt = "bgr0" if name == "ffv1" else "yuv420p"
        context = stream.codec_context
        context.time_base, context.thread_count = look.time_base, _THREADS
        context.sample_aspect_ratio = look.aspect
        # The header is separate from the frames, as MP4 requires.
        context.flags |= int(av.codec.context.Flags.global_header)
        if name != "ffv1":
            color = look.color
            context.colorspace, context.color_range = color.matrix, 2 if color.full else 1
            context.color_primaries, context.color_trc = color.primaries, color.transfer
        self._stream, self._format = stream, stream.pix_fmt

    def write(self, frame: Frame) -> None:
        """Add a frame, which must come after all others."""
        av, color, rgb = require(), self._look.color, frame.rgb
        if self._even:  # repeat the last row and column
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
        """Write the frames that the encoder still holds, and close the file."""
        with told(f"cannot write {self._path.name}"):
            self._container.mux(self._stream.encode(None))
            self._container.close()


def read(segments: Sequence[Path], look: Look, last: int) -> Iterator[Frame]:
    """Yield the frames of segments, with times in units of `look`'s time base.

    `last` is the duration of the last frame, as in `join`.
    """

    def decoded() -> Iterator[tuple[np.ndarray, int | None, int]]:
        for path in segments:
            with opened(path) as container:
                for frame in container.decode(video=0):
                    # Segments have both.
                    time, base = cast(tuple[int, Fraction], (frame.pts, frame.time_base))
                    pts = round(time * base / look.time_base)
                    yield frame.to_ndarray(format="rgb24"), pts, 0

    yield from timed(decoded(), last, end=last)
