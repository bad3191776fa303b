"""Data sets in WebDataset's shards: tar files, of which all members of one name are one sample."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from adain_jax.datasets.folders import as_json
from adain_jax.datasets.records import Part, Picture, Record, TakenError
from adain_jax.files import image
from adain_jax.runtime.errors import in_words

SUFFIX = ".tar"
_JSON = "json"
_TAIL = 1 << 16  # bytes looked at behind the last member


@dataclass(frozen=True)
class Shards:
    """Shards, each a part of its own."""

    files: tuple[Path, ...]
    top: Path

    def parts(self) -> list[Part]:
        """In the order of their names."""
        return [Part(part_name(path, self.top), str(path)) for path in self.files]

    def records(self, part: Part) -> Iterator[Record]:
        """Samples in the order of the shard. Where it cannot be read on, the last says so."""
        stem, members = "", {}
        try:
            # From one member to the next, without a list of all that grows.
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
                    tar.members = []  # type: ignore[attr-defined]
                _check_end(part.place, tar.offset)
        except (tarfile.TarError, OSError, EOFError) as error:
            where = f"from {stem} on" if members else f"after {stem or 'its start'}"
            what = f"cannot be read {where}: {in_words(error)}"
            yield Record(Path(part.place).name, None, "", error=what)
        else:
            if members:
                yield _sample(stem, members)


def _check_end(path: str, offset: int) -> None:
    """Python's tarfile takes a damaged header for the end, behind which there are zeros alone."""
    with Path(path).open("rb") as file:
        file.seek(offset)
        if any(file.read(_TAIL)):
            raise tarfile.ReadError("damaged header")


def part_name(path: Path, top: Path) -> str:
    """That of a file's part: its name within the folder of all, without its suffix.

    >>> part_name(Path("in/train/7.tar"), Path("in"))
    'train/7'
    """
    return path.relative_to(top).with_suffix("").as_posix()


def _split(name: str) -> tuple[str, str]:
    """A member's name up to the first dot of its last part, and what follows, as WebDataset does.

    >>> _split("./a.b/dog.seg.png")
    ('a.b/dog', 'seg.png')
    """
    path = PurePosixPath(name)
    first, _, extension = path.name.partition(".")
    return (path.parent / first).as_posix(), extension.lower()


def _sample(stem: str, members: dict[str, bytes]) -> Record:
    images = [name for name in members if f".{name}" in image.READABLE]
    if not images:
        found = " ".join(f".{name}" for name in members)
        return Record(stem, None, stem, error=f"has no image among its members {found}")
    first, *_ = images
    fields = {name: data for name, data in members.items() if name != first}
    return Record(stem, members[first], stem, f".{first}", fields)


@dataclass(frozen=True)
class ShardSink:
    """Each part a shard; a picture and each of its fields are members, what is no bytes is JSON."""

    @contextmanager
    def writer(self, part: Part, folder: Path) -> Iterator["_ShardWriter"]:
        """One file."""
        path = folder / f"{part.name}{SUFFIX}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            yield _ShardWriter(tar, f"{part.name}{SUFFIX}")


class _ShardWriter:
    def __init__(self, tar: tarfile.TarFile, name: str) -> None:
        self._tar, self._name = tar, name
        self._stems: set[str] = set()

    def add(self, picture: Picture) -> str:
        path = PurePosixPath(picture.stem)  # a dot in its last part would end the sample's name
        stem = (path.parent / path.name.replace(".", "_")).as_posix()
        if stem in self._stems:
            raise TakenError(f"{stem} is the name of another in this part, too")
        self._stems.add(stem)
        self._write(f"{stem}{picture.suffix}", picture.data)
        fields = picture.record.fields
        others = {name: value for name, value in fields.items() if not isinstance(value, bytes)}
        for name, value in fields.items():
            if name not in others:
                self._write(f"{stem}.{name}", value)
        if others:
            self._write(f"{stem}.{_JSON}", as_json(others))
        return f"{self._name}/{stem}{picture.suffix}"

    def _write(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)  # of no time and no owner: equal pictures are equal files
        member.size = len(data)
        self._tar.addfile(member, io.BytesIO(data))
        self._tar.members = []  # type: ignore[attr-defined]
