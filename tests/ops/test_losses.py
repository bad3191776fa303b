import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.ops.losses import (
    content_loss,
    cosine_loss,
    feature_loss,
    gram_loss,
    gram_matrices,
    mesh_loss,
    perceptual_loss,
    reconstruction_loss,
    shift_loss,
    style_loss,
    tap_stats,
    total_variation,
)
from adain_jax.ops.statistics import ChannelStats
from tests.precision import all_exact

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(2, 2, 4, 6, 5)).astype(np.float32)


def numpy_style_loss(taps, style, ddof=1, layers=(1, 1), over_channels=np.mean):
    total = 0
    for name, weight in zip(taps, layers, strict=True):
        for statistic in (
            lambda x: x.mean((1, 2)),
            lambda x: np.sqrt(x.var((1, 2), ddof=ddof) + 1e-5),
        ):
            squares = (statistic(taps[name]) - statistic(style[name])) ** 2
            total += weight * over_channels(squares, axis=-1).mean()
    return total


TAPS, STYLE = {"relu1_1": A, "relu2_1": B[:, ::2]}, {"relu1_1": B, "relu2_1": A}


def test_content_and_reconstruction():
    np.testing.assert_allclose(content_loss(A, B), np.mean((A - B) ** 2), rtol=1e-5)
    np.testing.assert_allclose(reconstruction_loss(A, B), np.mean(np.abs(A - B)), rtol=1e-5)


def test_shift_equals_numpy():
    distance = np.mean((A - B) ** 2, (1, 2, 3))
    variance = A.var((1, 2)).mean(-1) + B.var((1, 2)).mean(-1)
    np.testing.assert_allclose(shift_loss(A, B), np.mean(distance / variance), rtol=1e-3)


def test_less_contrast_does_not_lower_the_shift_loss():
    """A mean squared distance falls by two thousandths for each thousandth of contrast."""
    slope = jax.grad(lambda contrast: shift_loss(contrast * A, contrast * B))(1.0)
    assert 0 <= slope < 0.01 * shift_loss(A, B)
    assert shift_loss(A, A) == 0
    assert shift_loss(jnp.ones((1, 4, 4, 3)), jnp.ones((1, 4, 4, 3))) == 0  # no variance at all


def test_cosine_equals_numpy():
    lengths = np.linalg.norm(A, axis=-1), np.linalg.norm(B, axis=-1)
    expected = 1 - np.mean((A * B).sum(-1) / lengths[0] / lengths[1])
    np.testing.assert_allclose(cosine_loss(A, B), expected, rtol=1e-3)
    silent = jnp.zeros((1, 2, 2, 3))  # as after a ReLU
    assert np.isfinite(jax.grad(lambda x: cosine_loss(x, silent + 1))(silent)).all()


@pytest.mark.parametrize("ddof", [0, 1])
def test_style_equals_numpy(ddof):
    loss = style_loss(TAPS, tap_stats(STYLE, ddof=ddof), ddof=ddof)
    np.testing.assert_allclose(loss, numpy_style_loss(TAPS, STYLE, ddof), rtol=1e-5)


def test_style_with_weights_and_summed():
    loss = style_loss(TAPS, tap_stats(STYLE), layers=(0.5, 2))
    np.testing.assert_allclose(loss, numpy_style_loss(TAPS, STYLE, layers=(0.5, 2)), rtol=1e-5)
    loss = style_loss(TAPS, tap_stats(STYLE), reduction="sum")
    np.testing.assert_allclose(loss, numpy_style_loss(TAPS, STYLE, over_channels=np.sum), rtol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"reduction": "max"}, "must be one of mean, sum, relative, not 'max'"),
        ({"layers": (1.0,)}, "must have 2 weights, one for each tap"),
        ({"layers": ()}, "must have 2 weights, one for each tap"),
    ],
)
def test_style_with_what_is_no_reduction_and_no_layers(wrong, message):
    with pytest.raises(ValueError, match=message):
        style_loss(TAPS, tap_stats(STYLE), **wrong)


