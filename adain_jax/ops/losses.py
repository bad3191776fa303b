"""The losses of the paper (equations 11-13), reduced as in the most used PyTorch port.

They are means over all axes, summed over the taps, with unbiased deviations, in float32 whatever
the dtype of the features. Matrix products have full precision on accelerators, too. Otherwise these
would round the factors to TF32 or bfloat16: sums over all positions would differ in the third
digit, and the normal equations of `feature_loss` could not be solved.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import jax
import jax.numpy as jnp

from adain_jax.ops.shapes import AnyArray, Array, Float
from adain_jax.ops.statistics import ChannelStats, channel_stats

# Added to variances, so that flat pictures can be compared: of values in [0, 1], and of the maps of
# a normalised VGG, whose means are 1.
_FLAT, _FLAT_MAP = 1e-3, 1.0

Taps = Mapping[str, Float[AnyArray, "n _h _w _c"]]  # maps by their names
TapStats = Mapping[str, ChannelStats]


def content_loss(
    features: Float[AnyArray, "*shape"], target: Float[AnyArray, "*shape"]
) -> Float[Array, ""]:
    """The mean squared distance of the output's map from the result `t` of AdaIN (equation 12).

    >>> import jax.numpy as jnp
    >>> print(content_loss(jnp.zeros((1, 2, 2, 4)), jnp.ones((1, 2, 2, 4))))
    1.0
    """
    return jnp.mean(jnp.square(features.astype(jnp.float32) - target.astype(jnp.float32)))


def cosine_loss(
    features: Float[AnyArray, "n h w c"], target: Float[AnyArray, "n h w c"]
) -> Float[Array, ""]:
    """One minus the cosine of the angle between channel vectors, averaged over the positions.

    It compares what is at a position, whatever the strength, as LPIPS does (Zhang et al. 2018).

    >>> import jax.numpy as jnp
    >>> x = jnp.array([[1.0, 0.0], [0.0, 1.0]]).reshape(1, 1, 2, 2)
    >>> print(cosine_loss(x, 3 * x).round(2), cosine_loss(x, x[..., ::-1]).round(2))
    0.0 1.0
    """
    ours, theirs = (_unit(x.astype(jnp.float32)) for x in (features, target))
    return jnp.mean(jnp.square(ours - theirs).sum(-1)) / 2


def style_loss(
    taps: Taps,
    style: TapStats,
    *,
    layers: Sequence[float] | None = None,
    reduction: str = "mean",
    ddof: int = 1,
) -> Float[Array, ""]:
    """The squared distances of channel means and deviations, summed over the taps (equation 13).

    Args:
        taps: the output's feature maps by name, each (N, H, W, C).
        style: the `tap_stats` of the style, each (N, C).
        layers: a weight for each tap, in the order of their names; by default all are 1.
        reduction: the reduction over channels: "mean"; "sum", as in the paper's own code; or
            "relative", the distance (not squared) divided by the length of the style's vector, so
            that faint styles count as much as strong ones.
        ddof: as in `channel_stats`, for the output's deviations; PyTorch's ports use 1.

    Raises:
        ValueError: if there is no such reduction, or if the layers are not as many as the taps.

    >>> import jax.numpy as jnp
    >>> taps = {"relu1_1": jnp.ones((1, 2, 2, 4))}
    >>> zero = tap_stats({"relu1_1": jnp.zeros((1, 2, 2, 4))})
    >>> print(style_loss(taps, zero), style_loss(taps, zero, reduction="sum"))
    1.0 4.0
    >>> half = tap_stats({"relu1_1": jnp.full((1, 2, 2, 4), 0.5)})
    >>> print(f"{style_loss(taps, half, reduction='relative'):.2f}")
    0.98
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {', '.join(REDUCTIONS)}, not {reduction!r}")
    names = sorted(taps)
    weights = [1.0] * len(names) if layers is None else layers
    if len(weights) != len(names):
        raise ValueError(f"layers must have {len(names)} weights, one for each tap: {layers}")
    total = jnp.zeros((), jnp.float32)
    for name, weight in zip(names, weights, strict=True):
        for ours, theirs in zip(channel_stats(taps[name], ddof=ddof), style[name], strict=True):
            total += weight * REDUCTIONS[reduction](ours - theirs, theirs).mean()
    return total


def tap_stats(taps: Taps, *, ddof: int = 1) -> dict[str, ChannelStats]:
    """The `channel_stats` of every tap, by name.

    >>> import jax.numpy as jnp
    >>> tap_stats({"relu1_1": jnp.zeros((1, 2, 2, 4))})["relu1_1"].mean.shape
    (1, 4)
    """
    return {name: channel_stats(features, ddof=ddof) for name, features in taps.items()}


