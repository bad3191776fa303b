"""Winograd's minimal filtering (Lavin & Gray, CVPR 2016) as matrix products.

A scheme computes a tile of outputs from a slightly larger tile of inputs with fewer products than
the definition: F(4x4, 3x3) needs 36 products per pair of channels for 16 outputs, not 144. The
products of all tiles of a batch are t * t matrix products; the transforms before and after
are slices and additions. Relative error in float32: about 1e-5.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adain_jax.ops.resampling import depth_to_space, max_pool, space_to_depth
from adain_jax.ops.shapes import AnyArray, Array, Float
from adain_jax.ops.strips import by_strips, pad_columns, padded_rows

Matrix = Sequence[Sequence[float]]

# A map is computed in strips whose transformed inputs have about this size, in bytes. They stay in
# the last cache of a CPU, and limit the memory for a large picture.
_STRIP_BYTES = 16 << 20


class Scheme(NamedTuple):
    """A bilinear algorithm for one axis: output @ ((kernel @ taps) * (input @ samples)).

    Both axes use it. Tiles of `len(input[0])` samples start every `step` samples and give
    `len(output)` outputs each.

    Attributes:
        input: the matrix from the samples of a tile to the products, (t, samples).
        output: the matrix from products to outputs, (outputs, t).
        kernel: the matrix from three taps to the products, (t, 3).
        step: the number of samples from one tile to the next.
        edge: the number of lines from the edge of a map to the line that pads it: 1 is reflection,
            0 repeats the edge.
        unfold: whether the channels of each output are those of 2x2 pixels.
    """

    input: Matrix
    output: Matrix
    kernel: Matrix
    step: int
    edge: int = 1
    unfold: bool = False

    @property
    def scale(self) -> int:
        """The number of pixels for each sample: 2 if the scheme upsamples, else 1."""
        return len(self.output) // self.step * (2 if self.unfold else 1)


F2 = Scheme(  # the points 0, 1, -1 and infinity
    input=((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, -1, 0, 1)),
    output=((1, 1, 1, 0), (0, 1, -1, 1)),
    kernel=((1, 0, 0), (1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (0, 0, 1)),
    step=2,
)
F4 = Scheme(  # the points 0, 1, -1, 2, -2 and infinity
    input=(
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
    output=(
        (1, 1, 1, 1, 1, 0),
        (0, 1, -1, 2, -2, 0),
        (0, 1, 1, 4, 4, 0),
        (0, 1, -1, 8, -8, 1),
    ),
    kernel=(
        (1 / 4, 0, 0),
        (-1 / 6, -1 / 6, -1 / 6),
        (-1 / 6, 1 / 6, -1 / 6),
        (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6),
        (0, 0, 1),
    ),
    step=4,
)


def _sub_pixel() -> Scheme:
    """The scheme of nearest-neighbour upsampling and three taps after it, on the samples before it.

    With taps a, b, c, even outputs are a x[i-1] + (b+c) x[i], odd ones (a+b) x[i] + c x[i+1]. These
    are two filters of two taps, each as F(4, 2) with the points 0, 1, -1, 2 and infinity. Two axes
    take 100 products for 64 outputs, where F(4x4, 3x3) after the upsampling takes 144.
    """
    samples = np.array(
        [
            (2, -1, -2, 1, 0),
            (0, -2, -1, 1, 0),
            (0, 2, -3, 1, 0),
            (0, -1, 0, 1, 0),
            (0, 2, -1, -2, 1),
        ]
    )
    outputs = np.array([(1, 1, 1, 1, 0), (0, 1, -1, 2, 0), (0, 1, 1, 4, 0), (0, 1, -1, 8, 1)])
    taps = np.array([(1 / 2, 0), (-1 / 2, -1 / 2), (-1 / 6, 1 / 6), (1 / 6, 1 / 3), (0, 1)])
    even, odd = np.array([(1, 0, 0), (0, 1, 1)]), np.array([(1, 1, 0), (0, 0, 1)])
    nothing = np.zeros((5, 1))
    interleaved = np.zeros((8, 10))
    interleaved[0::2, :5] = interleaved[1::2, 5:] = outputs
    return Scheme(
        input=np.block([[samples, nothing], [nothing, samples]]).tolist(),
        output=interleaved.tolist(),
        kernel=np.concatenate([taps @ even, taps @ odd]).tolist(),
        step=4,
        edge=0,
    )


SUB_PIXEL = _sub_pixel()


def transform_kernel(
    kernel: Float[AnyArray, "3 3 c k"], scheme: Scheme
) -> Float[AnyArray, "t t c k"]:
    """Transform a kernel, (3, 3, C, C'), to the factors of a scheme's products, (t, t, C, C').

    The first two axes are exchanged. NumPy arrays are transformed in NumPy, where matrix products
    are fastest and nothing is compiled. Inside a program, slices and additions are faster.

    >>> import jax.numpy as jnp
    >>> transform_kernel(jnp.ones((3, 3, 8, 16)), F4).shape
    (6, 6, 8, 16)
    """
    if isinstance(kernel, np.ndarray):
        matrix = np.asarray(scheme.kernel, kernel.dtype)
        t, (_, _, *channels) = len(matrix), kernel.shape
        down = (matrix @ kernel.reshape(3, -1)).reshape(t, 3, -1)
        across = matrix @ down.swapaxes(0, 1).reshape(3, -1)
        return across.reshape(t, t, *channels)
    down = jnp.stack(combine(scheme.kernel, list(kernel)))
    return jnp.stack(combine(scheme.kernel, [down[:, b] for b in range(3)]))


@partial(jax.custom_vjp, nondiff_argnums=(3, 4, 5))
def convolve(
    x: Float[Array, "n h w c"],
    factors: Float[Array, "t t c k"],
    bias: Float[Array, " k"],
    scheme: Scheme,
    relu: bool = False,
    pool: bool = False,
) -> Float[Array, "n _height _width _features"]:
    """Pad by one line, convolve, add the bias, and optionally apply ReLU and 2x2 max pooling.

    Args:
        x: the map, (N, H, W, C).
        factors: the transformed kernel from `transform_kernel`, (t, t, C, C'); (t, t, C, 4 C') if
            the scheme unfolds.
        bias: the bias, (C',), or (4 C',).
        scheme: the scheme of `factors`.
        relu: whether negative outputs become zero.
        pool: whether the output is pooled; its sides must then be even.

    Returns:
        A map (N, H, W, C'), of twice the size if the scheme upsamples, half of it if pooled.

    >>> import jax.numpy as jnp
    >>> factors = transform_kernel(jnp.ones((3, 3, 2, 4)), F4)
    >>> print(convolve(jnp.ones((1, 8, 8, 2)), factors, jnp.zeros(4), F4)[0, 0, 0].round(3))
    [18. 18. 18. 18.]
    """
    n, height, width, channels = x.shape
    x = _fill_up(x, scheme)
    rows, columns = x.shape[1] // scheme.step, -(-width // scheme.step)
    size = n * rows * columns * len(scheme.kernel) ** 2 * channels * x.dtype.itemsize

    def part(first: int | Array, count: int) -> Array:
        padded = padded_rows(x, first * scheme.step, count * scheme.step, scheme.edge)
        padded = pad_columns(padded, scheme.edge, scheme.step)
        tiles = _tiles(padded, factors, bias, scheme, relu, pool)[0]
        return depth_to_space(tiles) if scheme.unfold else tiles

    output = by_strips(part, rows, -(-size // _STRIP_BYTES), x)
    halves = 2 if pool else 1
    return output[:, : height * scheme.scale // halves, : width * scheme.scale // halves]


def _fill_up(x: Array, scheme: Scheme) -> Array:
    """Extend the rows to whole tiles, by a row of padding and then zeros, to be cropped later."""
    n, height, width, channels = x.shape
    missing = -height % scheme.step
    if not missing:
        return x
    inner = min(scheme.edge, height - 1)
    padding = x[:, height - 1 - inner : height - inner]
    zeros = jnp.zeros((n, missing - 1, width, channels), x.dtype)
    return jnp.concatenate([x, padding, zeros], 1)


def _pad(x: Array, scheme: Scheme) -> Array:
    x = _fill_up(x, scheme)
    return pad_columns(padded_rows(x, 0, x.shape[1], scheme.edge), scheme.edge, scheme.step)


def _tiles(
    padded: Float[Array, "n h w c"],
    factors: Float[Array, "t t c k"],
    bias: Float[Array, " k"],
    scheme: Scheme,
    relu: bool,
    pool: bool = False,
) -> tuple[Float[Array, "n _height _width k"], Float[Array, "t*t _tiles c"]]:
    """Convolve padded samples; also return the transformed samples, (t * t, tiles, C)."""
    n, height, width, channels = padded.shape
    rows, columns = (height - 2) // scheme.step, (width - 2) // scheme.step
    samples = range(len(scheme.input[0]))
    down = [_every(padded, i, scheme.step, rows, 1) for i in samples]
    down = jnp.stack(combine(scheme.input, down))
    across = [_every(down, j, scheme.step, columns, 3) for j in samples]
    transformed = jnp.stack(combine(scheme.input, across)).reshape(-1, n * rows * columns, channels)

    t = factors.shape[0]
    products = jnp.einsum("ptc,pck->ptk", transformed, factors.reshape(t * t, channels, -1))
    products = products.reshape(t, t, n, rows, columns, -1)

    down = combine(scheme.output, [products[:, a] for a in range(t)])
    down = jnp.stack(down, axis=3)
    tiles = [
        tile + bias.reshape((1,) * (tile.ndim - 1) + bias.shape)
        for tile in combine(scheme.output, list(down))
    ]
    if pool:  # over pairs of columns, and then over pairs of rows
        tiles = [jnp.maximum(*pair) for pair in zip(tiles[0::2], tiles[1::2], strict=True)]
        tiles = [jnp.maximum(tile[:, :, 0::2], tile[:, :, 1::2]) for tile in tiles]
    if relu:
        tiles = [jnp.maximum(tile, 0) for tile in tiles]
    output = jnp.stack(tiles, axis=4)  # (n, rows, outputs, columns, outputs, C')
    return output.reshape(n, rows * output.shape[2], columns * output.shape[4], -1), transformed


def _forward(x, factors, bias, scheme, relu, pool):
    padded = _pad(x, scheme)
    output, transformed = _tiles(padded, factors, bias, scheme, relu)
    residuals = transformed, factors, output if relu or pool else None, x
    if scheme.unfold:
        output = depth_to_space(output)
    output = _crop(output, x.shape, scheme)
    return max_pool(output) if pool else output, residuals


def _backward(scheme, relu, pool, residuals, gradient):
    """Apply the transposes of the transforms and of the products, in reverse order.

    This is written by hand, because the automatic derivative of strided slices is a slow scatter.
    """
    transformed, factors, output, x = residuals
    n, height, width, _ = x.shape
    rows, columns = -(-height // scheme.step), -(-width // scheme.step)
    outputs, t = len(scheme.output), len(scheme.kernel)
    if scheme.unfold:
        gradient = space_to_depth(gradient)
    if pool:
        gradient = jax.vjp(max_pool, _crop(output, x.shape, scheme))[1](gradient)[0]
    extra = [rows * outputs - gradient.shape[1], columns * outputs - gradient.shape[2]]
    if any(extra):
        gradient = jnp.pad(gradient, ((0, 0), (0, extra[0]), (0, extra[1]), (0, 0)))
    if relu:
        gradient = jnp.where(output > 0, gradient, 0)
    to_bias = gradient.sum((0, 1, 2))

    tiles = gradient.reshape(n, rows, outputs, columns, outputs, -1)
    adjoint = _transpose(scheme.output)
    down = jnp.stack(combine(adjoint, [tiles[:, :, i] for i in range(outputs)]))
    spread = jnp.stack(combine(adjoint, [down[..., j, :] for j in range(outputs)]))
    spread = spread.reshape(t * t, n * rows * columns, -1)

    to_factors = jnp.einsum("ptc,ptk->pck", transformed, spread).reshape(factors.shape)
    products = jnp.einsum("ptk,pck->ptc", spread, factors.reshape(t * t, *factors.shape[2:]))
    products = products.reshape(t, t, n, rows, columns, -1)
    adjoint = _transpose(scheme.input)
    across = jnp.stack(combine(adjoint, list(products)))
    across = _overlap_add(list(across), scheme.step, axis=3)
    to_padded = _overlap_add(combine(adjoint, list(across)), scheme.step, axis=1)
    (to_x,) = jax.linear_transpose(partial(_pad, scheme=scheme), x)(to_padded)
    return to_x, to_factors, to_bias


convolve.defvjp(_forward, _backward)


def _crop(output: Array, shape: Sequence[int], scheme: Scheme) -> Array:
    return output[:, : shape[1] * scheme.scale, : shape[2] * scheme.scale]


def _overlap_add(samples: Sequence[Array], step: int, axis: int) -> Array:
    """Add up overlapping tiles along `axis`; `samples[i]` holds sample i of every tile."""
    first, rest = list(samples[:step]), list(samples[step:])

    def interleave(parts: Sequence[Array]) -> Array:
        stacked = jnp.stack(parts, axis=axis + 1)
        shape = list(parts[0].shape)
        shape[axis] *= len(parts)
        return stacked.reshape(shape)

    def widen(x: Array, before: int, after: int) -> Array:
        widths = [(0, 0)] * x.ndim
        widths[axis] = (before, after)
        return jnp.pad(x, widths)

    body = interleave(first)
    tail = interleave([*rest, *[jnp.zeros_like(rest[0])] * (step - len(rest))])
    tail = jax.lax.slice_in_dim(tail, 0, tail.shape[axis] - (step - len(rest)), axis=axis)
    return widen(body, 0, len(rest)) + widen(tail, step, 0)


def _every(x: Array, start: int, step: int, count: int, axis: int) -> Array:
    return jax.lax.slice_in_dim(x, start, start + step * (count - 1) + 1, step, axis)


def _transpose(matrix: Matrix) -> Matrix:
    return tuple(zip(*matrix, strict=True))


def combine(matrix: Matrix, parts: Sequence[AnyArray]) -> list[Any]:
    """Multiply a small matrix by a vector of arrays, without products by zeros and ones.

    >>> combine(((1, -1), (0, 2)), [np.array([3, 4]), np.array([1, 1])])
    [array([2, 3]), array([2, 2])]
    """

    def row(factors: Sequence[float]) -> Array:
        total = None
        for factor, part in zip(factors, parts, strict=True):
            if not factor:
                continue
            term = part if abs(factor) == 1 else abs(factor) * part
            if total is None:
                total = term if factor > 0 else -term
            else:
                total = total + term if factor > 0 else total - term
        assert total is not None
        return total

    return [row(factors) for factors in matrix]
