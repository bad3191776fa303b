"""Makes pictures from records: decode, choose, crop, stylize, encode."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from adain_jax.datasets.choice import Choice, choose
from adain_jax.datasets.records import Picture, Record, suffix_of
from adain_jax.datasets.task import Look, Tools
from adain_jax.files import image
from adain_jax.inference.request import Request
from adain_jax.inference.stream import rendered
from adain_jax.jobs.failures import FAILURES, in_words
from adain_jax.model.arguments import check_pixels
from adain_jax.runtime import errors
from adain_jax.runtime.threads import in_threads

_WAITING = 2  # the number of images that are decoded or encoded ahead, per thread


@dataclass(frozen=True)
class Copy:
    """A planned picture of a record.

    Attributes:
        number: the number of the copy.
        choice: its style, strength and place.
        corner: the top and left of its crop, or None.
    """

    number: int
    choice: Choice
    corner: tuple[int, int] | None


@dataclass(frozen=True)
class Made:
    """The outcome of a copy, or of a record that could not be read.

    Attributes:
        record: the record.
        copy: the copy; None if the record could not be read.
        picture: the picture, if it was made.
        error: the reason if it was not made.
    """

    record: Record
    copy: Copy | None = None
    picture: Picture | None = None
    error: str = ""


@dataclass(frozen=True)
class _Read:
    """A record's image, (H, W, 3) uint8, or the error, with the copies that are planned."""

    record: Record
    rgb: np.ndarray | None = None
    alpha: np.ndarray | None = None
    suffix: str = ""
    error: str = ""
    copies: list[Copy] = field(default_factory=list)


def make(records: Iterable[Record], look: Look, tools: Tools) -> Iterator[Made]:
    """Make the pictures of records; yield outcomes in the order of records and of copies.

    A picture depends on its record's key and image, the look, the bank, the model and the batch
    size, but not on other records.
    """
    waiting: deque[_Read | tuple[_Read, Copy]] = deque()
    ahead = _WAITING * tools.threads

    def requests() -> Iterator[Request]:
        decoded = in_threads(
            lambda record: _read(record, look, len(tools.bank)), records, tools.threads, ahead
        )
        for read in decoded:
            if read.rgb is None:
                waiting.append(read)
                continue
            for copy in read.copies:
                waiting.append((read, copy))
                content = _cut(read.rgb, copy, look)
                style = tools.bank[copy.choice.style]
                yield Request(content, style, np.float32(copy.choice.alpha))

    def results() -> Iterator[Made | tuple[_Read, Copy, np.ndarray]]:
        def unread() -> Iterator[Made]:
            while waiting and isinstance(waiting[0], _Read):
                read = waiting.popleft()
                assert isinstance(read, _Read)
                yield Made(read.record, error=read.error)

        for rgb in rendered(tools.model, requests(), batch_size=tools.batch):
            yield from unread()
            whose = waiting.popleft()
            assert isinstance(whose, tuple)
            yield *whose, rgb
        yield from unread()

    def encode(result: Made | tuple[_Read, Copy, np.ndarray]) -> Made:
        return result if isinstance(result, Made) else _encode(*result, look)

    yield from in_threads(encode, results(), tools.threads, ahead)


def _read(record: Record, look: Look, styles: int) -> _Read:
    if record.image is None:
        return _Read(record, error=record.error or "there is no image")
    try:
        rgb, alpha, suffix = _decode(record.image, record, look)
        height, width = rgb.shape[:2]
        if min(height, width) < look.crop:
            raise ValueError(f"has {width} x {height} pixels, too few for a crop of {look.crop}")
        if suffix:  # arrays have none
            sides = (look.crop, look.crop) if look.crop else (height, width)
            image.check_fits(f"{record.stem}{suffix}", *sides)
    except FAILURES as error:
        told = in_words(error, record.key, "--size")
        words = errors.in_words(told).removeprefix(record.key).removeprefix(":").strip()
        # It waits among the pictures before it, without its bytes.
        return _Read(replace(record, image=None, fields={}), error=words)
    choices = choose(look.seed, record.key, look.per_image, styles, look.alpha)
    copies = [
        Copy(i, choice, choice.corner(height, width, look.crop) if look.crop else None)
        for i, choice in enumerate(choices)
    ]
    return _Read(record, rgb, alpha, suffix, "", copies)


def _decode(
    content: bytes | Path | np.ndarray, record: Record, look: Look
) -> tuple[np.ndarray, np.ndarray | None, str]:
    """Decode an image to its colours, its transparency and the suffix of its pictures."""
    if isinstance(content, np.ndarray):
        if content.dtype != np.uint8 or content.ndim != 3 or content.shape[-1] != 3:
            raise ValueError(f"is no array (H, W, 3) uint8, but {content.dtype} {content.shape}")
        return np.asarray(check_pixels("image", content)), None, ""
    data = content if isinstance(content, bytes) else content.read_bytes()
    loaded = image.decode(data, record.key, size=look.size, as_bytes=True)
    return np.asarray(check_pixels("image", loaded.rgb)), loaded.alpha, _suffix(data, record, look)


def _suffix(data: bytes, record: Record, look: Look) -> str:
    if look.format:
        return look.format
    suffix = suffix_of(data, record.suffix)
    return suffix if suffix in image.WRITABLE else ".png"


def _cut(pixels: np.ndarray, copy: Copy, look: Look) -> np.ndarray:
    if copy.corner is None:
        return pixels
    top, left = copy.corner
    return np.ascontiguousarray(pixels[top : top + look.crop, left : left + look.crop])


def _encode(read: _Read, copy: Copy, rgb: np.ndarray, look: Look) -> Made:
    alpha = None if read.alpha is None else _cut(read.alpha, copy, look)
    stem = read.record.stem + (f"_{copy.number}" if look.per_image > 1 else "")
    if isinstance(read.record.image, np.ndarray):
        return Made(read.record, copy, Picture(read.record, stem, "", rgb))
    try:
        data = image.encode(read.suffix, rgb, alpha, quality=look.quality)
    except (OSError, ValueError) as error:  # for example, too many pixels for the format
        return Made(read.record, copy, error=f"cannot be written: {errors.in_words(error)}")
    return Made(read.record, copy, Picture(read.record, stem, read.suffix, data))
