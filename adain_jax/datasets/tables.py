"""Data sets in Parquet, with a column of images."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from adain_jax.datasets.records import Part, Picture, Record, renamed
from adain_jax.datasets.shards import part_name
from adain_jax.runtime.text import printable

if TYPE_CHECKING:  # imported where it is used, since it is an optional package
    import pyarrow as pa
    import pyarrow.parquet as pq

SUFFIX = ".parquet"
_BYTES = "bytes"  # the field of an image's bytes, beside its path, in data sets of Hugging Face
_IMAGES = ("image", "img", "picture", "photo", "jpg", "jpeg", "png", "webp")
_KEYS = ("key", "__key__")
_ROWS = 64  # the number of rows that are in memory at once
_GROUP = 256  # the number of rows in a row group that is written


@dataclass(frozen=True)
class Tables:
    """Parquet files. A part consists of whole row groups with at least `size` rows.

    The last part of a file may have fewer.
    """

    files: tuple[Path, ...]
    top: Path
    size: int  # the least number of rows in a part
    column: str = ""  # the name of the column of images; empty: the only candidate

    def parts(self) -> list[Part]:
        """List the parts.

        Raises:
            ValueError: if a file is damaged or not Parquet, or its column of images is ambiguous.
        """
        parts = []
        for path in self.files:
            try:
                with _opened(path) as file:
                    metadata = file.metadata
                    self._columns(file.schema_arrow, path)
            except _errors() as error:
                raise ValueError(f"{path} is no Parquet file, or damaged: {error}") from None
            rows = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
            name, start, count = part_name(path, self.top), 0, 0
            found = []
            for i, more in enumerate(rows):
                count += more
                if count >= self.size or i == len(rows) - 1:
                    found.append((start, i + 1, sum(rows[:start])))
                    start, count = i + 1, 0
            numbered = len(found) > 1
            for number, items in enumerate(found):
                parts.append(Part(f"{name}-{number:05}" if numbered else name, str(path), items))
        return parts

    def records(self, part: Part) -> Iterator[Record]:
        """Yield the records of a part.

        The key of each is in the column `key` or `__key__`, or else the file's name and the row. If
        the rest of a part is damaged, the last record says so.
        """
        path, (start, stop, row) = Path(part.place), part.items
        name = part_name(path, self.top)
        try:
            with _opened(path) as file:
                image, key = self._columns(file.schema_arrow, path)
                groups = list(range(start, stop))
                for batch in file.iter_batches(_ROWS, row_groups=groups):
                    for fields in batch.to_pylist():
                        yield _record(fields, image, key, f"{name}-{row:08}")
                        row += 1
        except (OSError, *_errors()) as error:
            what = f"cannot be read on from row {row}: {error}"
            yield Record(path.name, None, "", error=what)

    def _columns(self, schema: "pa.Schema", path: Path) -> tuple[str, str | None]:
        """The names of the columns of images and of keys."""
        import pyarrow as pa

        def holds(kind: "pa.DataType") -> bool:
            if pa.types.is_struct(kind):
                return any(kind.field(i).name == _BYTES for i in range(kind.num_fields))
            return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)

        found = [x.name for x in schema if holds(x.type)]
        if self.column and self.column not in found:
            raise ValueError(f"{path}: {self.column} is no column of images; such are {found}")
        named = [name for name in found if name.lower() in _IMAGES]
        candidates = [self.column] if self.column else found if len(found) == 1 else named
        if len(candidates) != 1:
            raise ValueError(
                f"{path}: which column holds the images, of {found or schema.names}, is unclear: "
                "name it by --image-column"
            )
        texts = [x.name for x in schema if x.name in _KEYS and _is_text(x.type)]
        return candidates[0], (texts[0] if texts else None)


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


@contextmanager
def _opened(path: Path) -> "Iterator[pq.ParquetFile]":
    """Open a Parquet file by a file object, since pyarrow takes only names in UTF-8."""
    import pyarrow.parquet as pq

    with path.open("rb") as file, pq.ParquetFile(file) as table:
        yield table


def _errors() -> tuple[type[Exception], ...]:
    import pyarrow as pa

    return (pa.ArrowInvalid, pa.ArrowException)


def _record(fields: dict[str, Any], column: str, key: str | None, name: str) -> Record:
    value = fields.get(column)
    data = value.get(_BYTES) if isinstance(value, dict) else value
    del fields[column]
    if isinstance(value, dict):  # the other fields of the image, such as its path
        fields[column] = {name: x for name, x in value.items() if name != _BYTES}
    known = fields.get(key) if key else None
    stem = known.replace("\\", "/").strip("/") if known else name
    stem = "/".join(part for part in stem.split("/") if part not in ("", ".", "..")) or name
    error = "" if data else f"has no image in its column {column}"
    return Record(known or name, data or None, stem, fields=fields, error=error)


@dataclass(frozen=True)
class TableSink:
    """Writes each part as a file.

    Rows from Parquet keep their columns. Other records get the columns `key` and `image`, or
    `column` if it is given, beside their fields.
    """

    column: str = "image"
    extends: bool = False  # whether the source is Parquet, too

    @contextmanager
    def writer(self, part: Part, folder: Path) -> Iterator["_TableWriter"]:
        """Open a writer of one file."""
        path = folder / f"{part.name}{SUFFIX}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            writer = _TableWriter(file, f"{part.name}{SUFFIX}", self, part)
            try:
                yield writer
                writer.flush()
            finally:
                writer.close()
        if not path.stat().st_size:  # an empty file is no table
            path.unlink()


class _TableWriter:
    def __init__(self, file: IO[bytes], name: str, sink: TableSink, part: Part) -> None:
        self._file, self._name, self._sink, self._part = file, name, sink, part
        self._rows: list[dict[str, object]] = []
        self._count = 0
        self._writer: pq.ParquetWriter | None = None

    @cached_property
    def _source(self) -> "tuple[pa.Schema, str] | None":
        """The schema and the column of images of the source; None if that is not Parquet."""
        if not self._sink.extends:
            return None
        with _opened(Path(self._part.place)) as file:
            schema = file.schema_arrow
        column, _ = Tables((), Path(), 0, self._sink.column)._columns(
            schema, Path(self._part.place)
        )
        return schema, column

    def add(self, picture: Picture) -> str:
        fields = dict(picture.record.fields)
        if self._source:
            _, column = self._source
            before = fields.get(column)
            fields[column] = (
                {**before, _BYTES: picture.data} if isinstance(before, dict) else picture.data
            )
        else:
            name = self._sink.column or _IMAGES[0]
            fields = {"key": picture.stem, name: picture.data, **renamed(fields, ("key", name))}
        self._rows.append(fields)
        self._count += 1
        if len(self._rows) == _GROUP:
            self.flush()
        return f"{self._name}#{self._count - 1}"

    def flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._rows and not self._source:
            return
        if self._source:
            schema, _ = self._source
            table = pa.Table.from_pylist(self._rows, schema)
        else:
            names = list(dict.fromkeys(name for row in self._rows for name in row))
            columns = {printable(n): [_plain(row.get(n)) for row in self._rows] for n in names}
            table = pa.table(columns)
            if self._writer:  # the first rows decide the columns and types
                table = _fitted(table, self._writer.schema, self._name)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema)
        self._writer.write_table(table)
        self._rows = []

    def close(self) -> None:
        if self._writer:
            self._writer.close()


def _fitted(table: "pa.Table", schema: "pa.Schema", name: str) -> "pa.Table":
    import pyarrow as pa

    more = [column for column in table.column_names if column not in schema.names]
    if more:
        raise ValueError(f"{name}: some samples have {', '.join(more)}, and the first have not")
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _plain(value: object) -> object:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {name: _plain(x) for name, x in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(x) for x in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
