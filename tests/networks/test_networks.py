from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.networks import ARCHITECTURES, DEPTHS, PIXELS, TAPS, TOLD, Encoder, initialize
from adain_jax.networks.film import Told

# Exact numbers of parameters: encoder, decoder.
COUNTS = {
    "vgg16": (2_915_648, 2_915_139),
    "vgg19": (3_505_728, 3_505_219),
}
# A scale and a shift for each channel of each layer; twice the channels into the first.
for name, channels in (("vgg16", 1_152), ("vgg19", 1_408)):
    encoder, decoder = COUNTS[name]
    COUNTS[f"{name}_batch"] = COUNTS[f"{name}_instance"] = (encoder, decoder + 2 * channels)
    COUNTS[f"{name}_concatenation"] = (encoder, decoder + 9 * 512 * 256)
    # A scale and a shift, linear in two numbers for each channel of one or two maps.
    widths = (((256 + 128), 256), ((128 + 64), 128), ((64 + 3), 64), (3, 3))
    films = sum(2 * 2 * channels * width for channels, width in widths)
    COUNTS[f"{name}_film"] = (encoder, decoder + films + 256**2 + 128**2 + 64**2)
    COUNTS[f"{name}_fast"] = (encoder, 584_652 + 2 * 2 * 224 * (128 + 64 + 32 + 3))
SIZES = dict(zip(TAPS, [(16, 24, 64), (8, 12, 128), (4, 6, 256), (2, 3, 512)], strict=True))
FAST = {"conv1_2": (8, 12, 32), "conv2_2": (4, 6, 64), "conv3_2": (2, 3, 128)}


def shapes_of(name):
    return jax.eval_shape(partial(initialize, name), jax.random.key(0))


def test_every_architecture_is_counted():
    assert set(COUNTS) == {x for x in ARCHITECTURES if not x.startswith("tiny")}


@pytest.mark.parametrize("name", COUNTS)
def test_parameter_counts(name):
    counts = [
        sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(shapes_of(name)[part]))
        for part in ("encoder", "decoder")
    ]
    assert tuple(counts) == COUNTS[name]


def test_fast_has_a_small_encoder_and_a_projection():
    parts = shapes_of("vgg16_fast")
    assert sum(np.prod(x.shape) for x in jax.tree.leaves(parts["content"])) == 289_600
    assert parts["projection"]["weights"].shape == (2 * 963, 2 * 224)


def shapes(maps):
    """Of two images' maps, by name."""
    assert {x.shape[0] for x in maps.values()} == {2}
    return {name: x.shape[1:] for name, x in maps.items()}


@pytest.mark.parametrize("name", COUNTS)
def test_shapes(name):
    network = ARCHITECTURES[name]
    images = jax.ShapeDtypeStruct((2, 16, 24, 3), jnp.float32)
    taps, _ = jax.eval_shape(network.encoder.init_with_output, jax.random.key(0), images)
    assert shapes(taps) == SIZES
    if network.content:
        taps, _ = jax.eval_shape(network.content.init_with_output, jax.random.key(0), images)
        assert shapes(taps) == FAST
    levels, told = network.levels, network.told
    features: dict[str, Any] = {name: taps[name] for name in levels}
    ones = {part: jnp.ones((2, 3 if part == PIXELS else taps[part].shape[-1])) for part in told}
    features[TOLD] = {part: Told.of(x, x) for part, x in ones.items()}
    if network.concatenates:
        features = jax.eval_shape(lambda maps: {k: jnp.tile(maps[k], 2) for k in levels}, features)
    output, _ = jax.eval_shape(network.decoder.init_with_output, jax.random.key(0), features)
    assert output.shape == images.shape


@pytest.mark.parametrize("name", [x for x in COUNTS if "concatenation" not in x])
def test_the_decoder_mirrors_the_encoder(name):
    parts = shapes_of(name)
    encoder, decoder = parts.get("content", parts["encoder"]), parts["decoder"]
    for layer, params in encoder.items():
        width, out = params["kernel"].shape[2:]
        assert decoder[layer]["kernel"].shape[2:] == (out, width)


def test_bfloat16_stays_bfloat16():
    encoder = Encoder(DEPTHS["vgg16"])
    images = jnp.ones((1, 8, 8, 3), jnp.bfloat16)
    taps, _ = jax.eval_shape(encoder.init_with_output, jax.random.key(0), images)
    assert taps["relu4_1"].dtype == jnp.bfloat16
