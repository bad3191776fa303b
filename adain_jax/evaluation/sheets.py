"""Pictures of a measurement: contact sheets, and the worst pairs."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from adain_jax.evaluation.evaluate import Named, Program, Row
from adain_jax.evaluation.report import share, worst
from adain_jax.files import image
from adain_jax.files.sheet import contact_sheet, sheet

_LONGEST = 60  # the most characters of a program's name in the names of its pictures
_CONTENTS, _STYLES = 6, 8  # the largest numbers of contents and of styles in a contact sheet


def shown_in_sheet(
    contents: Sequence[Named], styles: Sequence[Named]
) -> tuple[Sequence[Named], Sequence[Named]]:
    """The photographs and the styles of a contact sheet: the first ones."""
    return contents[:_CONTENTS], styles[:_STYLES]


def write_sheet(
    folder: Path, name: str, program: Program, contents: Sequence[Named], styles: Sequence[Named]
) -> Path:
    """Write a contact sheet of a program: the first photographs in the first styles.

    Returns its path.
    """
    contents, styles = shown_in_sheet(contents, styles)
    with tqdm(total=len(contents) * len(styles), desc=f"sheet of {name}", unit="picture") as bar:
        pictures = []
        for style in styles:
            row = []
            for content in contents:
                row.append(program(content, style))
                bar.update()
            pictures.append(row)
    made = contact_sheet([x.image for x in contents], [x.image for x in styles], pictures)
    return _save(folder / f"{file_name(name)}.jpg", made)


def write_worst(
    folder: Path,
    name: str,
    program: Program,
    rows: Sequence[Row],
    pairs: Sequence[tuple[Named, Named]],
) -> Path:
    """Write a sheet of photograph, painting and picture of a program's worst pairs, at full size.

    Returns its path.
    """
    images = {(content.name, style.name): (content, style) for content, style in pairs}
    shown, names = [], []
    for row in worst(rows, name):
        content, style = images[row.content, row.style]
        shown.append([content.image, style.image, program(content, style)])
        names.append(f"{share(rows, [row]):.2f}  {row.style}")
    made = sheet(
        shown,
        shown[0][0].shape[:2],
        columns=("photograph", "painting", f"picture: {name}"),
        names=names,
    )
    return _save(folder / f"worst_{file_name(name)}.jpg", made)


def file_name(program: str) -> str:
    """The name of a program in the names of its pictures: letters, digits and underscores.

    >>> file_name("runs/one/model.safetensors")
    'runs_one_model'
    """
    return re.sub(r"\W+", "_", program.removesuffix(".safetensors")).strip("_")[-_LONGEST:]


def _save(path: Path, picture: np.ndarray) -> Path:
    image.save(path, picture)
    return path
