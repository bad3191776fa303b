"""A VGG with one convolution in each block, and without Winograd, for tests."""

import jax

from adain_jax.model import Model
from adain_jax.networks import ARCHITECTURES, Architecture, Decoder, Encoder, initialize

_DEPTHS = (1, 1, 1, 1)
ARCHITECTURES["tiny"] = Architecture(
    Encoder(_DEPTHS, "xla"), Decoder(_DEPTHS, "xla"), ("relu4_1",), (16, 32)
)


def tiny_model() -> Model:
    """The model before any training."""
    return Model.create("tiny", **jax.jit(lambda key: initialize("tiny", key))(jax.random.key(0)))
