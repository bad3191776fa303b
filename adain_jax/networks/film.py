"""Feature-wise linear modulation (Perez et al., AAAI 2018) by the statistics of a style."""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from adain_jax.ops.convolution import exact

TOLD = "told"  # the name under which a decoder takes statistics, beside maps
LEAST = 0.05  # added to deviations before their logarithm


def condition(mean: jax.Array, std: jax.Array) -> jax.Array:
    """Turn statistics (..., C) into inputs (..., 2C): logarithms of deviations, then means."""
    return jnp.concatenate([jnp.log(std + LEAST), mean], -1)


class Told(NamedTuple):
    """The statistics of a map that condition a decoder: in each cell, a mixture of R sets.

    Attributes:
        mean: the channel means of each set, (R, N, C), float32.
        std: the channel standard deviations of each set, (R, N, C), float32.
        weights: the share of each set in each cell, (R, N, h, w), or (R, N, 1, 1) for all cells;
            the shares add up to 1.
    """

    mean: jax.Array
    std: jax.Array
    weights: jax.Array

    @classmethod
    def of(cls, mean: jax.Array, std: jax.Array) -> "Told":
        """Make one set for each image, (N, C), which holds in all its cells.

        >>> Told.of(jnp.zeros((2, 3)), jnp.ones((2, 3))).weights.shape
        (1, 2, 1, 1)
        """
        return cls(mean[None], std[None], jnp.ones((1, len(mean), 1, 1), jnp.float32))


class Film(nn.Module):
    """A scale and a shift for each channel, linear in statistics: x * (1 + S c) + T c.

    c has, for each `Told`, the logarithms of its deviations and its means. The parameters, float32,
    are `scale` and `shift`, (n, C), initially zeros, so that a new module changes nothing. Where
    the sets of statistics are mixed, scales and shifts are mixed by the same shares.

    Attributes:
        pixels: the number of pixels whose channels `x` holds, one pixel after the other, as of
            `space_to_depth`. All have the same scales and shifts, (n, C / pixels), so that a style
            cannot give neighbouring pixels different colours.
    """

    pixels: int = 1

    @nn.compact
    def __call__(self, x: jax.Array, *told: Told) -> jax.Array:
        """Modulate `x`, (N, H, W, C).

        All `told` have equally many sets. The shares of the first are used, which has the cells of
        `x`.
        """
        stats = jnp.concatenate([condition(x.mean, x.std) for x in told], -1)
        modulation = []
        for name in ("scale", "shift"):
            shape = stats.shape[-1], x.shape[-1] // self.pixels
            matrix = self.param(name, nn.initializers.zeros, shape, jnp.float32)
            each = jnp.einsum("rnc,cd->rnd", stats, matrix, precision="highest")
            each = jnp.tile(each, self.pixels)
            modulation.append(jnp.einsum("rnhw,rnd->nhwd", told[0].weights, each))
        wide = exact(x.dtype)
        scale, shift = (part.astype(wide) for part in modulation)
        return (x.astype(wide) * (1 + scale) + shift).astype(x.dtype)
