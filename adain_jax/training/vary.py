"""Augmentation of styles: changes of their colours, and mixtures of their statistics.

All functions are pure and take one image, so that `jax.vmap` can map them inside a compiled step.
"""

import itertools
import math
from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from adain_jax.ops.color import LUMA
from adain_jax.ops.pixels import from_float, to_float
from adain_jax.training.config import TrainConfig

_Stats = TypeVar("_Stats")  # statistics, as any tree of arrays


def gray(image: jax.Array, amount: ArrayLike) -> jax.Array:
    """Turn an image (H, W, 3), in [0, 1], to greys; `amount` is not used.

    >>> print(gray(jnp.full((1, 1, 3), 0.5), 0.0))
    [[[0.5 0.5 0.5]]]
    """
    del amount
    luma = (image * jnp.asarray(LUMA, jnp.float32)[None, None]).sum(-1, keepdims=True)
    return jnp.broadcast_to(luma, image.shape)


def permute(image: jax.Array, amount: ArrayLike) -> jax.Array:
    """Permute the channels of an image; `amount`, in [0, 1), selects one of their six orders.

    >>> image = jnp.array([[[0.1, 0.5, 0.9]]])
    >>> print(permute(image, jnp.float32(0)), permute(image, jnp.float32(0.99)))
    [[[0.1 0.5 0.9]]] [[[0.9 0.5 0.1]]]
    """
    orders = jnp.asarray(list(itertools.permutations(range(3))), jnp.int32)
    return image[..., orders[(jnp.asarray(amount) * len(orders)).astype(jnp.int32)]]


def invert(image: jax.Array, amount: ArrayLike) -> jax.Array:
    """The negative of an image; `amount` is not used.

    >>> print(invert(jnp.array([[[0.0, 1.0, 0.25]]]), 0.0))
    [[[1.   0.   0.75]]]
    """
    del amount
    return 1 - image


def hue(image: jax.Array, amount: ArrayLike) -> jax.Array:
    """Rotate all hues of an image about the axis of greys, by `amount` full turns.

    >>> turned = hue(jnp.array([[[0.6, 0.2, 0.1]]]), 1 / 3)
    >>> bool(jnp.allclose(turned, jnp.array([[[0.1, 0.6, 0.2]]]), atol=1e-6))
    True
    """
    angle = 2 * math.pi * jnp.asarray(amount, jnp.float32)
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    even, odd = (1 - cosine) / 3, sine / math.sqrt(3)
    turned = cosine * image + even * image.sum(-1, keepdims=True)
    return turned + odd * (jnp.roll(image, 1, -1) - jnp.roll(image, -1, -1))


def contrast(image: jax.Array, amount: ArrayLike) -> jax.Array:
    """Scale distances from the mean colour by a factor from 0.5 (`amount` 0) to 2 (1).

    >>> print(contrast(jnp.array([[[0.0] * 3, [0.5] * 3]]), 1.0)[0, :, 0])
    [-0.25  0.75]
    """
    mean = image.mean((0, 1), keepdims=True)
    return mean + 2 ** (2 * jnp.asarray(amount, jnp.float32) - 1) * (image - mean)


def gamma(image: jax.Array, amount: ArrayLike) -> jax.Array:
    """Raise an image to a power from 0.5 (`amount` 0) to 2 (1); black and white stay.

    >>> print(gamma(jnp.array([[[0.0, 0.5, 1.0]]]), 1.0))
    [[[0.   0.25 1.  ]]]
    """
    return image ** (2 ** (2 * jnp.asarray(amount, jnp.float32) - 1))


CHANGES: dict[str, Callable[[jax.Array, ArrayLike], jax.Array]] = {
    "style_hue": hue,
    "style_permute": permute,
    "style_contrast": contrast,
    "style_gamma": gamma,
    "style_invert": invert,
    "style_gray": gray,
}


def recolor(key: jax.Array, image: jax.Array, config: TrainConfig) -> jax.Array:
    """Apply each change to an image, uint8 (H, W, 3), with the recipe's probability.

    >>> image = jnp.full((2, 2, 3), 55, jnp.uint8)
    >>> print(recolor(jax.random.key(0), image, TrainConfig(style_invert=1.0))[0, 0])
    [200 200 200]
    """
    chances = {name: getattr(config, name) for name in CHANGES}
    if not any(chances.values()):
        return image
    draws = jax.random.uniform(key, (2, len(CHANGES)), jnp.float32)
    x = to_float(image)
    for name, whether, amount in zip(CHANGES, *draws, strict=True):
        if chances[name]:
            changed = jnp.clip(CHANGES[name](x, amount), 0, 1)
            x = jnp.where(whether < chances[name], changed, x)
    return from_float(x, jnp.uint8)


def mix(key: jax.Array, stats: _Stats, others: _Stats, share: float) -> _Stats:
    """Blend a style's statistics with those of one of N others, (N, ...), in random parts.

    The probability of a blend is `share`; otherwise, the statistics are unchanged.

    >>> blend = mix(jax.random.key(0), jnp.zeros(2), jnp.ones((5, 2)), 1.0)
    >>> bool((blend == blend[0]).all() & (0 < blend[0]) & (blend[0] < 1))
    True
    """
    whether, which, amount = jax.random.uniform(key, (3,), jnp.float32)
    count = jax.tree.leaves(others)[0].shape[0]
    other = (which * count).astype(jnp.int32)
    blend = jnp.where(whether < share, amount, 0)
    return jax.tree.map(lambda x, y: x + blend * (y[other] - x), stats, others)
