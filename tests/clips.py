"""Small videos for tests, made by PyAV."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec.context import Flags
from PIL import Image

RATE = 48_000  # of sounds


def pan(count: int = 12, size: tuple[int, int] = (64, 96), step: float = 2) -> list[np.ndarray]:
    """A camera that moves over a smooth picture, frames (H, W, 3) uint8."""
    rng = np.random.default_rng(0)
    small = rng.integers(256, size=(8, 12, 3), dtype=np.uint8)
    height, width = size
    wide = Image.fromarray(small).resize((3 * width, height), Image.Resampling.BICUBIC)
    x = [round(step * i) for i in range(count)]
    return [np.asarray(wide.crop((i, 0, i + width, height))) for i in x]


def write(
    path: Path,
    frames: Sequence[np.ndarray],
    pts: Sequence[int] | None = None,
    *,
    time_base: Fraction = Fraction(1, 12),
    last: int = 1,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    matrix: int = 6,
    full: bool = False,
    aspect: Fraction | None = None,
    rotation: int = 0,
    mirrored: bool = False,
    sound: bool = False,
    container: dict[str, Any] | None = None,
) -> Path:
    """A video; with a sine's sound as long as it, if asked for."""
    sink: Any = av.open(str(path), "w", **(container or {}))
    with sink:
        options = {"crf": "1", "preset": "ultrafast"} if codec == "libx264" else {}
        video = sink.add_stream(codec, rate=1 / time_base, options=options)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = pixels
        context = video.codec_context
        context.time_base, context.max_b_frames = time_base, 0
        context.flags |= int(Flags.frame_duration)
        context.colorspace, context.color_range = matrix, 2 if full else 1
        if aspect:
            context.sample_aspect_ratio = aspect
        if rotation or mirrored:
            video.set_display_rotation(rotation, hflip=mirrored)
        times = list(pts) if pts is not None else list(range(len(frames)))
        seconds = (times[-1] + last) * time_base
        audio = sink.add_stream("aac", rate=RATE, layout="mono") if sound else None
        ends = [*times[1:], times[-1] + last]
        for rgb, begin, end in zip(frames, times, ends, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb))
            if pixels.startswith("yuv"):
                frame = frame.reformat(
                    format=pixels,
                    dst_colorspace=matrix,
                    src_color_range=2,
                    dst_color_range=2 if full else 1,
                )
                frame.colorspace, frame.color_range = matrix, 2 if full else 1
            frame.pts, frame.time_base, frame.duration = begin, time_base, end - begin
            sink.mux(video.encode(frame))
        sink.mux(video.encode(None))
        if audio is not None:
            when = np.arange(round(seconds * RATE)) / RATE
            wave = (8000 * np.sin(2 * np.pi * 440 * when)).astype(np.int16)[None]
            for i in range(0, wave.shape[1], 1024):
                part = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(wave[:, i : i + 1024]), format="s16", layout="mono"
                )
                part.sample_rate, part.pts, part.time_base = RATE, i, Fraction(1, RATE)
                sink.mux(audio.encode(part))
            sink.mux(audio.encode(None))
    return path


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """When each packet of the first stream of a kind comes, and its bytes."""
    with av.open(str(path)) as container:
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in container.demux(**{kind: 0})
            if packet.pts is not None
        ]


def decoded(path: Path) -> list[np.ndarray]:
    """The frames, as numbers of the file's own kind."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]
