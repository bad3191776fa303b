"""Transfer of colours: an image gets those of another.

Every function takes `xp`, the array library that it computes with: jax.numpy, or numpy, which saves
a compilation for each size; with numpy it takes and returns NumPy arrays.
"""

from functools import partial
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from adain_jax.ops.shapes import AnyArray, Array, ArrayLike, Float

LUMA = (0.299, 0.587, 0.114)  # of R, G and B, as in BT.601, and so in YCbCr of JPEG and in YIQ


def coral(
    source: Float[ArrayLike, "h w 3"], target: Float[ArrayLike, "_h _w 3"], *, xp: ModuleType = jnp
) -> Float[AnyArray, "h w 3"]:
    """Give `source` the colours of `target`: CORAL (Sun et al. 2016), as in the paper's code.

    The standardised colours of `source` are whitened by the symmetric root of their correlation
    plus a small multiple of the identity, then coloured by the root of the target's correlation,
    and given the target's means and standard deviations (n - 1). The result is not clipped. It is
    differentiable in both arguments, also for grey images.

    The paper's code sums over pixels; this function takes means, so that colours of images of
    different sizes have one scale. For images of one size the result is the same.

    Args:
        source: the image to change, (H, W, 3), floating.
        target: the image with the colours, (H', W', 3), floating, in the same range.
        xp: jax.numpy or numpy.

    Returns:
        An image (H, W, 3) with the dtype of `source`.

    Raises:
        ValueError: if either is not floating (H, W, 3).

    >>> import jax
    >>> style, content = jax.random.uniform(jax.random.key(0), (2, 8, 8, 3))
    >>> coral(style, content).shape
    (8, 8, 3)
    """
    x, y = _images("coral", xp, source=source, target=target)
    colors, _, _ = _standardize(x, xp)
    target_colors, mean, std = _standardize(y, xp)
    # Accelerators would round the operands of a product to bfloat16 or tf32.
    with jax.default_matmul_precision("highest"):
        whitening = _root(-0.5, *jax.device_put(_correlation(colors, xp)))
        coloring = _root(0.5, *jax.device_put(_correlation(target_colors, xp)))
        recolored = colors @ xp.asarray(whitening @ coloring)
    return (recolored * std + mean).reshape(x.shape).astype(x.dtype)


def match_histogram(
    source: Float[ArrayLike, "h w 3"], target: Float[ArrayLike, "_h _w 3"], *, xp: ModuleType = jnp
) -> Float[AnyArray, "h w 3"]:
    """Give each channel of `source` the histogram of `target`'s: quantiles mapped to quantiles.

    The q-quantile of the source becomes the q-quantile of the target, interpolated between two of
    its values; half of the equal values count as below. So equal values stay equal, and the order
    of values is kept. Channels are treated separately: their correlations stay those of the source,
    while `coral` changes them too.

    The result depends only on the order of the source's values. It is a step function, so its
    derivative with respect to `source` is zero. The derivative with respect to `target` is that of
    an interpolation between its sorted values.

    Args:
        source: the image to change, (H, W, 3), floating.
        target: the image with the histograms, (H', W', 3), floating.
        xp: jax.numpy or numpy.

    Returns:
        An image (H, W, 3) with the dtype of `source`.

    Raises:
        ValueError: if either is not floating (H, W, 3).

    >>> import jax.numpy as jnp
    >>> source = jnp.array([0.1, 0.2, 0.3]).reshape(1, 3, 1).repeat(3, -1)
    >>> target = jnp.array([0.9, 0.5, 0.7]).reshape(3, 1, 1).repeat(3, -1)
    >>> print(match_histogram(source, target)[..., 0])
    [[0.5 0.7 0.9]]
    """
    x, y = _images("match_histogram", xp, source=source, target=target)
    channels = []
    for channel in range(3):
        values = x[..., channel].reshape(-1)
        ordered = xp.sort(y[..., channel].reshape(-1).astype(xp.float32))
        in_order = xp.sort(values)
        below, up_to = (xp.searchsorted(in_order, values, side=side) for side in ("left", "right"))
        # The middle of the values equal to each value, as a position among the target's values.
        middle = (below + up_to).astype(xp.float32) * xp.float32(ordered.size / (2 * values.size))
        position = xp.clip(middle - xp.float32(0.5), 0, ordered.size - 1)
        lower = xp.floor(position).astype(xp.int32)
        upper = xp.minimum(lower + 1, ordered.size - 1)
        share = position - lower.astype(xp.float32)
        channels.append(ordered[lower] + share * (ordered[upper] - ordered[lower]))
    return xp.stack(channels, -1).reshape(x.shape).astype(x.dtype)


