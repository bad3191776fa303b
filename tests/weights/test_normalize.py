import jax
import numpy as np
import pytest

from adain_jax.networks import DEPTHS, Encoder
from adain_jax.weights.convert import from_torchvision
from adain_jax.weights.normalize import normalize
from tests.weights.test_convert import torchvision

DEPTH = DEPTHS["vgg16"]


@pytest.fixture(scope="module")
def encoder():
    return from_torchvision(torchvision("vgg16"))[1]


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(4).random((3, 16, 16, 3), dtype=np.float32)


encode = jax.jit(Encoder(DEPTH, "xla").apply)


def taps_of(params, images):
    return encode({"params": params}, images)


def test_mean_activations_become_one(encoder, images):
    for tap in taps_of(normalize(encoder, DEPTH, images), images).values():
        means = np.asarray(tap).mean((0, 1, 2))
        np.testing.assert_allclose(means[means > 0], 1, rtol=1e-3)
        assert (means > 0).mean() > 0.5


def test_the_function_is_the_same_but_for_scale(encoder, images):
    other = np.random.default_rng(5).random((1, 16, 16, 3), dtype=np.float32)
    before, after = taps_of(encoder, other), taps_of(normalize(encoder, DEPTH, images), other)
    for name, features in before.items():
        ours, theirs = np.asarray(after[name]), np.asarray(features)
        ratio = ours.sum((0, 1, 2)) / np.maximum(theirs.sum((0, 1, 2)), 1e-12)
        np.testing.assert_allclose(ours, theirs * ratio, atol=1e-3 * ours.max())


def test_a_silent_channel_keeps_its_scale(encoder, images):
    silent = jax.tree.map(np.copy, encoder)
    silent["conv1_1"]["kernel"][..., 0] = 0
    silent["conv1_1"]["bias"][0] = -1
    normalized = normalize(silent, DEPTH, images)
    assert normalized["conv1_1"]["bias"][0] == -1
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(normalized))


def test_no_image(encoder):
    with pytest.raises(ValueError, match="no image"):
        normalize(encoder, DEPTH, [])
