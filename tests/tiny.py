"""A VGG with one convolution in each block, and without Winograd, for tests."""

import jax

from adain_jax.model import Model
from adain_jax.networks import ARCHITECTURES, initialize, vgg

ARCHITECTURES.update(vgg("tiny", (1, 1, 1, 1), (16, 32), "xla"))


def tiny_model(variant: str = "") -> Model:
    """The model before any training; `variant` is an ablation's, or "film"."""
    name = f"tiny_{variant}" if variant else "tiny"
    return Model.create(name, **jax.jit(lambda key: initialize(name, key))(jax.random.key(0)))


def tiny_film() -> Model:
    """A model that is told the style, with films and bridges; those of a new one do nothing."""
    params = tiny_model("film").params
    decoder, keys = dict(params["decoder"]), iter(jax.random.split(jax.random.key(2), 8))
    for name in decoder:
        if name.endswith(("_film", "_bridge")):
            scale = 0.03 if name.endswith("_film") else 0.003  # nothing saturates
            decoder[name] = {
                key: scale * jax.random.normal(next(keys), x.shape)
                for key, x in decoder[name].items()
            }
    return Model.create("tiny_film", params["encoder"], decoder)
