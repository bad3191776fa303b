"""Computes maps in strips of rows, so that intermediate arrays stay small."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from adain_jax.ops.shapes import Array, Num


def by_strips(
    part: Callable[[int | Array, int], Array], rows: int, strips: int, x: Num[Array, "n _h _w _c"]
) -> Num[Array, "n _rows _columns _channels"]:
    """Compute a map (N, rows * k, W, C) from parts of its rows, one after the other.

    Args:
        part: a function of the first row, which may be traced, and the number of rows, that returns
            those rows as (N, number * k, W, C).
        rows: the number of all rows.
        strips: the number of strips.
        x: the input of the map; the memory of the map is not allocated before `x` exists.

    >>> import jax, jax.numpy as jnp
    >>> x = jnp.arange(10.0).reshape(1, 5, 2, 1)
    >>> part = lambda first, count: 2 * jax.lax.dynamic_slice_in_dim(x, first, count, axis=1)
    >>> bool((by_strips(part, 5, 3, x) == 2 * x).all())
    True
    """
    strips = min(max(strips, 1), rows)
    if strips == 1:
        return part(0, rows)
    count = -(-rows // strips)
    n, height, width, channels = jax.eval_shape(lambda: part(0, count)).shape
    outputs = height // count

    def body(i: Array, output: Array) -> Array:
        first = jnp.minimum(i * count, rows - count)  # the last strip may overlap the one before
        return jax.lax.dynamic_update_slice_in_dim(
            output, part(first, count), first * outputs, axis=1
        )

    # The initial values do not matter. Zeros would not depend on `x`, and so would be allocated
    # when the program starts.
    output = jnp.broadcast_to(x[:1, :1, :1, :1], (n, rows * outputs, width, channels))
    return jax.lax.fori_loop(0, strips, body, output)


def padded_rows(
    x: Num[Array, "n h w c"], start: int | Array, count: int, inner: int = 1
) -> Num[Array, "n {count}+2 w c"]:
    """Take `count` rows of (N, H, W, C) from `start` on, with one row before and one after them.

    At an edge of `x`, the missing row is replaced by the one `inner` rows from the edge. `start`
    may be traced.

    >>> import jax.numpy as jnp
    >>> print(padded_rows(jnp.arange(4.0).reshape(1, 4, 1, 1), 0, 2).ravel())
    [1. 0. 1. 2.]
    """
    last = x.shape[1] - 1
    inner = min(inner, last)
    start = jnp.asarray(start)
    stop = start + count
    above = jnp.where(start == 0, inner, start - 1)
    below = jnp.where(stop > last, last - inner, stop)
    parts = ((above, 1), (start, count), (below, 1))
    return jnp.concatenate([jax.lax.dynamic_slice_in_dim(x, *part, axis=1) for part in parts], 1)


def pad_columns(
    x: Num[Array, "n h w c"], inner: int = 1, multiple: int = 1
) -> Num[Array, "n h _padded c"]:
    """Add a column before and one after, as in `padded_rows`, and zeros at the end.

    The zeros extend the width to a multiple of `multiple`, plus the two columns.

    >>> import jax.numpy as jnp
    >>> print(pad_columns(jnp.arange(1.0, 4.0).reshape(1, 1, 3, 1), multiple=4).ravel())
    [2. 1. 2. 3. 2. 0.]
    """
    width = x.shape[2]
    inner = min(inner, width - 1)
    first, last = x[:, :, inner : inner + 1], x[:, :, width - 1 - inner : width - inner]
    zeros = jnp.zeros((*x.shape[:2], -width % multiple, x.shape[3]), x.dtype)
    return jnp.concatenate([first, x, last, zeros], 2)
