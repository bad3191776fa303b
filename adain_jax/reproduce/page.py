"""The page of a figure: claims, a table, plots and pictures."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from adain_jax.files import image
from adain_jax.files.sheet import sheet
from adain_jax.runtime.text import printable

if TYPE_CHECKING:  # imported where it is used, since it is an optional package
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CELL = 150  # the side of a picture in a grid, in pixels


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, with the paper's number, the reproduced one, and whether it held."""

    text: str
    paper: str
    ours: str
    held: bool

    @property
    def row(self) -> str:
        """A row of a Markdown table."""
        return f"| {self.text} | {self.paper} | {self.ours} | {'yes' if self.held else '**no**'} |"


@dataclass(frozen=True)
class Page:
    """The result of one figure.

    Attributes:
        title: the title of the page.
        setup: sentences that say what was run, for how long, and on what.
        claims: claims of the paper.
        columns: the names of the table's columns.
        rows: the rows of the table, each as long as `columns`.
        pictures: the caption of each picture, by the name of its file in the page's folder.
    """

    title: str
    setup: str
    claims: Sequence[Claim]
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    pictures: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write `page.md` and `claims.csv`."""
        lines = [f"# {self.title}", "", self.setup, "", *claims_table(self.claims), ""]
        lines += [f"| {' | '.join(self.columns)} |", "| --- " * len(self.columns) + "|"]
        lines += [f"| {' | '.join(map(_cell, row))} |" for row in self.rows]
        for name, caption in self.pictures.items():
            lines += ["", f"![{caption}]({name})", "", f"*{caption}*"]
        (folder / "page.md").write_text(printable("\n".join(lines) + "\n"), encoding="utf-8")
        write_csv(
            folder / "claims.csv",
            ("claim", "paper", "ours", "held"),
            [(x.text, x.paper, x.ours, int(x.held)) for x in self.claims],
        )


def claims_table(claims: Sequence[Claim]) -> list[str]:
    """The lines of a Markdown table of claims."""
    return ["| claim | paper | here | held |", "| --- | --- | --- | --- |"] + [
        claim.row for claim in claims
    ]


def read_claims(folder: Path) -> list[Claim]:
    """Read the claims that `Page.write` wrote."""
    with (folder / "claims.csv").open(newline="", encoding="utf-8") as file:
        return [
            Claim(row["claim"], row["paper"], row["ours"], row["held"] == "1")
            for row in csv.DictReader(file)
        ]


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table as CSV, with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def plot(
    panels: int = 1, *, width: float = 4.2, height: float = 3.2
) -> "tuple[Figure, list[Axes]]":
    """A matplotlib figure with panels side by side, and the list of their axes."""
    figure = _figure((width * panels, height))
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])


def save_plot(path: Path, figure: "Figure") -> None:
    """Write a figure as an image."""
    figure.savefig(path, dpi=90)


def picture_grid(
    path: Path,
    rows: Sequence[Sequence[np.ndarray | None]],
    *,
    columns: Sequence[str] = (),
    names: Sequence[str] = (),
) -> None:
    """Write squares, uint8 or floats in [0, 1], as a grid with names above and at the left."""
    image.save(path, sheet(rows, (_CELL, _CELL), columns=columns, names=names))


def check_plots() -> None:
    """Raise `ImportError` if matplotlib is missing. Call it before the trainings."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise ImportError("plots need matplotlib: pip install 'adain-jax[reproduce]'") from None


def _figure(size: tuple[float, float]) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
