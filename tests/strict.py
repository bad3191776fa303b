"""The strictest that JAX can be told to be, under which everything here works."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np


@contextmanager
def strict() -> Iterator[None]:
    """No promotion of ranks or types but where it is written, and no number that is none."""
    with (
        jax.numpy_rank_promotion("raise"),
        jax.numpy_dtype_promotion("strict"),
        jax.debug_nans(True),
    ):
        yield


def assert_strict(function: Callable, *args: Any) -> None:
    """That a function can be traced so, and returns nothing wider if 64 bits are allowed."""
    with strict():
        expected = jax.eval_shape(function, *args)
        with jax.enable_x64(True):
            found = jax.eval_shape(function, *args)
    kinds = [[(x.shape, np.dtype(x.dtype)) for x in jax.tree.leaves(y)] for y in (expected, found)]
    assert kinds[0] == kinds[1]
