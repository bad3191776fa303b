"""Measures programs over folders of images, and writes a report, numbers and pictures."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from tqdm import tqdm

from adain_jax.evaluation import evaluate
from adain_jax.evaluation.evaluate import Named
from adain_jax.evaluation.judge import Judge
from adain_jax.evaluation.magenta import Magenta
from adain_jax.evaluation.places import named, only
from adain_jax.evaluation.report import report
from adain_jax.evaluation.sheets import file_name, shown_in_sheet, write_sheet, write_worst
from adain_jax.model import Model
from adain_jax.runtime.atomic import atomic_path, check_place, make_folder
from adain_jax.runtime.text import printable
from adain_jax.training.combinations import choose_pairs


@dataclass(frozen=True)
class Task:
    """The programs and the images of a measurement.

    Attributes:
        content: folders of photographs, as `places.named` takes them.
        style: folders of paintings, as `places.named` takes them.
        models: names of models that ship, or files.
        magenta: whether Magenta's network is measured, too.
        pictures: folders of finished pictures, named `{content}_stylized_{style}`.
        only_style: patterns of the names of the paintings to use; None for all.
        only_content: patterns of the names of the photographs to use; None for all.
        size: the side of the squares, in pixels.
        pairs: the number of pairs to measure.
        sheet: whether to make contact sheets.

    Raises:
        ValueError: if there is nothing to measure, a program is given twice, the pictures of two
            programs would have the same names, or a number is wrong.
    """

    content: tuple[str, ...]
    style: tuple[str, ...]
    models: tuple[str, ...] = ()
    magenta: bool = False
    pictures: tuple[Path, ...] = ()
    only_style: tuple[str, ...] | None = None
    only_content: tuple[str, ...] | None = None
    size: int = 512
    pairs: int = 100
    sheet: bool = False

    def __post_init__(self) -> None:
        names = [*self.models, *(["Magenta"] if self.magenta else []), *map(str, self.pictures)]
        if not names:
            raise ValueError("nothing to measure: give --model, --magenta or --pictures")
        if self.pairs < 1 or self.size < 64 or self.size % 8:
            raise ValueError("--pairs is at least 1, --size a multiple of 8 from 64 on")
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{', '.join(sorted(twice))}: to be measured twice")
        files = [file_name(name) for name in names]
        if same := [name for name, file in zip(names, files, strict=True) if files.count(file) > 1]:
            raise ValueError(
                f"{', '.join(same)}: their pictures would have the same names: rename one of them"
            )


def run(task: Task, out: Path) -> Iterator[str]:
    """Measure, and write `report.md`, `pictures.csv` and pictures to a folder.

    `pictures.csv` is written when all pictures are measured. An interruption or an error before
    that leaves the rows that were measured in `pictures.partial.csv`.

    Args:
        task: the task.
        out: the folder, which is created if it is missing.

    Yields:
        The report, then the paths of the pictures.

    Raises:
        FileNotFoundError: if a folder, a model or a finished picture does not exist.
        ImportError: if a package that the judge or Magenta's network needs is missing.
        ValueError: if a pattern fits no image, or an image cannot be used.
    """
    check_place(out / "pictures.csv")
    contents = only(
        named(task.content, task.size), task.only_content, "--only-content", "photographs"
    )
    styles = only(named(task.style, task.size), task.only_style, "--only", "styles")
    models = {name: Model.load(name).prepare() for name in task.models}
    makers = {name: evaluate.of_model(model) for name, model in models.items()}
    if task.magenta:
        makers["Magenta"] = evaluate.of_magenta(Magenta())
    finished = {str(folder): evaluate.of_folder(folder) for folder in task.pictures}
    programs = {evaluate.PHOTOGRAPH: evaluate.untouched, **makers, **finished}

    if finished:
        _check_stems(contents)
        _check_stems(styles)
    chosen = choose_pairs(len(contents), len(styles), task.pairs)
    pairs = [(contents[i], styles[j]) for i, j in chosen]
    _check_images(pairs, (contents, styles) if task.sheet and makers else ((), ()), task.pictures)
    vgg = models.get("vgg16") or Model.load("vgg16").prepare()
    measured = evaluate.measure(programs, pairs, Judge(), vgg)
    total = len(pairs) * len(programs)
    rows: list[evaluate.Row] = []
    partial = out / "pictures.partial.csv"
    try:
        for row in tqdm(measured, total=total, desc="measure", unit="picture"):
            rows.append(row)
    except BaseException:
        if rows:
            _write_rows(partial, rows)
        raise
    _write_rows(out / "pictures.csv", rows)
    partial.unlink(missing_ok=True)

    fidelities = {
        name: evaluate.fidelity(maker, models.get(name), pairs) for name, maker in makers.items()
    }
    text = report(rows, fidelities, task.size)
    with atomic_path(out / "report.md") as temporary:
        temporary.write_text(printable(text), encoding="utf-8")
    yield text

    for name in (*makers, *finished):
        yield str(write_worst(out, name, programs[name], rows, pairs))
    for name, program in makers.items() if task.sheet else ():
        yield str(write_sheet(out, name, program, contents, styles))


def _write_rows(path: Path, rows: Sequence[evaluate.Row]) -> None:
    make_folder(path.parent)
    with (
        atomic_path(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, [field.name for field in fields(evaluate.Row)])
        writer.writeheader()
        writer.writerows(asdict(replace(row, program=printable(row.program))) for row in rows)


def _check_images(
    pairs: Sequence[tuple[Named, Named]],
    shown: tuple[Sequence[Named], Sequence[Named]],
    folders: Sequence[Path],
) -> None:
    """Read all images of pairs and of contact sheets, and find all finished pictures.

    Raises:
        FileNotFoundError: if a finished picture is missing.
        ValueError: if some images cannot be used; the message names each.
    """
    contents, styles = shown_in_sheet(*shown)
    images = dict.fromkeys([*(image for pair in pairs for image in pair), *contents, *styles])
    wrong = []
    for image in tqdm(images, desc="read", unit="image"):
        try:
            image.image  # noqa: B018  # it is kept
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("; ".join(wrong))
    for folder in folders:
        for content, style in pairs:
            evaluate.finished(folder, content, style)


def _check_stems(images: Sequence[Named]) -> None:
    """Raise `ValueError` if finished pictures do not tell two images apart by their names."""
    names: dict[str, str] = {}
    for image in images:
        stem = Path(image.name).stem
        if stem in names:
            raise ValueError(
                f"--pictures: {names[stem]} and {image.name} have one name: rename one of them"
            )
        names[stem] = image.name