def gram_loss(taps: Taps, style: Mapping[str, Float[AnyArray, "_n _c _c"]]) -> Float[Array, ""]:
    """The mean squared distances of Gram matrices, summed over the taps (Gatys et al. 2016).

    It takes feature maps by name, (N, H, W, C), and the `gram_matrices` of the style.

    >>> import jax.numpy as jnp
    >>> ones = {"relu1_1": jnp.ones((1, 2, 2, 4))}
    >>> print(gram_loss(ones, gram_matrices({"relu1_1": jnp.zeros((1, 3, 3, 4))})))
    1.0
    """
    total = jnp.zeros((), jnp.float32)
    for name, ours in gram_matrices(taps).items():
        total += jnp.mean(jnp.square(ours - style[name]))
    return total


def gram_matrices(taps: Taps) -> dict[str, Float[Array, "n _c _c"]]:
    """The Gram matrices (N, C, C) of maps (N, H, W, C) by name, each a mean over positions.

    >>> import jax.numpy as jnp
    >>> print(gram_matrices({"relu1_1": 2 * jnp.ones((1, 3, 3, 2))})["relu1_1"])
    [[[4. 4.]
      [4. 4.]]]
    """
    return {name: _gram(features) for name, features in taps.items()}


def shift_loss(
    images: Float[AnyArray, "n h w c"], others: Float[AnyArray, "n h w c"]
) -> Float[Array, ""]:
    """The squared distance of two pictures of one thing, divided by the sum of their variances.

    It is 0 for equal pictures and about 1 for pictures that have nothing in common but their mean
    colour. A decoder cannot lower it by painting with less contrast, as it could if the distance
    were not divided.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> image, other = jax.random.uniform(jax.random.key(0), (2, 1, 64, 64, 3))
    >>> print(shift_loss(image, other).round(1), shift_loss(image / 2, other / 2).round(1))
    1.0 1.0
    """
    images, others = images.astype(jnp.float32), others.astype(jnp.float32)
    return _divided(images, others, _variance(images) + _variance(others) + _FLAT)


def perceptual_loss(taps: Taps, wanted: Taps) -> Float[Array, ""]:
    """The distance of two pictures in a VGG's maps (Johnson et al. 2016), summed over the taps.

    It takes feature maps by name, (N, H, W, C), of both pictures. The squared distance of each map
    is divided by the variance of the wanted map, averaged over its channels, plus 1. Without the 1,
    one flat picture outweighs all others.

    >>> import jax.numpy as jnp
    >>> wanted = {"relu1_1": jnp.array([0.0, 6.0]).reshape(1, 1, 2, 1)}
    >>> print(perceptual_loss({"relu1_1": wanted["relu1_1"] + 5}, wanted))
    2.5
    """
    total = jnp.zeros((), jnp.float32)
    for name, x in wanted.items():
        ours, theirs = taps[name].astype(jnp.float32), x.astype(jnp.float32)
        total += _divided(ours, theirs, _variance(theirs) + _FLAT_MAP)
    return total


def total_variation(images: Float[AnyArray, "n h w c"]) -> Float[Array, ""]:
    """The mean squared difference of neighbouring pixels of (N, H, W, C), vertical plus horizontal.

    >>> import jax.numpy as jnp
    >>> print(total_variation(jnp.arange(6.0).reshape(1, 2, 3, 1)))
    10.0
    """
    images = images.astype(jnp.float32)
    # An image of one row has no vertical differences, and their mean would be NaN.
    differences = (jnp.diff(images, axis=axis) for axis in (1, 2) if images.shape[axis] > 1)
    means = [jnp.mean(jnp.square(x)) for x in differences]
    return sum(means, jnp.zeros((), jnp.float32))


def mesh_loss(images: Float[AnyArray, "n h w c"], period: int) -> Float[Array, ""]:
    """The mean square of what repeats at exactly this distance in pixels, in both directions.

    It is the variance of the mean cell of `period` by `period` pixels, under a Hann window, without
    which the borders of a smooth picture would count. Strokes that move with the photograph cancel
    out in this mean; a mesh of the network's upsamplings does not.

    Args:
        images: float (N, H, W, C), H and W multiples of `period` and at least twice as large.
        period: the side of the cell, in pixels.

    >>> import jax.numpy as jnp
    >>> columns = jnp.tile(jnp.array([0.4, 0.6]), 16)
    >>> mesh = jnp.broadcast_to(columns[:, None], (1, 32, 32, 3))
    >>> print(mesh_loss(mesh, 4).round(4), mesh_loss(mesh[:, :, :1] + 0 * mesh, 4).round(4))
    0.01 0.0
    """
    x = images.astype(jnp.float32)
    number, height, width, channels = x.shape
    circle = partial(jnp.linspace, 0, 2 * jnp.pi, endpoint=False, dtype=jnp.float32)
    rows, columns = (1 - jnp.cos(circle(side)) for side in (height, width))
    window = jnp.outer(rows, columns)[None, ..., None]  # its mean is 1
    x = (x - (x * window).mean((1, 2), keepdims=True)) * window
    shape = number, height // period, period, width // period, period, channels
    return jnp.mean(jnp.square(x.reshape(shape).mean((1, 3))))


