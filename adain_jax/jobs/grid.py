"""Grids: a photograph at several strengths, or between several styles."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jax.typing import ArrayLike

from adain_jax.files import image
from adain_jax.files.sheet import extent, sheet
from adain_jax.inference.render import render
from adain_jax.inference.request import ask
from adain_jax.jobs import style_files
from adain_jax.jobs.failures import FAILURES, in_words
from adain_jax.model import Model
from adain_jax.model.mixtures import bilinear
from adain_jax.model.style import Style
from adain_jax.runtime.atomic import check_apart, check_place, make_folder

STYLES = (1, 2, 4)  # the numbers of styles that a grid can have
Cell = tuple[tuple[float, ...], float]  # the weights of the styles, and the strength


def cells(styles: int, steps: int) -> list[list[Cell]]:
    """The weights and the strength of each picture of a grid, in rows.

    One style gives strengths from 0 to 1; two styles give mixtures from one to the other; four
    styles give bilinear mixtures in a square with the styles at its corners (upper left, upper
    right, lower left, lower right).

    Raises:
        ValueError: if there are not 1, 2 or 4 styles, or fewer than 2 steps.

    >>> cells(1, 3)
    [[((1.0,), 0.0), ((1.0,), 0.5), ((1.0,), 1.0)]]
    >>> cells(4, 3)[1][1]
    ((0.25, 0.25, 0.25, 0.25), 1.0)
    """
    if styles not in STYLES:
        raise ValueError(
            "a grid is of 1 style (its strengths), 2 (a row between them) or 4 (a square), not of "
            f"{styles}"
        )
    if steps < 2:
        raise ValueError(f"a grid has at least 2 steps, not {steps}")
    ramp = [i / (steps - 1) for i in range(steps)]
    if styles == 1:
        return [[((1.0,), x) for x in ramp]]
    if styles == 2:
        return [[((1 - x, x), 1.0) for x in ramp]]
    return [[(bilinear(x, y), 1.0) for x in ramp] for y in ramp]


def pictures(
    content: ArrayLike, styles: Sequence[Style], steps: int, model: Model
) -> Iterator[np.ndarray]:
    """Yield the pictures of a grid, row by row, of a content (H, W, 3) in [0, 1].

    Raises:
        ValueError: if there are not 1, 2 or 4 styles, or fewer than 2 steps.

    >>> import adain_jax
    >>> model = adain_jax.load("fast")
    >>> photo = np.zeros((20, 30, 3), np.float32)
    >>> [picture.shape for picture in pictures(photo, [model.style(photo)], 2, model)]
    [(20, 30, 3), (20, 30, 3)]
    """
    for weights, alpha in (cell for row in cells(len(styles), steps) for cell in row):
        request = ask(model, content, list(styles), weights=weights, alpha=alpha)
        yield np.asarray(render(model, request))


def write(
    photo: Path,
    styles: Sequence[Path],
    output: Path,
    model: Model,
    *,
    steps: int = 5,
    size: int = 256,
    style_size: int = 512,
) -> Iterator[None]:
    """Write a grid of a photograph, with the styles beside its ends or corners.

    It yields after each picture; the file is written after the last one.

    Args:
        photo: the file of the photograph.
        styles: 1, 2 or 4 images or files of styles, as in `cells`.
        output: the file to write, with a suffix that can be written.
        model: the model that makes the pictures.
        steps: the number of pictures in a row, and in a column if there are 4 styles.
        size: the shorter side of each picture, in pixels; 0: that of the photograph.
        style_size: the shorter side to which styles are scaled, in pixels.

    Raises:
        OSError: if a file cannot be read or written.
        ValueError: if there are not 1, 2 or 4 styles, or fewer than 2 steps, or a file does not fit
            its description.
    """
    rows = cells(len(styles), steps)
    image.check_writable(output)
    check_place(output)
    check_apart([output], (photo, *styles))
    content = image.load(photo, size=size).rgb
    # The styles are in two more columns.
    image.check_fits(output, *extent(len(rows), steps + 2, content.shape[:2]))
    encoded = [
        style_files.encode(path, style_files.read(path, style_size), model) for path in styles
    ]
    made = []
    try:
        for picture in pictures(content, encoded, steps, model):
            made.append(picture)
            yield
    except FAILURES as error:
        raise in_words(error, photo, "--size") from None
    looks = [style_files.look(path, style_size) for path in styles]
    left, right = {
        1: ([content], [looks[0]]),
        2: ([looks[0]], [looks[-1]]),
        4: (looks[0::2], looks[1::2]),
    }[len(styles)]
    empty = [None] * (len(rows) - 2)
    left, right = ([side[0], *empty, *side[1:]] for side in (left, right))
    parts = [made[i * steps : (i + 1) * steps] for i in range(len(rows))]
    whole = [[a, *row, b] for a, row, b in zip(left, parts, right, strict=True)]
    make_folder(output.parent)
    image.save(output, sheet(whole, content.shape[:2]))
