"""A VGG with one convolution in each block, and without Winograd, for tests."""

import jax

from adain_jax.model import Model
from adain_jax.networks import ARCHITECTURES, initialize, vgg

ARCHITECTURES.update(vgg("tiny", (1, 1, 1, 1), (16, 32), "xla"))


def tiny_model(variant: str = "") -> Model:
    """The model before any training; `variant` is an ablation's."""
    name = f"tiny_{variant}" if variant else "tiny"
    return Model.create(name, **jax.jit(lambda key: initialize(name, key))(jax.random.key(0)))
