import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.training.synthetic import PATTERNS, paint, synthetic

KEYS = jax.random.split(jax.random.key(0), 24)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)
def test_patterns(pattern):
    """Levels in [0, 1], something to see, and another with each key."""
    levels = np.asarray(jax.jit(jax.vmap(lambda key: pattern(key, 40)))(KEYS))
    assert levels.shape == (24, 40, 40)
    assert levels.min() >= 0
    assert levels.max() <= 1
    assert np.median(levels.std((1, 2))) > 0.05
    assert len({level.tobytes() for level in levels}) > 20


def test_palettes():
    """Some colourful, some of tones of one colour; some flat, some flowing."""
    ramp = jnp.broadcast_to(jnp.linspace(0, 1, 64, dtype=jnp.float32), (2, 64))
    images = np.asarray(jax.vmap(lambda key: paint(key, ramp))(KEYS))
    assert images.shape == (24, 2, 64, 3)
    assert images.min() >= 0
    assert images.max() <= 1
    colors = [len(np.unique(image.reshape(-1, 3), axis=0)) for image in images]
    assert sum(count == 5 for count in colors) in range(4, 21)
    assert max(colors) > 50


def test_styles_of_all_kinds():
    images = np.asarray(jax.jit(jax.vmap(lambda key: synthetic(key, 24)))(KEYS))
    assert images.shape == (24, 24, 24, 3)
    assert images.dtype == np.uint8
    assert len({image.tobytes() for image in images}) == 24
    alone = jax.jit(lambda key: synthetic(key, 24))(KEYS[5])
    np.testing.assert_array_equal(alone, images[5])
