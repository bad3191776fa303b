"""What changes over time: strengths, and shares of styles."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np


class Schedule(NamedTuple):
    """Values at moments, and in a straight line between these.

    Attributes:
        moments: seconds, rising.
        values: one for each, all of one shape.

    >>> Schedule((0.0, 2.0), (0.0, 1.0)).at(0.5)
    array(0.25)
    """

    moments: tuple[float, ...]
    values: tuple[float | tuple[float, ...], ...]

    def at(self, second: float | Fraction) -> np.ndarray:
        """The value at a moment; before the first that, after the last that."""
        values = np.asarray(self.values, np.float64)
        rows = values.reshape(len(values), -1)
        found = [np.interp(float(second), self.moments, column) for column in rows.T]
        return np.reshape(found, values.shape[1:])


def parse(texts: Sequence[str], option: str) -> tuple[list[str], list[float | None]]:
    """`VALUE@SECONDS` each, or `VALUE`: the values, and the moments, of which all or none is None.

    >>> parse(["0@0s", "1@3s"], "--alpha")
    (['0', '1'], [0.0, 3.0])
    >>> parse(["a@b.jpg"], "--styles")
    (['a@b.jpg'], [None])

    Raises:
        ValueError: if some have moments and others not, or they do not rise.
    """
    values: list[str] = []
    moments: list[float | None] = []
    for text in texts:
        value, _, moment = text.rpartition("@")
        try:
            second = float(moment.removesuffix("s")) if value else None
        except ValueError:  # an @ that belongs to a name
            second = None
        values.append(text if second is None else value)
        moments.append(second)
    known = [x for x in moments if x is not None]
    if known and len(known) < len(texts):
        raise ValueError(f"{option}: give each a moment, such as {values[-1]}@3s, or none")
    if not all(np.isfinite(x) and x >= 0 for x in known) or known != sorted(known):
        raise ValueError(f"{option}: moments are seconds from 0 on, and rise")
    return values, moments


def turns(moments: Sequence[float], weights: Sequence[float]) -> Schedule:
    """From one style to the next, each all there is at its moment; those of one moment are mixed.

    >>> turns([0.0, 5.0, 5.0], [1.0, 1.0, 3.0]).values
    ((1.0, 0.0, 0.0), (0.0, 0.25, 0.75))
    """
    steps = sorted(set(moments))
    rows = []
    for step in steps:
        row = [w if m == step else 0.0 for m, w in zip(moments, weights, strict=True)]
        rows.append(tuple(w / sum(row) for w in row))
    return Schedule(tuple(steps), tuple(rows))
