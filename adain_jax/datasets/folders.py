"""Data sets that are folders of images, with a folder for each class."""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from adain_jax.datasets.records import (
    NameRefusedError,
    Part,
    Picture,
    Record,
    check_within,
    groups,
    renamed,
)
from adain_jax.files import find
from adain_jax.runtime.atomic import make_folder

CLASS = "class"  # the field that holds the folder of an image
_LONGEST = 255  # bytes of the name of a file
_JSON = ".json"


@dataclass(frozen=True)
class Folder:
    """A tree of images. The class of an image is the folder that it is in."""

    place: Path
    size: int  # the number of images in a part

    def parts(self) -> list[Part]:
        """List the parts.

        Raises:
            FileNotFoundError: if there is no image.
            ValueError: if two names differ only in their suffix.
        """
        names = [path.relative_to(self.place).as_posix() for path in find.images(self.place)]
        stems: dict[str, str] = {}
        for name in names:
            if other := stems.get(_stem(name)):
                raise ValueError(
                    f"{self.place}: {other} and {name} would become one picture's name: rename one"
                )
            stems[_stem(name)] = name
        return [
            Part(f"part-{number:05}", str(self.place), group)
            for number, group in groups(names, self.size)
        ]

    def records(self, part: Part) -> Iterator[Record]:
        """Yield the records of a part. The key of each is its name within the folder."""
        for name in part.items:
            path = PurePosixPath(name)
            label = path.parent.as_posix()
            fields = {} if label == "." else {CLASS: label}
            yield Record(name, Path(part.place, name), _stem(name), path.suffix, fields)


@dataclass(frozen=True)
class FolderSink:
    """Writes each picture as a file, and its fields in files beside it.

    The class is not written if the picture's folder has its name.

    Attributes:
        by_part: whether each part has its own folder, because names are unique only within parts.
    """

    by_part: bool

    @contextmanager
    def writer(self, part: Part, folder: Path) -> Iterator["_FolderWriter"]:
        """Open a writer into `folder`, whose files have their final names."""
        yield _FolderWriter(folder, part.name if self.by_part else "")


class _FolderWriter:
    def __init__(self, folder: Path, within: str) -> None:
        self._folder, self._within = folder, within
        self._stems: set[str] = set()

    def add(self, picture: Picture) -> str:
        check_within(picture.stem)
        stem = "/".join(filter(None, (self._within, picture.stem)))
        if stem in self._stems:
            raise NameRefusedError(f"{stem} is the name of another in this part, too")
        fields = dict(picture.record.fields)
        if fields.get(CLASS) == PurePosixPath(stem).parent.as_posix():
            del fields[CLASS]
        others = beside(fields, picture.suffix)
        suffixes = (picture.suffix, *others)
        suffix = max(suffixes, key=lambda x: len(os.fsencode(x)))
        longest = max(len(os.fsencode(part)) for part in f"{stem}{suffix}".split("/"))
        if any("\0" in x for x in (stem, *suffixes)) or longest > _LONGEST:
            raise NameRefusedError(f"{stem!r:.60} is no name of a file")
        self._stems.add(stem)
        make_folder((self._folder / stem).parent)
        Path(self._folder, stem + picture.suffix).write_bytes(picture.data)
        for suffix, data in others.items():
            Path(self._folder, stem + suffix).write_bytes(data)
        return stem + picture.suffix


def beside(fields: Mapping[str, object], suffix: str) -> dict[str, bytes]:
    """The contents of the files beside a picture, by their suffixes.

    Each field of bytes is a file, and all other fields are one of JSON. A slash in the name of a
    field becomes `_` in its suffix. A field whose file would have the suffix of the picture, of
    this JSON or of another field gets a trailing `_`.

    >>> beside({"png": b"mask", "cls": b"3", "label": 3}, ".png")
    {'.png_': b'mask', '.cls': b'3', '.json': b'{"label": 3}'}
    >>> beside({"image/id": b"3"}, ".png")
    {'.image_id': b'3'}
    """
    others = {name: value for name, value in fields.items() if not isinstance(value, bytes)}
    named: dict[str, bytes] = {}
    for name, value in fields.items():
        if isinstance(value, bytes):
            new = name.replace("/", "_")
            while new != name and (new in fields or f".{new}" in named):
                new += "_"
            named[f".{new}"] = value
    files = renamed(named, {suffix, _JSON} if others else {suffix})
    return files | ({_JSON: as_json(others)} if others else {})


def as_json(fields: Mapping[str, object]) -> bytes:
    """Encode fields as JSON: arrays as lists, nested bytes in base64.

    >>> as_json({"label": np.int64(3)})
    b'{"label": 3}'
    """

    def plain(value: object) -> object:
        if isinstance(value, np.ndarray | np.generic):
            return value.tolist()
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        return str(value)

    return json.dumps(fields, default=plain).encode()


def _stem(name: str) -> str:
    return PurePosixPath(name).with_suffix("").as_posix()
