"""Moving pictures that are not videos: GIF, animated WebP, and folders of frames."""

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from adain_jax.files import exif, find, image
from adain_jax.files.clip import Frame, Look, cut, scale
from adain_jax.files.quiet import quiet
from adain_jax.files.whole import upright
from adain_jax.runtime.atomic import atomic_path, make_folder
from adain_jax.runtime.paths import real
from adain_jax.runtime.text import one_line

SUFFIXES = (".gif", ".webp")
_FRAME = re.compile(r"frame_[0-9]{6,}\.png")  # the names of the frames of a folder
RATE = Fraction(25)  # the default rate of a folder, in frames a second
_MILLISECOND = Fraction(1, 1000)
_USUAL = 100  # milliseconds for which programs show a frame without a duration


class Animation:
    """Reads a GIF or a WebP. Pillow's conversion to RGB drops the transparency.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not an image, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        first = image.load(path, as_bytes=True)  # raises if the file is not whole
        with quiet(), _whole(path), Image.open(path) as file:
            self._orientation = exif.orientation(file)
            lasts = [_duration(frame) for frame in ImageSequence.Iterator(file)]
        seconds, count = Fraction(sum(lasts), 1000), len(lasts)
        self.look = Look(first.rgb.shape[:2], _MILLISECOND, count / seconds, count)

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        """Yield the frames from `start` seconds on, as `Clip` describes it.

        Raises:
            ValueError: if the file is damaged.
        """
        pts = 0
        with quiet(), Image.open(self.path) as file:
            for number in range(self.look.count):
                with _whole(self.path):
                    file.seek(number)
                    duration = _duration(file)
                    picture = upright(file.convert("RGB"), self._orientation)
                if frame := cut(Frame(np.asarray(picture), pts, duration), start, self.look):
                    yield frame
                pts += duration


class Folder:
    """Reads the images of a folder as frames, sorted by name; numbers in names sort by value.

    Args:
        path: the folder, without its subfolders.
        rate: the frames in a second.

    Raises:
        FileNotFoundError: if there is no image in the folder.
        ValueError: if the first file is not an image.
    """

    def __init__(self, path: Path, rate: Fraction = RATE) -> None:
        self.path = path
        self.files = files_of(path)
        size = image.load(self.files[0], as_bytes=True).rgb.shape[:2]
        self.look = Look(size, 1 / rate, rate, len(self.files))

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        """Yield the frames that begin at or after `start` seconds, scaled to the first's size."""
        for number, path in list(enumerate(self.files))[self.look.first(start) :]:
            rgb = image.load(path, as_bytes=True).rgb
            yield Frame(scale(rgb, self.look.size), number, 1)


def files_of(folder: Path) -> list[Path]:
    """The files of the frames of a `Folder`, in their order.

    Raises:
        FileNotFoundError: if there is no image in the folder.
    """
    found = [x for x in find.images(folder) if x.parent == folder]
    if not found:
        raise FileNotFoundError(f"no image in {folder}")
    return sorted(found, key=_by_number)


def save_animation(path: Path, frames: Iterable[Frame], look: Look) -> None:
    """Write a GIF or a WebP that repeats for ever, whole or not at all.

    A GIF has 256 colours in a frame, and times in hundredths of a second. All frames are in memory
    until the end: for a GIF with a byte for each pixel, for a WebP as RGB.

    Raises:
        OSError: if the file cannot be written.
        ValueError: if the format cannot hold the duration of a picture.
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
    options = {"quality": 90, "method": 4} if kind == "webp" else {"disposal": 1}
    options |= {"save_all": True, "loop": 0}
    with atomic_path(path) as temporary:
        if kind == "gif":  # its durations are in hundredths of a second
            made = [x.quantize(256, dither=Image.Dither.FLOYDSTEINBERG) for x in images()]
            ends = np.round(np.cumsum(lasts) / 10).astype(int)
            lasts = [10 * max(1, int(x)) for x in np.diff(ends, prepend=0)]
        else:
            made = list(images())
        first, *rest = made
        try:
            first.save(temporary, kind, append_images=rest, duration=lasts, **options)
        except (OverflowError, struct.error):  # Pillow adds up the durations of equal frames
            raise ValueError(
                f"cannot write {path}: a picture of a GIF is shown for 655 s at most; name a .webp "
                "or a video"
            ) from None


def save_folder(folder: Path, frames: Iterable[Frame], suffix: str = ".png") -> None:
    """Write frames as images that are named by their numbers, from 1.

    Frames of an earlier, longer clip would follow the new ones, so they are removed at the end.

    Raises:
        OSError: if an image cannot be written.
    """
    make_folder(folder)
    number = 0
    for number, frame in enumerate(frames, start=1):
        image.save(folder / _name(number, suffix), frame.rgb)
    while (more := folder / _name(number := number + 1, suffix)).is_file():
        more.unlink()


def _name(number: int, suffix: str) -> str:
    return f"frame_{number:06}{suffix}"


def check_folder(folder: Path, inputs: Sequence[Path]) -> None:
    """Check whether `save_folder` would replace a file that is read.

    Raises:
        ValueError: if it would.
    """
    place = real(folder)
    for path in inputs:
        file = real(path)
        if file.parent == place and _FRAME.fullmatch(file.name):
            raise ValueError(f"a frame would replace {path}, which is read: name another folder")


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Turn the errors of Pillow's decoders within the block into one that names the file.

    Raises:
        ValueError: if a frame cannot be decoded.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise errors of many kinds
        raise ValueError(f"{path} is damaged or truncated: {one_line(error)}") from None


def _duration(frame: Image.Image) -> int:
    """The duration of a frame in milliseconds."""
    frame.load()  # before a WebP's frame is decoded, `info` has the last duration
    return int(frame.info.get("duration") or 0) or _USUAL


def _by_number(path: Path) -> list[str | int]:
    """Split the name of a file into texts and numbers, as a key to sort by."""
    parts = re.split(r"(\d+)", path.name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]
