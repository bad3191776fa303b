import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.ops import convolution, winograd
from adain_jax.ops.convolution import choose, conv3x3, prepare_kernel

# One program for a size; without `jit` every operation of Winograd's would be one.
conv = jax.jit(conv3x3, static_argnames=("method", "relu", "pool", "upsample"))

UPSAMPLINGS = [None, "nearest", "linear"]
METHODS = ["xla", "winograd", "winograd2", "projection"]

SIZES = [(16, 16), (13, 9), (1, 7), (2, 2), (1, 1)]


def arrays(height, width, c_in=6, c_out=4, n=2):
    keys = jax.random.split(jax.random.key(0), 2)
    x = jax.random.normal(keys[0], (n, height, width, c_in))
    return x, jax.random.normal(keys[1], (3, 3, c_in, c_out))


AROUND = ((0, 0), (1, 1), (1, 1), (0, 0))


def numpy_conv(x, kernel, upsample=None):
    """The definition, in float64, with NumPy's padding."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    if upsample:
        x = x.repeat(2, 1).repeat(2, 2)
    if upsample == "linear":  # neighbours in the larger map have weights of 3/4 and 1/4
        x = np.pad(x, AROUND, mode="edge")
        x = (x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]) / 4
        x = (x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:]) / 4
    n, height, width, _ = x.shape
    padded = np.pad(x, AROUND, mode="edge" if upsample == "linear" else "reflect")
    out = np.zeros((n, height, width, kernel.shape[-1]))
    for i in range(3):
        for j in range(3):
            out += padded[:, i : i + height, j : j + width] @ kernel[i, j]
    return out


def assert_close(a, b, tolerance=1e-4):
    np.testing.assert_allclose(a, b, atol=tolerance * float(np.abs(b).max()))


@pytest.mark.parametrize("upsample", UPSAMPLINGS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_equals_the_definition(method, height, width, upsample):
    x, kernel = arrays(height, width)
    assert_close(conv(x, kernel, method=method, upsample=upsample), numpy_conv(x, kernel, upsample))


@pytest.mark.parametrize("method", METHODS)
def test_bias_relu_and_pooling(method):
    x, kernel = arrays(16, 12)
    bias = jnp.arange(4.0) - 1
    full = np.maximum(numpy_conv(x, kernel) + np.asarray(bias), 0)
    assert_close(conv(x, kernel, bias, method=method, relu=True), full)
    pooled = full.reshape(2, 8, 2, 6, 2, 4).max((2, 4))
    assert_close(conv(x, kernel, bias, method=method, relu=True, pool=True), pooled)


@pytest.mark.parametrize("upsample", UPSAMPLINGS)
@pytest.mark.parametrize("size", [(32, 24), (26, 22), (21, 9)])
@pytest.mark.parametrize("method", ["xla", "winograd", "projection"])
def test_strips_equal_the_whole(monkeypatch, method, size, upsample):
    x, kernel = arrays(*size)
    pool = not (upsample or size[0] % 2)
    options = {"method": method, "relu": True, "pool": pool, "upsample": upsample}
    whole = conv(x, kernel, **options)
    monkeypatch.setattr(winograd, "_STRIP_BYTES", 15_000)
    monkeypatch.setattr(convolution, "_STRIP_BYTES", 4_000)
    strips = jax.jit(lambda x, kernel: conv3x3(x, kernel, **options))
    program = str(jax.make_jaxpr(strips)(x, kernel))
    assert "while" in program or "scan" in program
    assert_close(strips(x, kernel), whole, 1e-5)  # products of other shapes round apart


@pytest.mark.parametrize(
    "options", [{}, {"upsample": "nearest"}, {"upsample": "linear"}, {"relu": True, "pool": True}]
)
@pytest.mark.parametrize("method", METHODS[1:])
@pytest.mark.parametrize(("height", "width"), [(14, 10), (2, 2)])
def test_gradients_equal_the_automatic_ones(method, height, width, options):
    options = tuple(options.items())
    ours, theirs = (gradients(height, width, name, options) for name in (method, "xla"))
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a, b)


@functools.cache
def gradients(height, width, method, options):
    x, kernel = arrays(height, width)
    bias = jnp.arange(4.0) - 1

    def scalar(x, kernel, bias):
        return jnp.sum(jnp.sin(conv3x3(x, kernel, bias, method=method, **dict(options))))

    return jax.jit(jax.grad(scalar, (0, 1, 2)))(x, kernel, bias)


@pytest.mark.parametrize(("height", "width"), [(13, 9), (1, 7), (1, 1)])
def test_gradients_of_odd_sizes(height, width):
    x, kernel = arrays(height, width)

    def scalar(x, kernel, method):
        return jnp.sum(jnp.sin(conv3x3(x, kernel, method=method)))

    gradients = jax.jit(jax.grad(scalar, (0, 1)), static_argnums=2)
    ours, theirs = (gradients(x, kernel, method) for method in ("winograd", "xla"))
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a, b)


@pytest.mark.parametrize("method", ["xla", "projection", "winograd"])
def test_a_gradient_of_bfloat16_is_summed_up_in_more(method):
    """That of a bias is one for each of 128 x 128 positions, where bfloat16 stops counting."""
    x = jnp.zeros((1, 128, 128, 4), jnp.bfloat16)
    kernel = jnp.zeros((3, 3, 4, 8), jnp.bfloat16)

    def total(bias):
        y = conv3x3(x, kernel, bias.astype(jnp.bfloat16), relu=False, method=method)
        return y.astype(jnp.float32).sum()

    np.testing.assert_allclose(jax.jit(jax.grad(total))(jnp.zeros(8, jnp.float32)), 128**2)


def test_winograd_has_second_derivatives():
    x, kernel = arrays(6, 6)

    def scalar(x, method):
        return jnp.sum(jnp.sin(conv3x3(x, kernel, method=method)))

    def norm(x, method):
        return jnp.sum(jnp.square(jax.grad(scalar)(x, method)))

    second = jax.jit(jax.grad(norm), static_argnums=1)
    assert_close(second(x, "winograd"), second(x, "xla"))


@pytest.mark.parametrize("method", METHODS)
def test_under_jit_and_vmap(method):
    x, kernel = arrays(8, 12, n=3)
    expected = conv3x3(x, kernel, method=method)
    assert_close(conv(x, kernel, method=method), expected)
    one_by_one = jax.vmap(lambda image: conv(image[None], kernel, method=method)[0])(x)
    assert_close(one_by_one, expected)


@pytest.mark.parametrize("upsample", UPSAMPLINGS)
@pytest.mark.parametrize(("backend", "channels"), [("cpu", 32), ("cpu", 3), ("gpu", 32)])
def test_prepared_kernels_give_the_same(backend, channels, upsample):
    x, kernel = arrays(8, 12, channels, 32)
    prepared = prepare_kernel(np.asarray(kernel), backend=backend, upsample=upsample)
    assert (prepared.shape[0] == 3) == (backend == "gpu" or channels == 3)
    expected = conv(x, kernel, method="xla", upsample=upsample)
    assert_close(conv(x, jnp.asarray(prepared), upsample=upsample), expected)


def test_a_kernel_prepared_for_something_else_is_refused():
    x, kernel = arrays(8, 8, 32, 32)
    prepared = jnp.asarray(prepare_kernel(np.asarray(kernel), backend="cpu"))
    with pytest.raises(ValueError, match=r"prepared for a convolution with nearest upsampling"):
        conv3x3(x, prepared, upsample="nearest")


def test_choice():
    assert choose("cpu", jnp.float32, (3, 3, 64, 64)) == "winograd"
    assert choose("cpu", jnp.float32, (3, 3, 3, 64)) == "xla"
    assert choose("cpu", jnp.float32, (3, 3, 64, 3)) == "projection"
    assert choose("cpu", jnp.float32, (3, 3, 12, 32)) == "winograd"
    assert choose("cpu", jnp.float32, (3, 3, 32, 12)) == "winograd"
    assert choose("cpu", jnp.bfloat16, (3, 3, 64, 64)) == "xla"
    assert choose("tpu", jnp.float32, (3, 3, 64, 64)) == "xla"

    def program(channels, dtype):
        x, kernel = jnp.zeros((1, 8, 8, channels), dtype), jnp.zeros((3, 3, channels, 64), dtype)
        return str(jax.make_jaxpr(conv3x3)(x, kernel))

    assert "conv_general_dilated" not in program(64, jnp.float32)
    assert "conv_general_dilated" in program(3, jnp.float32)


def test_wrong_shapes():
    x, kernel = arrays(8, 8)
    with pytest.raises(ValueError, match=r"conv3x3 takes"):
        conv3x3(x, kernel[:, :, :3])
    with pytest.raises(ValueError, match=r"method is one of"):
        conv3x3(x, kernel, method="fft")  # type: ignore[arg-type]


def test_the_way_follows_the_device_and_not_the_default(rng, monkeypatch):
    """Where there are other processors too, a program for a CPU has Winograd's products."""
    x = jnp.asarray(rng.random((1, 8, 8, 32), dtype=np.float32))
    kernel = jnp.asarray(rng.random((3, 3, 32, 32), dtype=np.float32))
    expected = conv3x3(x, kernel)
    monkeypatch.setattr(convolution, "backends", lambda: {"cpu": None, "cuda": None})
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    program = jax.jit(lambda x, kernel: conv3x3(x, kernel, relu=True))
    compiled = program.lower(x, kernel).compile()
    assert " convolution(" not in str(compiled.as_text())
    np.testing.assert_allclose(compiled(x, kernel), expected, rtol=1e-4)
    elsewhere = jax.export.export(program, platforms=["cuda"])(x, kernel)
    assert "stablehlo.convolution" in elsewhere.mlir_module()
