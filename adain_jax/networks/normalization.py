"""Normalisation with learned scales and shifts, AdaIN's origin (section 3 of the paper)."""

from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from adain_jax.networks.layers import Size
from adain_jax.ops.statistics import (
    ChannelStats,
    adain,
    batch_norm,
    channel_stats,
    conditional_instance_norm,
    instance_norm,
)

Kind = Literal["batch", "instance", "conditional"]

# The collection of statistics that batch normalisations use in place of those of their batch.
POPULATION = "population"


class Normalization(nn.Module):
    """Batch, instance or conditional instance normalisation of (N, H, W, C).

    The parameters, float32, are `gamma`, initially ones, and `beta`, initially zeros, each (C,), or
    (styles, C) if conditional. Batch normalisation uses the statistics of its batch, or those of
    the collection "population" if they are given. If that collection is mutable, the batch's
    statistics are used and stored there.

    Attributes:
        kind: the kind of the normalisation (equations 1 to 7 of the paper).
        styles: the number of styles of a conditional instance normalisation.
    """

    kind: Kind
    styles: int = 1

    @nn.compact
    def __call__(
        self, x: jax.Array, size: Size = None, style: jax.Array | None = None
    ) -> jax.Array:
        """Normalise (N, H, W, C); `style` is that of `conditional_instance_norm`."""
        shape = (self.styles, x.shape[-1]) if self.kind == "conditional" else x.shape[-1:]
        gamma = self.param("gamma", nn.initializers.ones, shape, jnp.float32)
        beta = self.param("beta", nn.initializers.zeros, shape, jnp.float32)
        if self.kind == "conditional":
            if style is None:
                raise ValueError("conditional normalisation wants a style: an index, or weights")
            return conditional_instance_norm(x, gamma, beta, style)
        if size is not None:  # with one image, batch and instance normalisation are equal
            rows, columns = (jnp.arange(x.shape[1 + i]) < size[i] for i in range(2))
            return adain(x, beta, gamma, where=rows[:, None] & columns[None])
        if self.kind == "instance":
            return instance_norm(x, gamma, beta)
        if self.is_mutable_collection(POPULATION) and not self.is_initializing():
            stats = channel_stats(x.reshape(1, -1, *x.shape[2:]))
            self.put_variable(POPULATION, "mean", stats.mean[0])
            self.put_variable(POPULATION, "std", stats.std[0])
        elif self.has_variable(POPULATION, "mean"):
            mean, std = (self.get_variable(POPULATION, name) for name in ("mean", "std"))
            return batch_norm(x, gamma, beta, stats=ChannelStats(mean, std))
        return batch_norm(x, gamma, beta)
