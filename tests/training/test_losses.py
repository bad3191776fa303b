import jax
import numpy as np
import pytest

from adain_jax.training.losses import content_loss, reconstruction_loss, style_loss, tap_stats

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(2, 2, 4, 6, 5)).astype(np.float32)


def numpy_style_loss(taps, style, ddof):
    total = 0
    for name in taps:
        for statistic in (
            lambda x: x.mean((1, 2)),
            lambda x: np.sqrt(x.var((1, 2), ddof=ddof) + 1e-5),
        ):
            total += np.mean((statistic(taps[name]) - statistic(style[name])) ** 2)
    return total


def test_content_and_reconstruction():
    np.testing.assert_allclose(content_loss(A, B), np.mean((A - B) ** 2), rtol=1e-5)
    np.testing.assert_allclose(reconstruction_loss(A, B), np.mean(np.abs(A - B)), rtol=1e-5)


@pytest.mark.parametrize("ddof", [0, 1])
def test_style_equals_numpy(ddof):
    taps, style = {"relu1_1": A, "relu2_1": B[:, ::2]}, {"relu1_1": B, "relu2_1": A}
    loss = style_loss(taps, tap_stats(style, ddof=ddof), ddof=ddof)
    np.testing.assert_allclose(loss, numpy_style_loss(taps, style, ddof), rtol=1e-5)


def test_a_style_has_no_distance_to_itself():
    assert float(style_loss({"relu1_1": A}, tap_stats({"relu1_1": A}))) == 0


def test_under_jit_and_vmap_with_gradients():
    stats = tap_stats({"x": B})
    loss = jax.jit(lambda x: style_loss({"x": x}, stats) + content_loss(x, B))
    np.testing.assert_allclose(loss(A), style_loss({"x": A}, stats) + content_loss(A, B), rtol=1e-5)
    each = jax.vmap(lambda x, y: style_loss({"x": x[None]}, tap_stats({"x": y[None]})))(A, B)
    np.testing.assert_allclose(each.mean(), style_loss({"x": A}, stats), rtol=1e-5)
    gradient = jax.grad(loss)(A)
    direction = RNG.normal(size=A.shape).astype(np.float32)
    slope = (loss(A + 1e-2 * direction) - loss(A - 1e-2 * direction)) / 2e-2
    np.testing.assert_allclose(np.vdot(gradient, direction), slope, rtol=2e-2)
