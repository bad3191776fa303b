"""Bridges, by which fine detail gets around the smallest map."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adain_jax.ops.convolution import only_cpus
from adain_jax.ops.resampling import is_static

# On CPUs, a map is added in strips of about this size, in bytes, to save the memory of a whole one.
_STRIP_BYTES = 64 << 20


class Bridge(nn.Module):
    """Adds a map of the encoder to one of the decoder, of the same size: x + M f.

    So fine detail does not have to pass through the smallest map. The parameter `matrix`, float32
    (channels of f, channels of x), is initialised with zeros, so that a new bridge changes nothing.
    """

    @nn.compact
    def __call__(self, x: jax.Array, features: jax.Array) -> jax.Array:
        """Add `features`, (N, H, W, D), to `x`, (N, H, W, C)."""
        shape = features.shape[-1], x.shape[-1]
        matrix = self.param("matrix", nn.initializers.zeros, shape, jnp.float32).astype(x.dtype)
        if not is_static(x) or x.nbytes <= _STRIP_BYTES or not only_cpus():
            return x + features @ matrix
        rows, least = x.shape[1], -(-x.nbytes // _STRIP_BYTES)
        # The sum takes the place of `x`, while `ops.strips.by_strips` would need another map. So
        # the strips are equal: no row may be added twice.
        count = next(n for n in range(max(rows // least, 1), 0, -1) if rows % n == 0)

        def add(i: jax.Array, y: jax.Array) -> jax.Array:
            part, more = (
                jax.lax.dynamic_slice_in_dim(z, i * count, count, 1) for z in (y, features)
            )
            return jax.lax.dynamic_update_slice_in_dim(y, part + more @ matrix, i * count, 1)

        return jax.lax.fori_loop(0, rows // count, add, x)
