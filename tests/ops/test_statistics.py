from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from adain_jax.ops.statistics import (
    EPS,
    ChannelStats,
    adain,
    batch_norm,
    channel_stats,
    conditional_instance_norm,
    instance_norm,
)
from tests.precision import all_exact

C = 5
FEATURES = np.random.default_rng(1).normal(2, 3, (2, 6, 4, C)).astype(np.float32)
GAMMA = np.linspace(0.5, 2, C).astype(np.float32)
BETA = np.linspace(-1, 1, C).astype(np.float32)
STATS = ChannelStats(jnp.asarray(BETA), jnp.asarray(GAMMA))


def numpy_norm(x, gamma, beta, axes=(-3, -2)):
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(var + EPS) * gamma + beta


# Every function as f(x), and the same in NumPy.
CASES = {
    "channel_stats": (
        lambda x: channel_stats(x),
        lambda x: (x.mean((-3, -2)), np.sqrt(x.var((-3, -2)) + EPS)),
    ),
    "channel_stats unbiased": (
        partial(channel_stats, ddof=1),
        lambda x: (x.mean((-3, -2)), np.sqrt(x.var((-3, -2), ddof=1) + EPS)),
    ),
    "adain": (lambda x: adain(x, BETA, GAMMA), lambda x: numpy_norm(x, GAMMA, BETA)),
    "instance_norm": (
        lambda x: instance_norm(x, GAMMA, BETA),
        lambda x: numpy_norm(x, GAMMA, BETA),
    ),
    "conditional_instance_norm": (
        lambda x: conditional_instance_norm(
            x, jnp.stack([BETA, GAMMA]), jnp.stack([GAMMA, BETA]), 1
        ),
        lambda x: numpy_norm(x, GAMMA, BETA),
    ),
    "batch_norm": (
        lambda x: batch_norm(x, GAMMA, BETA),
        lambda x: numpy_norm(x, GAMMA, BETA, (0, 1, 2)),
    ),
    "batch_norm with statistics": (
        lambda x: batch_norm(x, GAMMA, BETA, stats=STATS),
        lambda x: x - BETA + BETA,
    ),
}
functions = pytest.mark.parametrize(("function", "reference"), CASES.values(), ids=list(CASES))
per_image = pytest.mark.parametrize(
    "function",
    [function for name, (function, _) in CASES.items() if not name.startswith("batch")],
    ids=[name for name in CASES if not name.startswith("batch")],
)


def total(function):
    """A scalar of a function's result, with a gradient that is not zero by symmetry."""

    def scalar(x):
        leaves = jax.tree.leaves(function(x))
        return sum(jnp.sum(jnp.sin(leaf.astype(jnp.float32))) for leaf in leaves)

    return scalar


def assert_finite(tree):
    for leaf in jax.tree.leaves(tree):
        assert np.isfinite(np.asarray(leaf, np.float32)).all()


@functions
def test_equals_numpy(function, reference):
    for result, expected in zip(
        jax.tree.leaves(function(FEATURES)),
        jax.tree.leaves(reference(FEATURES.astype(np.float64))),
        strict=True,
    ):
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)


@functions
def test_under_jit(function, reference):
    for plain, jitted in zip(
        jax.tree.leaves(function(FEATURES)),
        jax.tree.leaves(jax.jit(function)(FEATURES)),
        strict=True,
    ):
        np.testing.assert_allclose(plain, jitted, rtol=1e-5, atol=1e-5)


@per_image
def test_under_vmap(function):
    for batched, mapped in zip(
        jax.tree.leaves(function(FEATURES)),
        jax.tree.leaves(jax.vmap(function)(FEATURES)),
        strict=True,
    ):
        np.testing.assert_allclose(batched, mapped, rtol=1e-5, atol=1e-5)


@functions
def test_gradient_equals_finite_differences(function, reference):
    scalar = total(function)
    gradient = jax.grad(scalar)(FEATURES)
    direction = np.random.default_rng(2).normal(size=FEATURES.shape).astype(np.float32)
    step = 1e-2
    difference = (scalar(FEATURES + step * direction) - scalar(FEATURES - step * direction)) / (
        2 * step
    )
    np.testing.assert_allclose(np.vdot(gradient, direction), difference, rtol=2e-2)


