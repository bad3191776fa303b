"""Bridges, by which fine detail gets around the smallest map."""

import flax.linen as nn
import jax
import jax.numpy as jnp


class Bridge(nn.Module):
    """Adds a map of the encoder to one of the decoder, of the same size: x + M f.

    So fine detail does not have to pass through the smallest map. The parameter `matrix`, float32
    (channels of f, channels of x), is initialised with zeros, so that a new bridge changes nothing.
    """

    @nn.compact
    def __call__(self, x: jax.Array, features: jax.Array) -> jax.Array:
        """Add `features`, (N, H, W, D), to `x`, (N, H, W, C)."""
        shape = features.shape[-1], x.shape[-1]
        matrix = self.param("matrix", nn.initializers.zeros, shape, jnp.float32)
        return x + features @ matrix.astype(x.dtype)
