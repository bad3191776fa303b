import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.networks import ARCHITECTURES, DEPTHS, TAPS, Encoder

# Exact numbers of parameters: encoder, decoder.
COUNTS = {
    "vgg16": (2_915_648, 2_915_139),
    "vgg19": (3_505_728, 3_505_219),
    "fast": (289_600, 289_484),
}
SIZES = dict(zip(TAPS, [(16, 24, 64), (8, 12, 128), (4, 6, 256), (2, 3, 512)], strict=True))
MAPS = {
    "vgg16": SIZES,
    "vgg19": SIZES,
    "fast": {"relu1_2": (8, 12, 32), "relu2_2": (4, 6, 64), "relu3_2": (2, 3, 128)},
}


def count(module, width):
    shapes = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((1, 8, 8, width)))
    return sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(shapes))


def test_every_architecture_is_counted():
    assert set(COUNTS) == set(MAPS) == set(ARCHITECTURES) - {"tiny"}


@pytest.mark.parametrize("name", COUNTS)
def test_parameter_counts(name):
    encoder, decoder, _, width = ARCHITECTURES[name]
    assert (count(encoder, 3), count(decoder, width)) == COUNTS[name]


@pytest.mark.parametrize("name", MAPS)
def test_shapes(name):
    encoder, decoder, features, width = ARCHITECTURES[name]
    images = jax.ShapeDtypeStruct((2, 16, 24, 3), jnp.float32)
    taps, _ = jax.eval_shape(encoder.init_with_output, jax.random.key(0), images)
    assert {name: x.shape for name, x in taps.items()} == {
        name: (2, *size) for name, size in MAPS[name].items()
    }
    assert taps[features].shape[-1] == width
    output, _ = jax.eval_shape(decoder.init_with_output, jax.random.key(0), taps[features])
    assert output.shape == images.shape


@pytest.mark.parametrize("name", COUNTS)
def test_the_decoder_mirrors_the_encoder(name):
    encoder, decoder = (
        jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((1, 8, 8, width)))
        for module, width in (
            (ARCHITECTURES[name].encoder, 3),
            (ARCHITECTURES[name].decoder, ARCHITECTURES[name].width),
        )
    )
    for layer, params in encoder["params"].items():
        width, out = params["kernel"].shape[2:]
        assert decoder["params"][layer]["kernel"].shape[2:] == (out, width)


def test_bfloat16_stays_bfloat16():
    encoder = Encoder(DEPTHS["vgg16"])
    images = jnp.ones((1, 8, 8, 3), jnp.bfloat16)
    taps, _ = jax.eval_shape(encoder.init_with_output, jax.random.key(0), images)
    assert taps["relu4_1"].dtype == jnp.bfloat16
