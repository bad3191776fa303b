"""The choice of pairs of contents and styles where not all pairs can be used."""

import math

import numpy as np


def choose_pairs(contents: int, styles: int, count: int) -> list[tuple[int, int]]:
    """Choose `count` different pairs of indices into two lists, or all pairs if there are fewer.

    Every index is used about equally often. The order is random, but always the same, so that few
    pairs, too, come from all parts of the lists.

    >>> sorted(choose_pairs(3, 2, 9))
    [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    >>> len({content for content, _ in choose_pairs(3, 2, 3)})
    3
    """
    rng = np.random.default_rng(0)
    orders = [rng.permutation(length).tolist() for length in (contents, styles)]
    cycle = math.lcm(contents, styles)  # after so many pairs, the styles are shifted by one
    return [
        (orders[0][k % contents], orders[1][(k + k // cycle) % styles])
        for k in range(min(count, contents * styles))
    ]
