import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.ops.convolution import conv3x3, reflect_pad

# One program for a size; without `jit` every operation of Winograd's would be one.
conv = jax.jit(conv3x3, static_argnames="method")

SIZES = [(16, 16), (13, 9), (8, 5), (1, 7), (2, 2), (1, 1)]


def arrays(height, width, c_in=6, c_out=4, n=2):
    keys = jax.random.split(jax.random.key(0), 2)
    x = jax.random.normal(keys[0], (n, height, width, c_in))
    return x, jax.random.normal(keys[1], (3, 3, c_in, c_out))


def numpy_conv(x, kernel):
    """The definition, in float64, with NumPy's reflection."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    n, height, width, _ = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    out = np.zeros((n, height, width, kernel.shape[-1]))
    for i in range(3):
        for j in range(3):
            out += padded[:, i : i + height, j : j + width] @ kernel[i, j]
    return out


def assert_close(a, b, tolerance=1e-4):
    np.testing.assert_allclose(a, b, atol=tolerance * float(np.abs(b).max()))


@pytest.mark.parametrize("method", ["xla", "winograd"])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_equals_the_definition(method, height, width):
    x, kernel = arrays(height, width)
    assert_close(conv(x, kernel, method=method), numpy_conv(x, kernel))


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_reflect_pad_equals_numpy(height, width):
    x, _ = arrays(height, width)
    expected = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(reflect_pad(x), expected)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_winograd_gradients_equal_the_automatic_ones(height, width):
    x, kernel = arrays(height, width)

    def scalar(x, kernel, method):
        return jnp.sum(jnp.sin(conv3x3(x, kernel, method=method)))

    gradients = jax.jit(jax.grad(scalar, (0, 1)), static_argnums=2)
    ours, theirs = (gradients(x, kernel, method) for method in ("winograd", "xla"))
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a, b)


def test_winograd_has_second_derivatives():
    x, kernel = arrays(6, 6)

    def scalar(x, method):
        return jnp.sum(jnp.sin(conv3x3(x, kernel, method=method)))

    def norm(x, method):
        return jnp.sum(jnp.square(jax.grad(scalar)(x, method)))

    second = jax.jit(jax.grad(norm), static_argnums=1)
    assert_close(second(x, "winograd"), second(x, "xla"))


@pytest.mark.parametrize("method", ["xla", "winograd"])
def test_under_jit_and_vmap(method):
    x, kernel = arrays(8, 12, n=3)
    expected = conv3x3(x, kernel, method=method)
    assert_close(conv(x, kernel, method=method), expected)
    one_by_one = jax.vmap(lambda image: conv(image[None], kernel, method=method)[0])(x)
    assert_close(one_by_one, expected)


def test_auto_uses_winograd_only_where_it_is_faster():
    def program(channels, dtype):
        x, kernel = jnp.zeros((1, 8, 8, channels), dtype), jnp.zeros((3, 3, channels, 64), dtype)
        return str(jax.make_jaxpr(conv3x3)(x, kernel))

    assert "conv_general_dilated" not in program(64, jnp.float32)
    assert "conv_general_dilated" in program(3, jnp.float32)
    assert "conv_general_dilated" in program(64, jnp.bfloat16)


def test_wrong_shapes():
    x, kernel = arrays(8, 8)
    with pytest.raises(ValueError, match=r"conv3x3 takes"):
        conv3x3(x, kernel[:, :, :3])