def keep_chroma(
    picture: Float[ArrayLike, "*n 3"], photo: Float[ArrayLike, "*n 3"], *, xp: ModuleType = jnp
) -> Float[AnyArray, "*n 3"]:
    """Combine the luma of `picture` with the chroma of `photo` (Gatys et al. 2016).

    In YCbCr and in YIQ, RGB is luma plus a linear function of chroma, so the result is `photo` with
    the difference of the lumas added to R, G and B. Where that leaves [0, 1], the chroma of the
    pixel is reduced by one factor until it fits. This keeps luma and hue, but not saturation.
    (Clipping R, G and B would change all three, and luma carries the strokes of the picture.)

    It is differentiable in both arguments, except where the reduction starts.

    Args:
        picture: the image with the luma, (..., 3), floating in [0, 1].
        photo: the image with the chroma, of the same shape, floating in [0, 1].
        xp: jax.numpy or numpy.

    Returns:
        An image with the shape and dtype of `picture`, in [0, 1].

    Raises:
        ValueError: if the images are not floating (..., 3) of one shape.

    >>> import jax.numpy as jnp, numpy as np
    >>> orange, dark = jnp.array([1.0, 0.6, 0.2]), jnp.full(3, 0.2)
    >>> brown = keep_chroma(dark, orange)
    >>> print(np.asarray(brown).round(3), np.asarray(brown @ jnp.array(LUMA)).round(3))
    [0.338 0.169 0.   ] 0.2
    """
    x, y = (xp.asarray(image) for image in (picture, photo))
    floating = all(jnp.issubdtype(image.dtype, jnp.floating) for image in (x, y))
    if x.shape != y.shape or x.shape[-1:] != (3,) or not floating:
        raise ValueError(
            "keep_chroma: picture and photo are floating (..., 3) of one shape, not "
            f"{x.dtype} {x.shape} and {y.dtype} {y.shape}"
        )
    luma = xp.clip(_luma(x, xp), 0, 1)
    chroma = y.astype(xp.float32) - _luma(y, xp)
    room = xp.where(chroma > 0, 1 - luma, luma)
    fitting = (room / xp.maximum(abs(chroma), xp.float32(1e-6))).min(-1, keepdims=True)
    result = luma + xp.minimum(fitting, xp.float32(1)) * chroma
    return xp.clip(result, 0, 1).astype(x.dtype)


def _luma(images: Float[AnyArray, "*n 3"], xp: ModuleType) -> Float[AnyArray, "*n 1"]:
    """The luma (..., 1) of (..., 3), not by a matrix product, which accelerators would round."""
    luma = xp.asarray(LUMA, xp.float32).reshape((1,) * (images.ndim - 1) + (3,))
    return (images.astype(xp.float32) * luma).sum(-1, keepdims=True)


def _images(name: str, xp: ModuleType, **images: ArrayLike) -> list[AnyArray]:
    arrays: dict[str, AnyArray] = {key: xp.asarray(image) for key, image in images.items()}
    for key, image in arrays.items():
        if image.ndim != 3 or image.shape[-1] != 3 or not jnp.issubdtype(image.dtype, jnp.floating):
            raise ValueError(
                f"{name}: {key} is floating (H, W, 3), not {image.dtype} {image.shape}"
            )
    return list(arrays.values())


def _standardize(
    image: Float[AnyArray, "h w 3"], xp: ModuleType
) -> tuple[Float[AnyArray, "h*w 3"], Float[AnyArray, "1 3"], Float[AnyArray, "1 3"]]:
    colors = image.reshape(-1, 3).astype(xp.float32)
    mean = colors.mean(0, _wide(xp), keepdims=True).astype(xp.float32)
    deviation = colors - mean
    squares = (deviation * deviation).sum(0, _wide(xp), keepdims=True).astype(xp.float32)
    std = xp.sqrt(squares * xp.float32(1 / max(len(colors) - 1, 1)) + xp.float32(1e-12))
    return deviation / std, mean, std


def _wide(xp: ModuleType) -> DTypeLike:
    """The dtype of sums over pixels.

    NumPy adds millions of rows one after another, where float32 loses digits. XLA adds parts.
    """
    return np.float64 if xp is np else np.float32


def _correlation(
    colors: Float[AnyArray, "n 3"], xp: ModuleType
) -> tuple[Float[AnyArray, "3 3"], float]:
    """The correlation of standardised colours (n, 3), and the multiple of the identity to add.

    The multiple is 1 / n, which equals the identity in the paper's code, but at least 1e-5, the
    size of rounding errors.
    """
    colors = colors.astype(_wide(xp))
    correlation = (colors.T @ colors / len(colors)).astype(xp.float32)
    return correlation, max(1 / len(colors), 1e-5)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
@partial(jax.jit, static_argnums=0)
def _root(
    power: float, correlation: Float[ArrayLike, "3 3"], ridge: Float[ArrayLike, ""]
) -> Float[Array, "3 3"]:
    """The symmetric matrix power, 0.5 or -0.5, of the correlation plus ridge times identity."""
    values, vectors = _eigen(correlation, ridge)
    return (vectors * values[None] ** power) @ vectors.T


@_root.defjvp
def _root_jvp(
    power: float, primals: tuple[ArrayLike, ArrayLike], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    """The derivative by divided differences, which are finite even for equal eigenvalues.

    The derivatives of eigenvectors, which JAX would use, are not.
    """
    values, vectors = _eigen(*primals)
    root = jnp.sqrt(values)
    quotients = 1 / (root[:, None] + root[None])
    if power < 0:
        quotients = -quotients / (root[:, None] * root[None])
    change = vectors @ (quotients * (vectors.T @ tangents[0] @ vectors)) @ vectors.T
    return (vectors * values[None] ** power) @ vectors.T, change


def _eigen(
    correlation: Float[ArrayLike, "3 3"], ridge: Float[ArrayLike, ""]
) -> tuple[Float[Array, "3"], Float[Array, "3 3"]]:
    values, vectors = jnp.linalg.eigh(jnp.asarray(correlation))
    return jnp.maximum(values, 0) + ridge, vectors
