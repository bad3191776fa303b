"""A way around the smallest map."""

import flax.linen as nn
import jax
import jax.numpy as jnp


class Bridge(nn.Module):
    """Adds a map of the encoder to one of the decoder, of the same size: x + M f.

    What is fine need not pass through the smallest map then. The parameter `matrix`, float32
    (channels of f, channels of x), begins as zeros, so that a network begins as if the bridge was
    not there.
    """

    @nn.compact
    def __call__(self, x: jax.Array, features: jax.Array) -> jax.Array:
        """(N, H, W, C) and (N, H, W, D) to (N, H, W, C)."""
        shape = features.shape[-1], x.shape[-1]
        matrix = self.param("matrix", nn.initializers.zeros, shape, jnp.float32)
        return x + features @ matrix.astype(x.dtype)
