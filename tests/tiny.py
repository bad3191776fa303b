"""A VGG with one convolution in each block, and without Winograd, for tests."""

import jax

from adain_jax.model import Model
from adain_jax.networks import ARCHITECTURES, initialize, vgg

ARCHITECTURES.update(vgg("tiny", (1, 1, 1, 1), (16, 32), "xla"))


def tiny_model(variant: str = "") -> Model:
    """The untrained model; `variant` is that of an ablation, "film" or "fast"."""
    name = f"tiny_{variant}" if variant else "tiny"
    return Model.create(name, **jax.jit(lambda key: initialize(name, key))(jax.random.key(0)))


def tiny_film() -> Model:
    """A model with random films and bridges, because initial ones do nothing."""
    return _told("film")


def tiny_fast() -> Model:
    """A "fast" model with random films and a random projection, because initial ones do nothing."""
    return _told("fast")


def _told(variant: str) -> Model:
    params = dict(tiny_model(variant).params)
    decoder, keys = dict(params.pop("decoder")), iter(jax.random.split(jax.random.key(2), 10))
    for name in decoder:
        if name.endswith(("_film", "_bridge")):
            scale = 0.03 if name.endswith("_film") else 0.003  # small enough that nothing saturates
            decoder[name] = {
                key: scale * jax.random.normal(next(keys), x.shape)
                for key, x in decoder[name].items()
            }
    if "projection" in params:
        params["projection"] = {
            key: 0.1 * jax.random.normal(next(keys), x.shape)
            for key, x in params["projection"].items()
        }
    return Model.create(f"tiny_{variant}", params.pop("encoder"), decoder, **params)
