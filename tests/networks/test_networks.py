import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.networks import DEPTHS, TAPS, Decoder, Encoder
from adain_jax.networks.layers import max_pool, upsample

# Exact numbers of parameters: encoder, decoder.
COUNTS = {"vgg16": (2_915_648, 2_915_139), "vgg19": (3_505_728, 3_505_219)}


def count(module, width):
    shapes = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((1, 8, 8, width)))
    return sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(shapes))


def test_every_architecture_is_counted():
    assert set(COUNTS) == set(DEPTHS)


@pytest.mark.parametrize("name", DEPTHS)
def test_parameter_counts(name):
    assert (count(Encoder(DEPTHS[name]), 3), count(Decoder(DEPTHS[name]), 512)) == COUNTS[name]


@pytest.mark.parametrize("name", DEPTHS)
def test_shapes(name):
    encoder, decoder = Encoder(DEPTHS[name]), Decoder(DEPTHS[name])
    images = jax.ShapeDtypeStruct((2, 16, 24, 3), jnp.float32)
    taps, _ = jax.eval_shape(encoder.init_with_output, jax.random.key(0), images)
    sizes = [(2, 16, 24, 64), (2, 8, 12, 128), (2, 4, 6, 256), (2, 2, 3, 512)]
    assert {tap: taps[tap].shape for tap in TAPS} == dict(zip(TAPS, sizes, strict=True))
    output, _ = jax.eval_shape(decoder.init_with_output, jax.random.key(0), taps["relu4_1"])
    assert output.shape == images.shape


@pytest.mark.parametrize("name", DEPTHS)
def test_the_decoder_mirrors_the_encoder(name):
    encoder, decoder = (
        jax.eval_shape(module(DEPTHS[name]).init, jax.random.key(0), jnp.zeros((1, 8, 8, width)))
        for module, width in ((Encoder, 3), (Decoder, 512))
    )
    for layer, params in encoder["params"].items():
        width, out = params["kernel"].shape[2:]
        assert decoder["params"][layer]["kernel"].shape[2:] == (out, width)


def test_bfloat16_stays_bfloat16():
    encoder = Encoder(DEPTHS["vgg16"])
    images = jnp.ones((1, 8, 8, 3), jnp.bfloat16)
    taps, _ = jax.eval_shape(encoder.init_with_output, jax.random.key(0), images)
    assert taps["relu4_1"].dtype == jnp.bfloat16


def test_max_pool_and_upsample():
    x = np.arange(16.0, dtype=np.float32).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(max_pool(jnp.asarray(x))[0, :, :, 0], [[5, 7], [13, 15]])
    repeated = x.repeat(2, 1).repeat(2, 2)
    np.testing.assert_array_equal(upsample(jnp.asarray(x)), repeated)
    np.testing.assert_array_equal(max_pool(upsample(jnp.asarray(x))), x)
