"""Moving pictures that are no videos: GIF, animated WebP, and folders of frames."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from adain_jax.files import image
from adain_jax.files.clip import Frame, Look, scale
from adain_jax.files.quiet import quiet
from adain_jax.runtime.atomic import atomic_path, make_folder

SUFFIXES = (".gif", ".webp")
RATE = Fraction(25)  # frames in a second of a folder, unless another is asked for
_MILLISECOND = Fraction(1, 1000)
_USUAL = 100  # milliseconds that programs show a frame for which says none


class Animation:
    """A GIF or a WebP to be read; transparency is what Pillow puts on black.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no such image.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        first = image.load(path, as_bytes=True)  # whole, or refused in words
        with quiet(), Image.open(path) as file:
            count = getattr(file, "n_frames", 1)
            lasts = [_duration(frame) for frame in ImageSequence.Iterator(file)]
        seconds = Fraction(sum(lasts), 1000)
        self.look = Look(first.rgb.shape[:2], _MILLISECOND, count / seconds, count)

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        """The frames that begin at or after `start` seconds."""
        pts = 0
        with quiet(), Image.open(self.path) as file:
            for frame in ImageSequence.Iterator(file):
                duration = _duration(frame)
                if pts * _MILLISECOND >= start:
                    yield Frame(np.asarray(frame.convert("RGB")), pts, duration)
                pts += duration


class Folder:
    """Images as frames, in the order of their names, numbers in these by their value.

    Args:
        path: the folder; those in it do not count.
        rate: frames in a second.

    Raises:
        FileNotFoundError: if there is no image in it.
        ValueError: if one is none.
    """

    def __init__(self, path: Path, rate: Fraction = RATE) -> None:
        self.path = path
        found = [x for x in image.find(path) if x.parent == path]
        if not found:
            raise FileNotFoundError(f"no image in {path}")
        self.files = sorted(found, key=_by_number)
        size = image.load(self.files[0], as_bytes=True).rgb.shape[:2]
        self.look = Look(size, 1 / rate, rate, len(self.files))

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        """The frames that begin at or after `start` seconds; all as large as the first."""
        first = -(-start // self.look.time_base)
        for number, path in list(enumerate(self.files))[first:]:
            rgb = image.load(path, as_bytes=True).rgb
            yield Frame(scale(rgb, self.look.size), number, 1)


def save_animation(path: Path, frames: Iterable[Frame], look: Look) -> None:
    """Write a GIF or a WebP that begins again for ever, whole or not at all.

    GIF has 256 colours to a frame, and hundredths of a second. Pillow holds all frames until the
    end, compressed or of a byte for each pixel.

    Raises:
        OSError: if it cannot be written.
    """
    lasts: list[int] = []

    def images() -> Iterator[Image.Image]:
        for frame in frames:
            begin, end = (
                round(pts * look.time_base * 1000)
                for pts in (frame.pts, frame.pts + frame.duration)
            )
            lasts.append(max(1, end - begin))
            yield Image.fromarray(frame.rgb)

    kind = path.suffix.lower()[1:]
    options: dict[str, Any] = {"quality": 90, "method": 4} if kind == "webp" else {"disposal": 1}
    with atomic_path(path) as temporary:
        if kind == "gif":  # which counts hundredths
            made = [x.quantize(256, dither=Image.Dither.FLOYDSTEINBERG) for x in images()]
            ends = np.round(np.cumsum(lasts) / 10).astype(int)
            lasts = [10 * max(1, int(x)) for x in np.diff(ends, prepend=0)]
        else:
            made = list(images())
        first, *rest = made
        first.save(
            temporary, kind, save_all=True, append_images=rest, duration=lasts, loop=0, **options
        )


def save_folder(folder: Path, frames: Iterable[Frame], suffix: str = ".png") -> None:
    """Write frames as images, called by their numbers from 1 on.

    Raises:
        OSError: if one cannot be written.
    """
    make_folder(folder)
    for number, frame in enumerate(frames, start=1):
        image.save(folder / f"frame_{number:06}{suffix}", frame.rgb)


def _duration(frame: Image.Image) -> int:
    """Milliseconds."""
    with suppress(OSError):  # at a WebP's frame that has not been decoded it is the one's before
        frame.load()
    return int(frame.info.get("duration") or 0) or _USUAL


def _by_number(path: Path) -> list[Any]:
    """The parts of a name, of which those of digits are numbers."""
    parts = re.split(r"(\d+)", path.name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]
