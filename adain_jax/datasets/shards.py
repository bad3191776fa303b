"""Data sets of WebDataset's shards: tar files, whose members of the same name are a sample."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from adain_jax.datasets.folders import beside
from adain_jax.datasets.records import NameRefusedError, Part, Picture, Record, check_within
from adain_jax.files import find
from adain_jax.runtime.errors import in_words

SUFFIX = ".tar"
_TAIL = 1 << 16  # the number of bytes behind the last member that are checked


@dataclass(frozen=True)
class Shards:
    """Shards. Each one is a part."""

    files: tuple[Path, ...]
    top: Path

    def parts(self) -> list[Part]:
        """List the parts, in the order of the files."""
        return [Part(part_name(path, self.top), str(path)) for path in self.files]

    def records(self, part: Part) -> Iterator[Record]:
        """Yield the samples of a shard. If the rest of it is damaged, the last record says so."""
        stem, members = "", {}
        try:
            # The tar file is read as a stream, without the growing list of all members.
            with tarfile.open(part.place, "r|") as tar:
                for member in tar:
                    if not member.isfile() or PurePosixPath(member.name).name.startswith("."):
                        continue
                    this, extension = _split(member.name)
                    if members and this != stem:
                        yield _sample(stem, members)
                        members = {}
                    file = tar.extractfile(member)
                    stem, members[extension] = this, file.read() if file else b""
                    _forget(tar)
                _check_end(part.place, tar.offset)
        except (tarfile.TarError, OSError, EOFError) as error:
            where = f"from {stem} on" if members else f"after {stem or 'its start'}"
            what = f"cannot be read {where}: {in_words(error)}"
            yield Record(Path(part.place).name, None, "", error=what)
        else:
            if members:
                yield _sample(stem, members)


def _check_end(path: str, offset: int) -> None:
    """Raise `ReadError` unless zeros follow: Python's tarfile reads a damaged header as the end."""
    with Path(path).open("rb") as file:
        file.seek(offset)
        if any(file.read(_TAIL)):
            raise tarfile.ReadError("damaged header")


def part_name(path: Path, top: Path) -> str:
    """The name of a file's part: its name within the folder `top`, without its suffix.

    >>> part_name(Path("in/train/7.tar"), Path("in"))
    'train/7'
    """
    return path.relative_to(top).with_suffix("").as_posix()


def _split(name: str) -> tuple[str, str]:
    """Split a member's name at the first dot of its last component, as WebDataset does.

    >>> _split("./a.b/dog.seg.png")
    ('a.b/dog', 'seg.png')
    """
    path = PurePosixPath(name)
    first, _, extension = path.name.partition(".")
    return (path.parent / first).as_posix(), extension.lower()


def _sample(stem: str, members: dict[str, bytes]) -> Record:
    images = [name for name in members if f".{name}" in find.READABLE]
    if not images:
        found = " ".join(f".{name}" for name in members)
        return Record(stem, None, stem, error=f"has no image among its members {found}")
    first, *_ = images
    fields = {name: data for name, data in members.items() if name != first}
    return Record(stem, members[first], stem, f".{first}", fields)


@dataclass(frozen=True)
class ShardSink:
    """Writes each part as a shard.

    A picture is a member, and so is each of its fields of bytes; all other fields are one of JSON.
    """

    @contextmanager
    def writer(self, part: Part, folder: Path) -> Iterator["_ShardWriter"]:
        """Open a writer of one tar file."""
        path = folder / f"{part.name}{SUFFIX}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            yield _ShardWriter(tar, f"{part.name}{SUFFIX}")


class _ShardWriter:
    def __init__(self, tar: tarfile.TarFile, name: str) -> None:
        self._tar, self._name = tar, name
        self._stems: set[str] = set()

    def add(self, picture: Picture) -> str:
        check_within(picture.stem)
        path = PurePosixPath(picture.stem)  # a dot in its last part would end the sample's name
        stem = (path.parent / path.name.replace(".", "_")).as_posix()
        if stem in self._stems:
            raise NameRefusedError(f"{stem} is the name of another in this part, too")
        self._stems.add(stem)
        self._write(f"{stem}{picture.suffix}", picture.data)
        for suffix, data in beside(picture.record.fields, picture.suffix).items():
            self._write(stem + suffix, data)
        return f"{self._name}/{stem}{picture.suffix}"

    def _write(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)  # without time and owner: equal pictures give equal files
        member.size = len(data)
        self._tar.addfile(member, io.BytesIO(data))
        _forget(self._tar)


def _forget(tar: tarfile.TarFile) -> None:
    """Empty the list of all members so far, which Python's tarfile keeps."""
    tar.members = []  # type: ignore[attr-defined]
