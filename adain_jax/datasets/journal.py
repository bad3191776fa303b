"""The journal of a data set: a file for each finished part, written after its pictures."""

import fcntl
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from adain_jax.datasets.records import Part
from adain_jax.runtime.atomic import atomic_path, is_temporary, make_folder
from adain_jax.runtime.errors import in_words

if TYPE_CHECKING:  # imported where it is used, since it is an optional package
    import pyarrow as pa

FOLDER = "_journal"  # readers of Parquet ignore names that begin with _
MANIFEST = "_manifest.parquet"
_SETTINGS, _LOCK, _PARTS, _WORK = "settings.json", "lock", "parts", "work"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a part.

    Attributes:
        part: the name of the part.
        made: the number of pictures in it.
        failed: the images that have no picture, with the reason: `key: reason`.
    """

    part: str
    made: int
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Journal:
    """The journal of the data set in the folder `output`."""

    output: Path

    @property
    def folder(self) -> Path:
        """The folder of the journal, within the data set."""
        return self.output / FOLDER

    @property
    def bank(self) -> Path:
        """The file of all styles, which is written before any part is begun."""
        return self.folder / "bank.safetensors"

    @contextmanager
    def opened(self, settings: Mapping[str, object]) -> Iterator[None]:
        """Begin or continue a data set with these settings; no other process may within the block.

        Raises:
            OSError: if the folder cannot be written.
            ValueError: if the data set was begun with other settings, if another process is
                writing it, or if the folder holds something else.
        """
        self._check_content()
        make_folder(self.folder)
        with (self.folder / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"{self.output} is being written by another process") from None
            self._check(settings)
            self._clear()
            try:
                yield
            finally:
                self._clear()

    def finished(self, parts: Sequence[Part]) -> dict[str, Path]:
        """The journal's files of the parts that are finished, by the names of the parts."""
        there = ((part.name, self._entry(part.name)) for part in parts)
        return {name: path for name, path in there if path.exists()}

    @contextmanager
    def writing(self, part: Part) -> Iterator[Path]:
        """Create a folder for a part's files. If the block succeeds, they move to the data set.

        Other workers may have begun the same part, and may have been killed at any time.

        Raises:
            OSError: if a file cannot be written.
        """
        work = self.folder / _WORK / uuid.uuid4().hex
        make_folder(work)
        try:
            yield work
            for path in sorted(x for x in work.rglob("*") if x.is_file()):
                target = self.output / path.relative_to(work)
                make_folder(target.parent)
                path.replace(target)
        except OSError as error:  # errors of reading images do not get here
            told = type(error)(f"cannot write {self.output}: {in_words(error)}")
            told.errno = error.errno
            raise told from None
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def note(self, part: Part, rows: Sequence[dict[str, object]]) -> None:
        """Write that a part is finished, with a row of the manifest for each picture."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self._entry(part.name)
        make_folder(path.parent)
        # Files are opened here, since pyarrow takes only names in UTF-8.
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            pq.write_table(pa.Table.from_pylist(list(rows), schema()), file)

    def outcome(self, name: str) -> Outcome:
        """Read the outcome of a finished part."""
        rows = self._rows(name).select(["source", "output", "error"]).to_pylist()
        failed = tuple(f"{row['source']}: {row['error']}" for row in rows if row["error"])
        return Outcome(name, sum(row["output"] is not None for row in rows), failed)

    def write_manifest(self, parts: Sequence[Part]) -> Path:
        """Write one file with the rows of all parts, in order, with one part at a time in memory.

        Returns the path of the file.
        """
        import pyarrow.parquet as pq

        path = self.output / MANIFEST
        with (
            atomic_path(path) as temporary,
            temporary.open("wb") as file,
            pq.ParquetWriter(file, schema()) as writer,
        ):
            for part in parts:
                writer.write_table(self._rows(part.name))
        return path

    def _rows(self, name: str) -> "pa.Table":
        """The rows of a finished part."""
        import pyarrow.parquet as pq

        with self._entry(name).open("rb") as file:
            return pq.read_table(file, schema=schema())

    def _entry(self, name: str) -> Path:
        return self.folder / _PARTS / f"{name}.parquet"

    def _clear(self) -> None:
        shutil.rmtree(self.folder / _WORK, ignore_errors=True)
        for stray in (*self.folder.rglob(".*"), *self.output.glob(".*.parquet")):
            if is_temporary(stray):  # left by a process that was killed
                stray.unlink(missing_ok=True)

    def _check_content(self) -> None:
        if (self.folder / _SETTINGS).exists() or not self.output.is_dir():
            return
        others = [x.name for x in self.output.iterdir() if x.name != FOLDER]
        if others:
            raise ValueError(
                f"{self.output} holds {min(others)}, and no data set that was begun here: name a "
                "new folder"
            )

    def _check(self, settings: Mapping[str, object]) -> None:
        path = self.folder / _SETTINGS
        now = json.loads(json.dumps(settings))
        before = json.loads(path.read_text()) if path.exists() else {}
        changed = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
        if changed and self.bank.exists():  # without styles, nothing was made yet
            told = "; ".join(f"{k}: {before.get(k)}, now {now.get(k)}" for k in changed)
            raise ValueError(
                f"{self.output} was begun with other settings ({told}): name a new folder, or give "
                "those again"
            )
        if changed:
            with atomic_path(path) as temporary:
                temporary.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")


def schema() -> "pa.Schema":
    """The columns of the manifest."""
    import pyarrow as pa

    text, number = pa.string(), pa.int32()
    return pa.schema(
        [
            pa.field("source", text, nullable=False),  # the image's key
            ("copy", number),
            ("output", text),  # null if the picture could not be made
            ("style", text),
            ("style_number", number),
            ("alpha", pa.float32()),
            ("top", number),  # the upper edge of the crop
            ("left", number),
            ("model", text),
            ("weights", text),  # a checksum
            ("version", text),
            ("error", text),
        ]
    )
