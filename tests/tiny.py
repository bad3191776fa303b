"""A VGG with one convolution in each block, and without Winograd, for tests."""

import jax
import jax.numpy as jnp

from adain_jax.model import Model
from adain_jax.networks import ARCHITECTURES, Architecture, Decoder, Encoder

_DEPTHS = (1, 1, 1, 1)
ARCHITECTURES["tiny"] = Architecture(
    Encoder(_DEPTHS, "xla"), Decoder(_DEPTHS, "xla"), "relu4_1", 512
)


def tiny_model() -> Model:
    """The model before any training."""
    encoder, decoder, _, width = ARCHITECTURES["tiny"]
    keys = jax.random.split(jax.random.key(0))
    params = [
        jax.jit(module.init)(key, jnp.zeros((1, 8, 8, channels)))["params"]
        for module, key, channels in zip((encoder, decoder), keys, (3, width), strict=True)
    ]
    return Model.create("tiny", *params)
