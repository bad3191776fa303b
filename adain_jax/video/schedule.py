"""Schedules: strengths and shares of styles that change over time."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np


class Schedule(NamedTuple):
    """Values at moments, with linear interpolation between them.

    Attributes:
        moments: in seconds, increasing.
        values: a value for each moment, all of one shape.

    >>> Schedule((0.0, 2.0), (0.0, 1.0)).at(0.5)
    array(0.25)
    """

    moments: tuple[float, ...]
    values: tuple[float | tuple[float, ...], ...]

    def at(self, second: float | Fraction) -> np.ndarray:
        """The value at a second; constant before the first moment and after the last."""
        values = np.asarray(self.values, np.float64)
        rows = values.reshape(len(values), -1)
        found = [np.interp(float(second), self.moments, column) for column in rows.T]
        return np.reshape(found, values.shape[1:])


def parse(texts: Sequence[str], option: str) -> tuple[list[str], list[float | None]]:
    """Parse texts `VALUE@SECONDS`, or `VALUE`, to values and moments.

    Either all moments are numbers, or all are None. `option` is the name of the option, for errors.

    >>> parse(["0@0s", "1@3s"], "--alpha")
    (['0', '1'], [0.0, 3.0])
    >>> parse(["a@b.jpg"], "--styles")
    (['a@b.jpg'], [None])

    Raises:
        ValueError: if only some texts have moments, or the moments do not increase.
    """
    values: list[str] = []
    moments: list[float | None] = []
    for text in texts:
        value, _, moment = text.rpartition("@")
        try:
            second = float(moment.removesuffix("s")) if value else None
        except ValueError:  # the @ belongs to the name of a file
            second = None
        values.append(text if second is None else value)
        moments.append(second)
    known = [x for x in moments if x is not None]
    if known and len(known) < len(texts):
        raise ValueError(f"{option}: give each a moment, such as {values[-1]}@3s, or none")
    if not all(np.isfinite(x) and x >= 0 for x in known) or known != sorted(known):
        raise ValueError(f"{option}: moments are seconds from 0 on, in increasing order")
    return values, moments


def turns(moments: Sequence[float], weights: Sequence[float]) -> Schedule:
    """The shares of styles over time: each style is alone at its moment.

    Styles with the same moment are mixed by their weights.

    >>> turns([0.0, 5.0, 5.0], [1.0, 1.0, 3.0]).values
    ((1.0, 0.0, 0.0), (0.0, 0.25, 0.75))

    Raises:
        ValueError: if all weights of a moment are 0.
    """
    steps = sorted(set(moments))
    rows = []
    for step in steps:
        row = [w if m == step else 0.0 for m, w in zip(moments, weights, strict=True)]
        if not sum(row):
            raise ValueError(f"--styles: at {step:g} s all weights are 0: give one that is not")
        rows.append(tuple(w / sum(row) for w in row))
    return Schedule(tuple(steps), tuple(rows))
