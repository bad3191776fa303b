"""The kinds of data sets, and functions that recognise and open them."""

from contextlib import suppress
from pathlib import Path

from adain_jax.datasets import shards, tables, tfds
from adain_jax.datasets.folders import Folder, FolderSink
from adain_jax.datasets.records import Sink, Source
from adain_jax.datasets.shards import Shards, ShardSink
from adain_jax.datasets.tables import Tables, TableSink
from adain_jax.datasets.tfds import Tfds
from adain_jax.files import find

FOLDER, WEBDATASET, PARQUET, TFDS = "folder", "webdataset", "parquet", "tfds"
_SUFFIXES = {WEBDATASET: shards.SUFFIX, PARQUET: tables.SUFFIX}


def kind_of(place: str, kind: str | None = None) -> str:
    """The kind of a data set; `kind` is the one that the user gives, if any.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        ValueError: if a file is of no kind, or a folder holds several kinds.
    """
    if place.startswith(tfds.PREFIX):
        return TFDS
    if kind:
        return kind
    path = Path(place)
    if not path.exists():
        raise FileNotFoundError(f"no such file or folder: {place}")
    if path.is_file():
        for name, suffix in _SUFFIXES.items():
            if path.suffix == suffix:
                return name
        raise ValueError(f"{place} is no folder of images, and neither .tar nor .parquet")
    found = [name for name, suffix in _SUFFIXES.items() if _files(path, suffix)]
    with suppress(FileNotFoundError):
        found += [FOLDER] if found and find.images(path) else []
    if len(found) > 1:
        raise ValueError(f"{place} holds several kinds, {' and '.join(found)}: name one by --from")
    return found[0] if found else FOLDER


def open_source(place: str, kind: str, size: int, column: str = "") -> Source:
    """Open a data set for reading, in parts of `size` images unless its files define the parts.

    Raises:
        FileNotFoundError: if there is no file of that kind.
    """
    if kind == TFDS:
        return Tfds(place, size)
    path = Path(place).absolute()
    if kind == FOLDER:
        return Folder(path, size)
    files = (path,) if path.is_file() else _files(path, _SUFFIXES[kind])
    if not files or not path.exists():
        raise FileNotFoundError(f"no {_SUFFIXES[kind]} file in {place}")
    top = path.parent if path.is_file() else path
    return Shards(files, top) if kind == WEBDATASET else Tables(files, top, size, column)


def open_sink(kind: str, source: str, column: str = "") -> Sink:
    """A sink that writes a data set of a kind, made from one of the kind `source`."""
    if kind == FOLDER:
        return FolderSink(by_part=source != FOLDER)
    if kind == WEBDATASET:
        return ShardSink()
    return TableSink(column, extends=source == PARQUET)


def _files(folder: Path, suffix: str) -> tuple[Path, ...]:
    """The files in a folder and its subfolders, sorted, without names that begin with . or _."""
    files = find.walk(folder, hidden=(".", "_"))
    return tuple(sorted(x for x in files if x.name.endswith(suffix) and x.name[0] not in "._"))
