"""What goes through a data set's mill: records in, pictures out, in parts."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

# Of the first bytes of a file, to the suffix of what follows.
_SIGNATURES = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG", ".png"), (b"RIFF", ".webp"), (b"BM", ".bmp"))


@dataclass(frozen=True)
class Part:
    """A share of a data set, made by one worker and kept whole or not at all.

    Attributes:
        name: unique, and a file's without its suffix.
        place: the file or folder that it is read from.
        items: which of what is there: names of files, or a first and a last number.
    """

    name: str
    place: str
    items: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Record:
    """An image of a data set, with all that belongs to it.

    Attributes:
        key: what it is called in its data set; what it gets follows from this.
        image: the bytes of its file, the file, or an array (H, W, 3) uint8; None if there is none.
        stem: the name that its pictures are given, but for a copy's number and the suffix.
        suffix: of its name, if it has one, such as ".jpg".
        fields: labels and all else, by name.
        error: why there is no image.
    """

    key: str
    image: bytes | Path | np.ndarray | None
    stem: str
    suffix: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture that was made.

    Attributes:
        record: of which.
        stem: its name, without a suffix.
        suffix: of its format.
        data: the content of its file; or, if the record's image is an array, another, (H, W, 3).
    """

    record: Record
    stem: str
    suffix: str
    data: Any


class TakenError(ValueError):
    """Two pictures of a part would have one name."""


class Source(Protocol):
    """A data set to be read; can be sent to other processes."""

    def parts(self) -> Sequence[Part]:
        """All of it, always in the same parts."""
        ...

    def records(self, part: Part) -> Iterator[Record]:
        """The records of a part, in their order, a few at a time in memory."""
        ...


class Writer(Protocol):
    """One part that is being written."""

    def add(self, picture: Picture) -> str:
        """Write a picture, and return where in the data set it will be.

        Raises `TakenError` for one that cannot be told from another.
        """
        ...


class Sink(Protocol):
    """A kind of data set to be written; can be sent to other processes."""

    def writer(self, part: Part, folder: Path) -> AbstractContextManager[Writer]:
        """Into an empty folder, which becomes a part of the data set's own."""
        ...


def suffix_of(data: bytes, name: str = "") -> str:
    """In lower case the suffix of an image: of its name if that has one, else of what it is.

    >>> suffix_of(b"BM......"), suffix_of(b"", ".JPG"), suffix_of(b"?")
    ('.bmp', '.jpg', '.png')
    """
    if name:
        return name.lower()
    return next((suffix for start, suffix in _SIGNATURES if data.startswith(start)), ".png")


def groups(items: Sequence[Any], most: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Items in groups of up to `most`, numbered.

    >>> list(groups("abc", 2))
    [(0, ('a', 'b')), (1, ('c',))]
    """
    for number, start in enumerate(range(0, len(items), most)):
        yield number, tuple(items[start : start + most])