@pytest.mark.parametrize(
    "x",
    [
        np.full((1, 4, 4, C), 3, np.float32),
        np.zeros((1, 4, 4, C), np.float32),
        np.full((1, 1, 1, C), -2, np.float32),
        np.full((1, 4, 4, C), 1e30, np.float32),
        np.where(np.arange(16).reshape(1, 4, 4, 1) % 2, 1e37, -1e37).astype(np.float32)
        * np.ones(C, np.float32),
        np.linspace(-6e4, 6e4, 16 * C).reshape(1, 4, 4, C).astype(np.float16),
        jnp.linspace(-1e30, 1e30, 16 * C).reshape(1, 4, 4, C).astype(jnp.bfloat16),
    ],
    ids=["constant", "zero", "one pixel", "huge constant", "huge", "float16", "bfloat16"],
)
@functions
def test_finite_at_the_edges(function, reference, x):
    assert_finite(function(x))
    assert_finite(jax.grad(total(function))(x))


@per_image
@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_small_floats_are_computed_in_float32(function, dtype):
    x = jnp.asarray(FEATURES, dtype)
    result, expected = function(x), function(x.astype(jnp.float32))
    for small, full in zip(jax.tree.leaves(result), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(
            small.astype(jnp.float32), full, rtol=float(jnp.finfo(dtype).eps), atol=1e-6
        )


@settings(max_examples=30, deadline=None)
@given(
    hnp.arrays(np.float32, (3, 3, 2), elements=st.floats(-1e3, 1e3, width=32)),
    hnp.arrays(np.float32, (4, 2, 2), elements=st.floats(-1e3, 1e3, width=32)),
)
def test_adain_gives_the_statistics_of_the_style(content, style):
    mean, std = channel_stats(style)
    result_mean, result_std = channel_stats(adain(content, mean, std))
    content_std = np.asarray(channel_stats(content).std)
    scale = float(np.abs(style).max()) + 1
    # The mean of a constant channel is off by its rounding, which AdaIN enlarges up to 1/sqrt(eps).
    rounding = 1e-6 * np.abs(content).max((0, 1)) / content_std * np.asarray(std)
    assert (np.abs(result_mean - mean) <= 2e-3 * scale + rounding).all()
    # A channel with next to no deviation has none to scale.
    varied = content_std > 1
    np.testing.assert_allclose(
        np.asarray(result_std)[varied], np.asarray(std)[varied], rtol=1e-2, atol=1e-2
    )


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(np.float32, (3, 3, 2), elements=st.floats(-1e3, 1e3, width=32)))
def test_adain_with_its_own_statistics_is_the_identity(x):
    scale = float(np.abs(x).max()) + 1
    np.testing.assert_allclose(adain(x, *channel_stats(x)), x, atol=1e-4 * scale)


def test_conditional_instance_norm_is_one_instance_norm_for_each_image():
    gammas, betas = np.stack([GAMMA, BETA, GAMMA]), np.stack([BETA, GAMMA, GAMMA])
    result = conditional_instance_norm(FEATURES, gammas, betas, np.array([2, 0]))
    for i, style in enumerate((2, 0)):
        alone = instance_norm(FEATURES[i], gammas[style], betas[style])
        np.testing.assert_allclose(result[i], alone, rtol=1e-5, atol=1e-5)


def test_conditional_instance_norm_by_an_index_that_a_jitted_function_closes_over():
    gammas, betas, last = np.stack([GAMMA, BETA]), np.stack([BETA, GAMMA]), jnp.int32(1)
    result = jax.jit(lambda x: conditional_instance_norm(x, gammas, betas, last))(FEATURES)
    np.testing.assert_allclose(result, instance_norm(FEATURES, BETA, GAMMA), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="style 1 is none of the 1 styles"):
        jax.jit(lambda x: conditional_instance_norm(x, gammas[:1], betas[:1], last))(FEATURES)


def test_conditional_instance_norm_blends_styles():
    gammas, betas = np.stack([GAMMA, BETA]), np.stack([BETA, GAMMA])
    weights = np.array([0.25, 0.75], np.float32)
    blended = conditional_instance_norm(FEATURES, gammas, betas, weights)
    expected = instance_norm(FEATURES, weights @ gammas, weights @ betas)
    np.testing.assert_allclose(blended, expected, rtol=1e-5, atol=1e-5)
    # Shares and factors that an accelerator does not round.
    assert all_exact(conditional_instance_norm, FEATURES, gammas, betas, weights)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: channel_stats(np.zeros((4, 4), np.float32)), r"\(\.\.\., H, W, C\)"),
        (lambda: channel_stats(np.zeros((4, 4, 3), np.uint8)), "floating"),
        (lambda: adain(FEATURES, GAMMA[:3], BETA), "5 channels"),
        (lambda: batch_norm(FEATURES[0], GAMMA, BETA), r"\(N, H, W, C\)"),
        (
            lambda: conditional_instance_norm(FEATURES, GAMMA[None], BETA[None], 1),
            "none of the 1 styles",
        ),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
