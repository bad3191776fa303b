"""Stylizes a data set, in a run that can be interrupted and continued."""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import jax
import numpy as np

from adain_jax.datasets import task
from adain_jax.datasets.bank import Bank
from adain_jax.datasets.journal import Journal, Outcome
from adain_jax.datasets.kinds import PARQUET, TFDS, kind_of, open_sink, open_source
from adain_jax.datasets.part import Order, make_part
from adain_jax.datasets.records import Part
from adain_jax.datasets.task import Look, Tools, label_of
from adain_jax.jobs import style_files
from adain_jax.jobs.plan import expand
from adain_jax.model import Model
from adain_jax.runtime.paths import real
from adain_jax.version import __version__
from adain_jax.weights import store

PART = 1000  # the default number of images in a part


@dataclass(frozen=True)
class Job:
    """A stylized data set to be made from a data set.

    Attributes:
        source: a folder of images, a .tar or .parquet file or a folder of them, `tfds:NAME:SPLIT`.
        output: a folder, new or from an interrupted run.
        styles: paintings, folders of them, files of styles and banks.
        look: the settings of the pictures.
        model: name or file of the model.
        kind: kind of the source, if it is ambiguous.
        to: kind of the output; by default that of the source, and Parquet for `tfds:`.
        column: name of the column of images in Parquet.
        style_size: shorter side that paintings are scaled to.
        part: images in a part; parts are the units of work and of resuming.
        strict: stop at the first image that cannot be read.
    """

    source: str
    output: Path
    styles: Sequence[Path]
    look: Look = field(default_factory=Look)
    model: str = "vgg16"
    kind: str | None = None
    to: str | None = None
    column: str = ""
    style_size: int = style_files.SIZE
    part: int = PART
    strict: bool = False


class Engine(Protocol):
    """Makes parts, in any order."""

    def device(self) -> str:
        """The kind of device that computes."""
        ...

    def run(self, order: Order, parts: Sequence[Part], model: Model) -> Iterator[Outcome]:
        """Make parts. `model` is the one that the order names, loaded in this process."""
        ...


class Here:
    """Makes parts one after another in this process, with all of this machine's devices."""

    def device(self) -> str:
        """The kind of the first device."""
        return task.device()

    def run(self, order: Order, parts: Sequence[Part], model: Model) -> Iterator[Outcome]:
        """Make parts in their order."""
        tools = Tools.load(model, Bank.load(order.bank), order.look.batch)
        for part in parts:
            yield make_part(order, part, tools)


def run(
    job: Job,
    engine: Engine | None = None,
    *,
    begin: Callable[[int, int], None] = lambda parts, finished: None,
    report: Callable[[str], None] = lambda stage: None,
) -> Generator[Outcome, None, None]:
    """Make a data set, or the missing parts of it, and yield the outcome of each part.

    Parts that are already finished come first. After the last part, the manifest is written.

    Args:
        job: the data set to make.
        engine: makes the parts; by default this process.
        begin: is called with the number of parts and the number of finished ones.
        report: is called with a line for each style.

    Raises:
        OSError: if the source cannot be read or the output cannot be written; finished parts
            remain.
        ValueError: if the job does not fit its description, or the output was begun with another
            job.
    """
    if not find_spec("pyarrow"):
        raise ValueError("data sets need the package pyarrow: pip install 'adain-jax[dataset]'")
    engine = engine or Here()
    job.look.check()
    kind = kind_of(job.source, job.kind)
    to = job.to or (PARQUET if kind == TFDS else kind)
    output = Path(job.output).absolute()
    _check_places(job.source, kind, output)
    source = open_source(job.source, kind, job.part, job.column)
    parts = source.parts()
    if not parts:
        raise ValueError(f"{job.source} holds no image")
    names = [part.name for part in parts]
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise ValueError(
            f"two parts of {job.source} would be called {twice[0]}: rename the file of one of them"
        )
    model = Model.load(job.model)
    journal = Journal(output)
    settings = _settings(job, to, parts, model) | {"device": engine.device()}
    with journal.opened(settings):
        bank = journal.bank
        if not bank.exists():
            _write_bank(job, model, bank, report)
        sink = open_sink(to, kind, job.column)
        # Workers elsewhere have other folders; shipped models have one name everywhere.
        place = job.model if job.model in store.shipped() else str(Path(job.model).absolute())
        order = Order(source, sink, output, job.look, place, bank, job.strict)
        finished = journal.finished(parts)
        begin(len(parts), len(finished))
        for name in finished:
            yield journal.outcome(name)
        todo = [part for part in parts if part.name not in finished]
        if todo:
            yield from engine.run(order, todo, model)
        journal.write_manifest(parts)


def _check_places(source: str, kind: str, output: Path) -> None:
    if kind == TFDS:
        return
    read, written = real(source), real(output)
    if read == written or read in written.parents or written in read.parents:
        raise ValueError(f"{output} and {source} lie one in the other: name another folder")


def _settings(job: Job, to: str, parts: Sequence[Part], model: Model) -> dict[str, object]:
    """The settings that the bytes of a data set depend on, as JSON can represent them."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr((part.name, part.items)).encode("utf-8", "backslashreplace"))
    return {
        **asdict(job.look),
        "to": to,
        "image column": job.column,
        "part": job.part,
        "names of images": digest.hexdigest()[:16],
        "styles": _styles_digest(job),
        "model": " ".join(label_of(model)),
        "version": __version__,
        "jax": jax.__version__,
    }


def _styles_digest(job: Job) -> str:
    digest = hashlib.sha256(str(job.style_size).encode())
    for path in expand(job.styles):
        if not path.is_file():
            raise FileNotFoundError(f"no such file: {path}")
        digest.update(path.name.encode("utf-8", "surrogateescape"))
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _write_bank(job: Job, model: Model, path: Path, report: Callable[[str], None]) -> None:
    styles, names = [], []
    for name, style in style_files.each(job.styles, model, size=job.style_size):
        report(name)
        styles.append(jax.tree.map(np.asarray, style))
        names.append(name)
    style_files.write_bank(path, styles, names, model.architecture)
