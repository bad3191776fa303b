import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.ops.color import LUMA
from adain_jax.training.config import TrainConfig
from adain_jax.training.vary import CHANGES, hue, mix, recolor

KEYS = jax.random.split(jax.random.key(0), 16)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(256, size=(16, 6, 7, 3), dtype=np.uint8)


def recolored(images, **fields):
    config = TrainConfig(**fields)
    change = jax.jit(jax.vmap(lambda key, image: recolor(key, image, config)))
    return np.asarray(change(KEYS, images))


def test_nothing_asked_nothing_changed(images):
    np.testing.assert_array_equal(recolored(images), images)


def test_gray(images):
    changed = recolored(images, style_gray=1.0)
    np.testing.assert_array_equal(changed[..., 0], changed[..., 2])
    np.testing.assert_allclose(changed[..., 0], images @ np.array(LUMA), atol=0.51)


def test_negatives(images):
    np.testing.assert_array_equal(recolored(images, style_invert=1.0), 255 - images)
    half = recolored(images, style_invert=0.5)
    changed = (half != images).any((1, 2, 3))
    assert 3 <= changed.sum() <= 13
    np.testing.assert_array_equal(half[changed], 255 - images[changed])


def test_channels_exchanged(images):
    changed = recolored(images, style_permute=1.0)
    np.testing.assert_array_equal(np.sort(changed, -1), np.sort(images, -1))
    assert (changed != images).any()
    first = changed[:, 0, 0], images[:, 0, 0]
    assert len({tuple(np.argsort(a)[np.argsort(b)]) for a, b in zip(*first, strict=True)}) > 2


def test_hues_turn_about_the_greys(images):
    x = jnp.asarray(images[0], jnp.float32) / 255
    length = jnp.linalg.norm(x - x.mean(-1, keepdims=True), axis=-1)
    for amount in (0.1, 0.4, 0.8):
        y = hue(x, amount)
        np.testing.assert_allclose(y.mean(-1), x.mean(-1), atol=1e-5)
        chroma = jnp.linalg.norm(y - y.mean(-1, keepdims=True), axis=-1)
        np.testing.assert_allclose(chroma, length, atol=1e-5)
        assert float(jnp.abs(y - x).max()) > 0.1


@pytest.mark.parametrize("name", CHANGES)
def test_each_as_often_as_it_shall_be(images, name):
    changed = recolored(images, **{name: 0.5}) != images
    assert 3 <= changed.any((1, 2, 3)).sum() <= 13
    assert not (recolored(images, **{name: 1e-9}) != images).any()


def test_mixtures_of_statistics():
    stats = {"a": jnp.arange(16.0), "b": 10 * jnp.arange(16.0)}
    mixed = jax.jit(jax.vmap(lambda key, x: mix(key, x, stats, 0.5)))(KEYS, stats)
    changed = np.asarray(mixed["a"] != stats["a"])
    assert 3 <= changed.sum() <= 13
    np.testing.assert_allclose(mixed["b"], 10 * mixed["a"], rtol=1e-5)  # one blend for all
    assert float(mixed["a"].min()) >= 0
    assert float(mixed["a"].max()) <= 15
