"""Data sets of TensorFlow Datasets, in the format ArrayRecord; read, not written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from adain_jax.datasets.records import Part, Record
from adain_jax.training.sources import tfds_source

PREFIX = "tfds:"
_open = cache(tfds_source)  # once a process


@dataclass(frozen=True)
class Tfds:
    """`tfds:NAME:SPLIT` or `tfds:FOLDER:SPLIT`."""

    place: str
    size: int  # images to a part

    def parts(self) -> list[Part]:
        """Raises `FileNotFoundError` if it cannot be read."""
        name, source, _ = _open(self.place)
        name = re.sub(r"[^\w.-]+", "-", name)
        starts = range(0, len(source), self.size)
        return [
            Part(f"{name}-{i:05}", self.place, (start, min(start + self.size, len(source))))
            for i, start in enumerate(starts)
        ]

    def records(self, part: Part) -> Iterator[Record]:
        """The key of each is the data set's name, version, split and its number in that."""
        name, source, key = _open(self.place)
        for number in range(*part.items):
            fields: dict[str, Any] = dict(source[number])
            data = fields.pop(key)
            yield Record(f"{name}#{number}", data, f"{number:08}", fields=fields)
