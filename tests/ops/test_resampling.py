import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.ops.resampling import (
    depth_to_space,
    max_pool,
    reflect_at,
    space_to_depth,
    upsample,
)


@pytest.mark.parametrize(("inner", "mode"), [(1, "reflect"), (0, "edge")])
@pytest.mark.parametrize("size", [(8, 8), (7, 8), (5, 3), (2, 2)])
def test_reflect_at_equals_numpy(size, inner, mode, rng):
    x = rng.random((2, 8, 8, 3), dtype=np.float32)
    height, width = size
    expected = np.pad(x[:, :height, :width], ((0, 0), (0, 1), (0, 1), (0, 0)), mode=mode)
    continued = jax.jit(reflect_at, static_argnums=2)(x, size, inner)
    rows, columns = min(height + 1, 8), min(width + 1, 8)
    np.testing.assert_array_equal(continued[:, :rows, :columns], expected[:, :rows, :columns])


def test_max_pool_and_upsample():
    x = np.arange(16.0, dtype=np.float32).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(max_pool(jnp.asarray(x))[0, :, :, 0], [[5, 7], [13, 15]])
    repeated = x.repeat(2, 1).repeat(2, 2)
    np.testing.assert_array_equal(upsample(jnp.asarray(x)), repeated)
    np.testing.assert_array_equal(max_pool(upsample(jnp.asarray(x))), x)


def test_space_to_depth_and_back():
    x = np.arange(32.0, dtype=np.float32).reshape(1, 4, 4, 2)
    folded = space_to_depth(jnp.asarray(x))
    assert folded.shape == (1, 2, 2, 8)
    np.testing.assert_array_equal(folded[0, 0, 1], x[0, :2, 2:].ravel())
    np.testing.assert_array_equal(depth_to_space(folded), x)