def reconstruction_loss(
    images: Float[AnyArray, "*shape"], originals: Float[AnyArray, "*shape"]
) -> Float[Array, ""]:
    """The mean absolute difference of the pixels of images, which have the same shape.

    >>> import jax.numpy as jnp
    >>> print(reconstruction_loss(jnp.zeros((1, 2, 2, 3)), jnp.full((1, 2, 2, 3), -0.5)))
    0.5
    """
    return jnp.mean(jnp.abs(images.astype(jnp.float32) - originals.astype(jnp.float32)))


def feature_loss(features: Taps, taps: Taps) -> Float[Array, ""]:
    """The share of a VGG's maps that the best linear map of `features` does not explain.

    It takes maps by name, each (N, h, w, C), and the VGG's maps by name, of which the deepest of
    each size is used. The result is the unexplained share of their variance, in [0, 1], averaged
    over `features`. Least squares find the linear map for each batch, so only the features are
    learned.

    >>> import jax, jax.numpy as jnp
    >>> x = jax.random.normal(jax.random.key(0), (1, 16, 16, 4))
    >>> print(feature_loss({"x": x}, {"y": x @ jnp.ones((4, 9)) + 1}).round(3))
    0.0
    """
    by_size = {x.shape[1:3]: x for _, x in sorted(taps.items())}
    left = [_unexplained(x, by_size[x.shape[1:3]]) for x in features.values()]
    return jnp.stack(left).mean()


def _unexplained(x: Float[AnyArray, "n h w c"], y: Float[AnyArray, "n h w d"]) -> Float[Array, ""]:
    """The share of the variance of `y` that no linear map of `x` explains."""
    x, y = (z.astype(jnp.float32).reshape(-1, z.shape[-1]) for z in (x, y))
    x, y = (z - z.mean(0, keepdims=True) for z in (x, y))
    with jax.default_matmul_precision("highest"):
        products = x.T @ x
        ridge = 1e-4 * jnp.trace(products) / x.shape[-1] + 1e-6
        system = products + ridge * jnp.eye(x.shape[-1], dtype=x.dtype)
        # At the optimum of the linear map, its own change does not contribute to the gradient.
        linear = jax.lax.stop_gradient(jnp.linalg.solve(system, x.T @ y))
        rest = y - x @ linear
    return jnp.mean(jnp.square(rest)) / (jnp.mean(jnp.square(y)) + 1e-6)


def _unit(x: Float[Array, "n h w c"]) -> Float[Array, "n h w c"]:
    """The channel vectors, scaled to length 1."""
    # The root has no gradient at 0, and all channels can be 0 after a ReLU.
    return x * jax.lax.rsqrt(jnp.square(x).sum(-1, keepdims=True) + 1e-4)


def _variance(x: Float[Array, "n h w c"]) -> Float[Array, " n"]:
    """The variances of the channels, averaged over them."""
    return x.var((1, 2)).mean(-1)


def _divided(
    ours: Float[Array, "n h w c"], theirs: Float[Array, "n h w c"], scale: Float[Array, " n"]
) -> Float[Array, ""]:
    """The mean squared distances, each divided by its own scale."""
    return jnp.mean(jnp.square(ours - theirs).mean((1, 2, 3)) / scale)


def _relative(difference: Float[Array, "n c"], wanted: Float[Array, "n c"]) -> Float[Array, " n"]:
    """The root mean square of the differences, divided by that of the wanted numbers."""
    # The root has no gradient at 0, and the deviations of a flat painting are 0.
    squares = (jnp.square(difference).mean(-1) + 1e-8, jnp.square(wanted).mean(-1) + 1e-2)
    ours, theirs = (jnp.sqrt(x) for x in squares)
    return ours / theirs


REDUCTIONS = {
    "mean": lambda difference, _: jnp.square(difference).mean(-1),
    "sum": lambda difference, _: jnp.square(difference).sum(-1),
    "relative": _relative,
}


def _gram(features: Float[AnyArray, "n h w c"]) -> Float[Array, "n c c"]:
    x = features.astype(jnp.float32)
    products = jnp.einsum("nhwc,nhwd->ncd", x, x, precision="highest")
    return products / (x.shape[1] * x.shape[2])
