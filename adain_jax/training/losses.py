"""The losses of the paper (equations 11-13), as the most used PyTorch port reduces them.

All are means over everything but the taps, in float32.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from adain_jax.ops.statistics import ChannelStats, channel_stats

TapStats = Mapping[str, ChannelStats]


def content_loss(features: jax.Array, target: jax.Array) -> jax.Array:
    """Mean squared distance of the output's relu4_1 to AdaIN's result `t` (equation 12).

    >>> import jax.numpy as jnp
    >>> print(content_loss(jnp.zeros((1, 2, 2, 4)), jnp.ones((1, 2, 2, 4))))
    1.0
    """
    return jnp.mean(jnp.square(features.astype(jnp.float32) - target.astype(jnp.float32)))


def style_loss(taps: Mapping[str, jax.Array], style: TapStats, *, ddof: int = 0) -> jax.Array:
    """Squared distances of channel means and of deviations, summed over the taps (equation 13).

    Args:
        taps: the output's feature maps by name, each (N, H, W, C).
        style: `tap_stats` of the style, each (N, C).
        ddof: of the output's deviations, as in `channel_stats`; PyTorch's ports use 1.

    >>> import jax.numpy as jnp
    >>> taps = {"relu1_1": jnp.ones((1, 2, 2, 4))}
    >>> print(style_loss(taps, tap_stats({"relu1_1": jnp.zeros((1, 2, 2, 4))})))
    1.0
    """
    total = jnp.zeros((), jnp.float32)
    for name, features in taps.items():
        mean, std = channel_stats(features, ddof=ddof)
        total += jnp.mean(jnp.square(mean - style[name].mean))
        total += jnp.mean(jnp.square(std - style[name].std))
    return total


def tap_stats(taps: Mapping[str, jax.Array], *, ddof: int = 0) -> dict[str, ChannelStats]:
    """`channel_stats` of every tap, by name."""
    return {name: channel_stats(features, ddof=ddof) for name, features in taps.items()}


def reconstruction_loss(images: jax.Array, originals: jax.Array) -> jax.Array:
    """Mean absolute difference of pixels."""
    return jnp.mean(jnp.abs(images.astype(jnp.float32) - originals.astype(jnp.float32)))
