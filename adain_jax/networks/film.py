"""Feature-wise linear modulation (Perez et al., AAAI 2018) by the statistics of a style."""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from adain_jax.ops.convolution import exact

TOLD = "told"  # by which name a decoder takes, beside maps, statistics
LEAST = 0.05  # added to deviations before their logarithm


def condition(mean: jax.Array, std: jax.Array) -> jax.Array:
    """Statistics (..., C) as inputs of layers: logarithms of deviations, and means, (..., 2C)."""
    return jnp.concatenate([jnp.log(std + LEAST), mean], -1)


class Told(NamedTuple):
    """The statistics of a map that condition a decoder: mixtures of R sets, place by place.

    Attributes:
        mean: channel means of each set, (R, N, C), float32.
        std: channel standard deviations, likewise.
        weights: the share of each set in each cell, (R, N, h, w), or (R, N, 1, 1) for all cells;
            the shares add up to 1.
    """

    mean: jax.Array
    std: jax.Array
    weights: jax.Array

    @classmethod
    def of(cls, mean: jax.Array, std: jax.Array) -> "Told":
        """One set for each image, (N, C), in all its cells.

        >>> Told.of(jnp.zeros((2, 3)), jnp.ones((2, 3))).weights.shape
        (1, 2, 1, 1)
        """
        return cls(mean[None], std[None], jnp.ones((1, len(mean), 1, 1), jnp.float32))


class Film(nn.Module):
    """A scale and a shift for each channel, linear in statistics: x * (1 + S c) + T c.

    c has, for each `Told`, the logarithms of its deviations and its means. Parameters, float32:
    `scale` and `shift`, (n, C), zeros, so that a network begins as if the module was not there.
    Where the sets of statistics are mixed, so are scales and shifts.
    """

    @nn.compact
    def __call__(self, x: jax.Array, *told: Told) -> jax.Array:
        """(N, H, W, C) to the same; all `told` have the same sets, the first the cells of `x`."""
        stats = jnp.concatenate([condition(x.mean, x.std) for x in told], -1)
        modulation = []
        for name in ("scale", "shift"):
            shape = stats.shape[-1], x.shape[-1]
            matrix = self.param(name, nn.initializers.zeros, shape, jnp.float32)
            each = jnp.einsum("rnc,cd->rnd", stats, matrix, precision="highest")
            modulation.append(jnp.einsum("rnhw,rnd->nhwd", told[0].weights, each))
        wide = exact(x.dtype)
        scale, shift = (part.astype(wide) for part in modulation)
        return (x.astype(wide) * (1 + scale) + shift).astype(x.dtype)
