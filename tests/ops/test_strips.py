import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.ops.strips import by_strips, pad_columns, padded_rows


@pytest.mark.parametrize(("inner", "mode"), [(1, "reflect"), (0, "edge")])
@pytest.mark.parametrize(("height", "width"), [(13, 9), (2, 7), (2, 2)])
def test_padding_equals_numpy(height, width, inner, mode, rng):
    x = rng.random((2, height, width, 3), dtype=np.float32)
    expected = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode=mode)
    x = jnp.asarray(x)
    np.testing.assert_array_equal(pad_columns(padded_rows(x, 0, height, inner), inner), expected)
    part = padded_rows(x, 1, height - 1, inner)
    np.testing.assert_array_equal(part, expected[:, 1:, 1:-1])


def test_one_pixel_is_repeated():
    x = jnp.full((1, 1, 1, 2), 3.0)
    np.testing.assert_array_equal(pad_columns(padded_rows(x, 0, 1)), np.full((1, 3, 3, 2), 3.0))


@pytest.mark.parametrize("strips", [1, 2, 3, 5, 9, 100])
def test_strips_equal_the_whole(strips, rng):
    x = jnp.asarray(rng.random((2, 9, 4, 3), dtype=np.float32))

    def part(first, count):
        rows = padded_rows(x, first, count)
        return jnp.repeat(rows[:, :-2] + rows[:, 2:], 2, axis=1)  # two rows for each

    np.testing.assert_array_equal(by_strips(part, 9, strips, x), part(0, 9))
