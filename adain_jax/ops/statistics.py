"""Feature statistics, and the normalisations of the paper that use them (section 3, equations 1-8).

Every function here is pure, works inside `jit`, `vmap` and `grad`, and computes in float32. Images
and maps in the result have the dtype of the input; statistics are float32. The last axis is the
channel.

The formulas, side by side, with `mu` and `sigma` over the axes named:

    batch norm                  sigma(x)^-1 (x - mu(x)) * gamma   + beta      N, H, W    (1)-(3)
    instance norm               sigma(x)^-1 (x - mu(x)) * gamma   + beta      H, W       (4)-(6)
    conditional instance norm   sigma(x)^-1 (x - mu(x)) * gamma_s + beta_s    H, W       (7)
    AdaIN                       sigma(x)^-1 (x - mu(x)) * sigma(y) + mu(y)    H, W       (8)
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.core import Tracer

from adain_jax.ops.shapes import Array, ArrayLike, Float, Float32, Num, Shaped

EPS = 1e-5


class ChannelStats(NamedTuple):
    """The mean and standard deviation of every channel: two float32 arrays of the same shape."""

    mean: Float32[Array, "*n c"]
    std: Float32[Array, "*n c"]


def channel_stats(
    x: Float[ArrayLike, "... h w c"],
    *,
    where: Shaped[ArrayLike, "... h w"] | None = None,
    ddof: int = 0,
    eps: float = EPS,
) -> ChannelStats:
    """The mean and standard deviation of each channel over the spatial axes (equations 5 and 6).

    Args:
        x: features, (..., H, W, C), any floating dtype, any range up to 1e37.
        where: booleans for the cells that count, or weights of the cells, at least 0; (H, W) or
            (..., H, W). If no cell counts, the mean is 0.
        ddof: 0 divides the sum of squares by H*W, as the paper's own code does; 1 divides it by H*W
            - 1, as PyTorch and its ports do by default. A map of one pixel has variance 0 in both
            cases.
        eps: a number that is added to the variance inside the root, so that constant channels have
            a finite derivative.

    Returns:
        The `mean` and `std`, float32, each (..., C).

    Raises:
        ValueError: if `x` has fewer than three axes, or is not floating.

    >>> import jax.numpy as jnp
    >>> mean, std = channel_stats(jnp.array([[[1.0], [3.0]]]))
    >>> print(mean, std)
    [2.] [1.000005]
    """
    x = _features(x)
    mean, std = _mean_and_std(x, (-3, -2), ddof, eps, where)
    return ChannelStats(mean[..., 0, 0, :], std[..., 0, 0, :])


def adain(
    x: Float[ArrayLike, "... h w c"],
    mean: Num[ArrayLike, "... c"],
    std: Num[ArrayLike, "... c"],
    *,
    where: Shaped[ArrayLike, "... h w"] | None = None,
    stats: ChannelStats | None = None,
    ddof: int = 0,
    eps: float = EPS,
) -> Float[Array, "... h w c"]:
    """Adaptive instance normalisation (equation 8): give `x` the statistics of a style.

    Args:
        x: content features, (..., H, W, C).
        mean: the style's channel means, (..., C); leading axes broadcast against those of `x`.
        std: the style's channel standard deviations, of the same shape.
        where: as in `channel_stats`, for the statistics of `x`; all of `x` is transformed.
        stats: statistics to use in place of those of `x`, each (..., C), such as those of the whole
            picture if `x` is a part of it.
        ddof: as in `channel_stats`, for the statistics of `x`.
        eps: as in `channel_stats`, for the statistics of `x`.

    Returns:
        Features with the (broadcast) shape and the dtype of `x`.

    Raises:
        ValueError: if the channels differ, or as `channel_stats` does.

    >>> import jax, jax.numpy as jnp
    >>> content, style = jax.random.normal(jax.random.key(0), (2, 8, 8, 4))
    >>> target = adain(content, *channel_stats(style))
    >>> bool(jnp.allclose(channel_stats(target).mean, channel_stats(style).mean, atol=1e-5))
    True
    """
    if stats is not None:
        return _standardize(_features(x), stats, std, mean)
    return _normalize(x, (-3, -2), std, mean, ddof, eps, where)


def instance_norm(
    x: Float[ArrayLike, "*n h w c"],
    gamma: Num[ArrayLike, " c"],
    beta: Num[ArrayLike, " c"],
    *,
    eps: float = EPS,
) -> Float[Array, "*n h w c"]:
    """Instance normalisation (equations 4-6).

    Each image's channels get zero mean and unit deviation, and then the scales `gamma` and shifts
    `beta`, each (C,). `x` is (..., H, W, C); the result has its shape and dtype. It raises
    `ValueError` as `adain` does.

    >>> import jax.numpy as jnp
    >>> print(instance_norm(jnp.array([[[1.0], [3.0]]]), jnp.ones(1), jnp.zeros(1)).ravel())
    [-0.999995  0.999995]
    """
    return _normalize(x, (-3, -2), gamma, beta, 0, eps)


def conditional_instance_norm(
    x: Float[ArrayLike, "*n h w c"],
    gammas: Num[ArrayLike, "s c"],
    betas: Num[ArrayLike, "s c"],
    style: Num[ArrayLike, "..."],
    *,
    eps: float = EPS,
) -> Float[Array, "*n h w c"]:
    """Conditional instance normalisation (equation 7; Dumoulin et al. 2017).

    Args:
        x: features, (..., H, W, C).
        gammas: the scales of S styles, (S, C).
        betas: the shifts of S styles, (S, C).
        style: either integer style indices of the leading shape of `x` (or a scalar), or floating
            blending weights over the S styles, (..., S).
        eps: as in `channel_stats`.

    Returns:
        Features with the shape and dtype of `x`.

    Raises:
        ValueError: if a style index is out of range, or as `adain` does.

    >>> import jax.numpy as jnp
    >>> x, gammas = jnp.array([[[1.0], [3.0]]]), jnp.array([[1.0], [2.0]])
    >>> print(conditional_instance_norm(x, gammas, jnp.zeros((2, 1)), 1).ravel())
    [-1.99999  1.99999]
    """
    gammas, betas, style = jnp.asarray(gammas), jnp.asarray(betas), jnp.asarray(style)
    if jnp.issubdtype(style.dtype, jnp.integer):
        if not isinstance(style, Tracer):
            with jax.ensure_compile_time_eval():  # inside `jit`, the minimum would be traced
                low, high = int(style.min()), int(style.max())
            if not 0 <= low <= high < len(gammas):
                raise ValueError(f"style {style} is none of the {len(gammas)} styles")
        gamma, beta = gammas[style], betas[style]
    else:
        # By default, accelerators would round both factors to TF32 or bfloat16.
        gamma, beta = (jnp.matmul(style, x, precision="highest") for x in (gammas, betas))
    return _normalize(x, (-3, -2), gamma, beta, 0, eps)


def batch_norm(
    x: Float[ArrayLike, "n h w c"],
    gamma: Num[ArrayLike, " c"],
    beta: Num[ArrayLike, " c"],
    *,
    stats: ChannelStats | None = None,
    eps: float = EPS,
) -> Float[Array, "n h w c"]:
    """Batch normalisation (equations 1-3), with the statistics of the batch or given ones.

    Args:
        x: features, (N, H, W, C).
        gamma: the scales, (C,).
        beta: the shifts, (C,).
        stats: population statistics to use in place of the batch's (at inference), each (C,).
        eps: as in `channel_stats`.

    Returns:
        Features with the shape and dtype of `x`.

    Raises:
        ValueError: if `x` does not have four axes, or as `adain` does.

    >>> import jax.numpy as jnp
    >>> print(batch_norm(jnp.array([[[[1.0]]], [[[3.0]]]]), jnp.ones(1), jnp.zeros(1)).ravel())
    [-0.999995  0.999995]
    """
    if jnp.ndim(x) != 4:
        raise ValueError(f"batch_norm takes (N, H, W, C), not an array of shape {jnp.shape(x)}")
    if stats is not None:
        return _standardize(_features(x), stats, gamma, beta)
    return _normalize(x, (0, 1, 2), gamma, beta, 0, eps)


def _standardize(x: Array, stats: ChannelStats, scale: ArrayLike, shift: ArrayLike) -> Array:
    mean, std, scale, shift = (_per_channel(part, x) for part in (*stats, scale, shift))
    y, mean, std, scale, shift = aligned(x.astype(jnp.float32), mean, std, scale, shift)
    return ((y - mean) * (scale / std) + shift).astype(x.dtype)


def _normalize(
    x: ArrayLike,
    axes: Sequence[int],
    scale: ArrayLike,
    shift: ArrayLike,
    ddof: int,
    eps: float,
    where: ArrayLike | None = None,
) -> Array:
    x = _features(x)
    mean, std = _mean_and_std(x, axes, ddof, eps, where)
    # It multiplies by the reciprocal: the derivative of a quotient by a huge deviation overflows.
    y, mean, std = aligned(x.astype(jnp.float32), mean, std)
    y, scale, shift = aligned((y - mean) * (1 / std), *(_per_channel(z, x) for z in (scale, shift)))
    return (y * scale + shift).astype(x.dtype)


def _mean_and_std(
    x: Array,
    axes: Sequence[int],
    ddof: int,
    eps: float,
    where: ArrayLike | None = None,
) -> tuple[Array, Array]:
    axes = tuple(axes)
    x = x.astype(jnp.float32)
    if where is None:
        weights, count = None, jnp.float32(math.prod(x.shape[axis] for axis in axes))
    else:
        x, weights = aligned(x, jnp.asarray(where).astype(jnp.float32)[..., None])
        x = jnp.where(weights > 0, x, 0)  # cells that do not count may hold NaN
        count = jnp.broadcast_to(weights, (*x.shape[:-1], 1)).sum(axes, keepdims=True)
    inverse_count = 1 / jnp.where(count > 0, count, 1)
    mean = jnp.sum(_weighted(x * inverse_count, weights), axes, keepdims=True)
    deviation = x - mean if weights is None else jnp.where(weights > 0, x - mean, 0)
    # Squares of huge deviations overflow, so they are measured in units of the largest, at least 1.
    unit = jnp.maximum(jnp.max(jnp.abs(jax.lax.stop_gradient(deviation)), axes, keepdims=True), 1)
    inverse = 1 / unit
    squares = jnp.sum(_weighted(jnp.square(deviation * inverse), weights), axes, keepdims=True)
    variance = squares * (1 / jnp.where(count > ddof, count - ddof, 1))
    return mean, unit * jnp.sqrt(variance + eps * inverse * inverse)


def _weighted(x: Array, weights: Array | None) -> Array:
    return x if weights is None else x * weights


def aligned(*arrays: Array) -> list[Array]:
    """Add leading axes of length 1 to arrays until all have the same number of axes.

    So they broadcast even if the user has JAX refuse to promote ranks.

    >>> import jax.numpy as jnp
    >>> [x.shape for x in aligned(jnp.zeros((2, 3)), jnp.zeros(3))]
    [(2, 3), (1, 3)]
    """
    rank = max(x.ndim for x in arrays)
    return [x.reshape((1,) * (rank - x.ndim) + x.shape) for x in arrays]


def _features(x: ArrayLike) -> Array:
    x = jnp.asarray(x)
    if x.ndim < 3 or not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"features are floating (..., H, W, C), not {x.dtype} of shape {x.shape}")
    return x


def _per_channel(values: ArrayLike, x: Array) -> Array:
    """Reshape (..., C) to float32 (..., 1, 1, C), and check C against the channels of `x`."""
    values = jnp.asarray(values)
    if values.ndim < 1 or values.shape[-1] != x.shape[-1]:
        raise ValueError(
            f"{x.shape[-1]} channels in the features, but per-channel values of shape "
            f"{values.shape}: the last axis must be the same"
        )
    return values.astype(jnp.float32)[..., None, None, :]
