"""Data sets of TensorFlow Datasets in the format ArrayRecord, which can be read, not written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import cast

from adain_jax.datasets.records import Part, Record
from adain_jax.training.sources import tfds_source

PREFIX = "tfds:"
_open = cache(tfds_source)  # opens a data set once in each process


@dataclass(frozen=True)
class Tfds:
    """A data set `tfds:NAME:SPLIT` or `tfds:FOLDER:SPLIT`."""

    place: str
    size: int  # the number of images in a part

    def parts(self) -> list[Part]:
        """List the parts. Raises `FileNotFoundError` if the data set cannot be read."""
        name, source, _ = _open(self.place)
        name = re.sub(r"[^\w.-]+", "-", name)
        starts = range(0, len(source), self.size)
        return [
            Part(f"{name}-{i:05}", self.place, (start, min(start + self.size, len(source))))
            for i, start in enumerate(starts)
        ]

    def records(self, part: Part) -> Iterator[Record]:
        """Yield the records of a part.

        The key of each is the data set's name, version and split, and the record's number in it.
        """
        name, source, key = _open(self.place)
        for number in range(*part.items):
            fields = dict(source[number])
            data = cast(bytes, fields.pop(key))
            yield Record(f"{name}#{number}", data, f"{number:08}", fields=fields)