def test_relative_style():
    """A picture that misses the statistics by a tenth has the same loss in strong styles, too."""

    def loss(scale):
        style = {name: ChannelStats(*(scale * x for x in pair)) for name, pair in stats.items()}
        scaled = {name: 0.9 * scale * x for name, x in STYLE.items()}
        return style_loss(scaled, style, reduction="relative")

    stats = tap_stats(STYLE)
    for scale in (10.0, 100.0):
        np.testing.assert_allclose(loss(scale), 0.1 * 2 * len(STYLE), rtol=1e-2)


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_relative_style_of_flat_and_equal(value):
    """A flat painting has no deviations to divide by, and equal statistics no slope of the root."""
    flat = {"relu1_1": jnp.full((1, 4, 4, 2), value)}

    def loss(x):
        return style_loss({"relu1_1": x}, tap_stats(flat), reduction="relative")

    assert float(loss(flat["relu1_1"])) < 1e-2
    assert np.isfinite(jax.grad(loss)(flat["relu1_1"])).all()


def test_perceptual_equals_numpy():
    wanted = {"relu1_1": B, "relu2_1": A[:, ::2]}
    distances = [np.square(TAPS[x] - wanted[x]).mean((1, 2, 3)) for x in TAPS]
    variances = [wanted[x].var((1, 2)).mean(-1) + 1 for x in TAPS]
    expected = sum((d / v).mean() for d, v in zip(distances, variances, strict=True))
    np.testing.assert_allclose(perceptual_loss(TAPS, wanted), expected, rtol=1e-5)
    assert float(perceptual_loss(TAPS, TAPS)) == 0


def test_a_flat_picture_does_not_outweigh_others_in_the_perceptual_loss():
    flat, rich = jnp.zeros((1, 4, 4, 2)), 3 * jnp.asarray(A[:1])
    losses = [perceptual_loss({"x": x + 0.5}, {"x": x}) for x in (flat, rich)]
    assert losses[0] < 20 * losses[1]


def test_gram_equals_numpy():
    def gram(x):
        flat = x.reshape(len(x), -1, x.shape[-1])
        return flat.transpose(0, 2, 1) @ flat / flat.shape[1]

    expected = sum(np.mean((gram(TAPS[x]) - gram(STYLE[x])) ** 2) for x in TAPS)
    np.testing.assert_allclose(gram_loss(TAPS, gram_matrices(STYLE)), expected, rtol=1e-5)
    assert float(gram_loss(TAPS, gram_matrices(TAPS))) == 0


def test_total_variation_equals_numpy():
    expected = np.mean(np.diff(A, axis=1) ** 2) + np.mean(np.diff(A, axis=2) ** 2)
    np.testing.assert_allclose(total_variation(A), expected, rtol=1e-5)
    assert float(total_variation(jax.numpy.ones((1, 4, 4, 3)))) == 0


def test_a_mesh_counts_by_its_square_whatever_lies_below():
    """A smooth picture has none, though its borders do not meet."""
    across = np.linspace(0, 1, 96)
    smooth = np.broadcast_to((across[:, None] + across**2)[..., None] / 2, (2, 96, 96, 3))
    mesh = 0.01 * (-1.0) ** np.add.outer(np.arange(96), np.arange(96))[..., None]
    assert float(mesh_loss(smooth, 8)) < 1e-8
    np.testing.assert_allclose(mesh_loss(smooth + mesh, 8), 1e-4, rtol=1e-2)
    # What repeats at another distance is no mesh of these cells.
    others = 0.01 * np.sin(2 * np.pi * np.arange(96) / 6)[:, None, None]
    assert float(mesh_loss(smooth + others, 8)) < 1e-8


def test_a_style_has_no_distance_to_itself():
    assert float(style_loss({"relu1_1": A}, tap_stats({"relu1_1": A}))) == 0


