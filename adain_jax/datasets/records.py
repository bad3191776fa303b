"""Types of data sets: records, which are read, and pictures, which are written, in parts."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, TypeVar

import numpy as np

_Item = TypeVar("_Item")
# The first bytes of a file, and the suffix of its format.
_SIGNATURES = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG", ".png"), (b"RIFF", ".webp"), (b"BM", ".bmp"))


@dataclass(frozen=True)
class Part:
    """A part of a data set. One worker makes it, whole or not at all.

    Attributes:
        name: a unique name, which is that of a file without its suffix.
        place: the file, folder or dataset that it is read from.
        items: the items of the place that belong to the part: names of files, or numbers that give
            a range; none if it is the whole file.
    """

    name: str
    place: str
    items: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Record:
    """An image of a data set, with its labels and other fields.

    Attributes:
        key: the name of the image in its data set, which decides its random choices.
        image: the bytes of its file, the file, or an array (H, W, 3) uint8; None if there is none.
        stem: the name of its pictures, without the number of a copy and the suffix.
        suffix: the suffix of its name, such as ".jpg", if it has one.
        fields: labels and all other fields, by name.
        error: the reason if there is no image.
    """

    key: str
    image: bytes | Path | np.ndarray | None
    stem: str
    suffix: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Picture:
    """A finished picture.

    Attributes:
        record: the record that it was made from.
        stem: its name, without a suffix.
        suffix: the suffix of its format.
        data: the content of its file; or, if the record's image is an array, an array (H, W, 3).
    """

    record: Record
    stem: str
    suffix: str
    data: Any


class NameRefusedError(ValueError):
    """A picture cannot have its name.

    Another picture of the part has the name, no file can have it, or it leads to another folder.
    """


class Source(Protocol):
    """A data set to be read; can be sent to other processes."""

    def parts(self) -> Sequence[Part]:
        """List the parts of the data set, which are always the same."""
        ...

    def records(self, part: Part) -> Iterator[Record]:
        """Yield the records of a part, in their order, with a few at a time in memory."""
        ...


class Writer(Protocol):
    """Writes one part."""

    def add(self, picture: Picture) -> str:
        """Write a picture, and return its place in the data set.

        Raises `NameRefusedError` if the picture cannot have its name.
        """
        ...


class Sink(Protocol):
    """A kind of data set to be written; can be sent to other processes."""

    def writer(self, part: Part, folder: Path) -> AbstractContextManager[Writer]:
        """Open a writer into an empty folder, whose files will move to the data set's folder."""
        ...


def check_within(stem: str) -> None:
    """Raise `NameRefusedError` if a name could lead out of its folder, as `../a` and `/a` do."""
    path = PurePosixPath(stem)
    if path.is_absolute() or ".." in path.parts:
        raise NameRefusedError(f"{stem!r:.60} begins with / or has .. in it: rename it")


def renamed(fields: Mapping[str, _Item], taken: Collection[str]) -> dict[str, _Item]:
    """Append `_` to the names of fields that are `taken`, until no other field has the new name.

    >>> renamed({"png": b"mask", "png_": b"depth", "cls": b"3"}, {"png"})
    {'png__': b'mask', 'png_': b'depth', 'cls': b'3'}
    """
    found: dict[str, _Item] = {}
    for name, value in fields.items():
        new = name
        while name in taken and new in {*taken, *fields, *found}:
            new += "_"
        found[new] = value
    return found


def suffix_of(data: bytes, name: str = "") -> str:
    """The suffix of an image, in lower case: that of `name`, if any, or else by its first bytes.

    >>> suffix_of(b"BM......"), suffix_of(b"", ".JPG"), suffix_of(b"?")
    ('.bmp', '.jpg', '.png')
    """
    if name:
        return name.lower()
    return next((suffix for start, suffix in _SIGNATURES if data.startswith(start)), ".png")


def groups(items: Sequence[_Item], most: int) -> Iterator[tuple[int, tuple[_Item, ...]]]:
    """Yield items in groups of up to `most`, with the number of each group.

    >>> list(groups("abc", 2))
    [(0, ('a', 'b')), (1, ('c',))]
    """
    for number, start in enumerate(range(0, len(items), most)):
        yield number, tuple(items[start : start + most])
