"""Which contents go with which styles, where not all can."""

import math

import numpy as np


def choose_pairs(contents: int, styles: int, count: int) -> list[tuple[int, int]]:
    """`count` different pairs of places in two lists, or all, that use every place evenly.

    Each place comes about equally often, in an order that is always the same, and random: however
    many pairs there are, they are of all parts of the lists.

    >>> sorted(choose_pairs(3, 2, 9))
    [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    >>> len({content for content, _ in choose_pairs(3, 2, 3)})
    3
    """
    rng = np.random.default_rng(0)
    orders = [rng.permutation(length).tolist() for length in (contents, styles)]
    cycle = math.lcm(contents, styles)  # after which the same pairs would come again
    return [
        (orders[0][k % contents], orders[1][(k + k // cycle) % styles])
        for k in range(min(count, contents * styles))
    ]