def test_losses_are_float32_whatever_the_features_are():
    taps = {name: jax.numpy.asarray(x, jax.numpy.bfloat16) for name, x in TAPS.items()}
    losses = [
        content_loss(taps["relu1_1"], taps["relu1_1"] + 1),
        style_loss(taps, tap_stats(STYLE)),
        gram_loss(taps, gram_matrices(taps)),
        total_variation(taps["relu1_1"]),
        mesh_loss(taps["relu1_1"], 2),
        cosine_loss(taps["relu1_1"], taps["relu1_1"]),
        reconstruction_loss(taps["relu1_1"], taps["relu1_1"]),
    ]
    assert {loss.dtype for loss in losses} == {np.dtype(np.float32)}


def test_under_jit_and_vmap_with_gradients():
    stats = tap_stats({"x": B})

    def loss(x):
        taps = {"x": x}
        smooth = total_variation(x) + gram_loss(taps, gram_matrices({"x": B})) + mesh_loss(x, 2)
        return style_loss(taps, stats) + content_loss(x, B) + smooth

    np.testing.assert_allclose(jax.jit(loss)(A), loss(A), rtol=1e-5)
    each = jax.vmap(lambda x, y: style_loss({"x": x[None]}, tap_stats({"x": y[None]})))(A, B)
    np.testing.assert_allclose(each.mean(), style_loss({"x": A}, stats), rtol=1e-5)
    gradient = jax.jit(jax.grad(loss))(A)
    direction = RNG.normal(size=A.shape).astype(np.float32)
    slope = (loss(A + 1e-2 * direction) - loss(A - 1e-2 * direction)) / 2e-2
    np.testing.assert_allclose(np.vdot(gradient, direction), slope, rtol=2e-2)


def test_total_variation_of_one_row_and_of_one_pixel():
    rising = jnp.arange(6.0).reshape(1, 1, 6, 1)
    assert float(total_variation(rising)) == 1
    assert float(total_variation(rising[:, :, :1])) == 0


def test_features_leave_what_least_squares_leave():
    rng = np.random.default_rng(1)
    ours, noise = rng.normal(size=(2, 2, 6, 6, 5)).astype(np.float32)
    theirs = ours @ rng.normal(size=(5, 9)).astype(np.float32) + 2
    theirs[..., :5] += 3 * noise
    x, y = (z.reshape(-1, z.shape[-1]) - z.mean((0, 1, 2)) for z in (ours, theirs))
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    expected = np.mean(rest**2) / np.mean(y**2)
    # Of the two maps of a size the deeper one counts, and the mean over sizes.
    taps = {"relu1_1": noise[:, ::2], "relu1_2": noise, "relu2_1": theirs}
    loss = feature_loss({"ours": ours}, taps)
    np.testing.assert_allclose(loss, expected, rtol=1e-3)
    both = feature_loss({"ours": ours, "same": noise[:, ::2]}, taps)
    np.testing.assert_allclose(both, expected / 2, rtol=1e-3)


def test_the_gradient_of_the_feature_loss_is_that_of_differences():
    """Although the best map is taken for a constant."""
    x, direction = A[..., :2], B[..., :2] / np.linalg.norm(B[..., :2])
    loss = lambda x: feature_loss({"x": x}, {"y": B})  # noqa: E731
    slope = float(np.sum(jax.grad(loss)(x) * direction))
    step = 0.05
    expected = float(loss(x + step * direction) - loss(x - step * direction)) / (2 * step)
    assert slope == pytest.approx(expected, rel=0.02)


def test_products_are_exact_on_accelerators():
    """With their gradients."""
    for loss in (
        lambda x: gram_loss({"x": x}, gram_matrices({"x": B})),
        lambda x: feature_loss({"x": x}, {"y": B}),
    ):
        assert all_exact(loss, A)
        assert all_exact(jax.grad(loss), A)
