"""The baselines under the strictest rules."""

from functools import partial

import jax
import numpy as np
import optax
import pytest

from adain_jax.baselines import feedforward, gatys, style_swap
from adain_jax.baselines.feedforward import FeedForward
from adain_jax.ops.losses import tap_stats
from tests.strict import assert_strict, strict


@pytest.fixture
def images(rng):
    return rng.random((2, 24, 32, 3), dtype=np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["batch", "instance", "conditional"])
def test_networks_for_a_few_styles(tiny, images, kind):
    network = FeedForward(kind, styles=2, widths=(8, 8, 8), blocks=1, method="xla")
    optimizer = optax.adam(1e-3)
    assert_strict(partial(feedforward.initialize, network), jax.random.key(0))
    params = feedforward.initialize(network, jax.random.key(0))
    state = feedforward.create_state(params, optimizer)
    step = feedforward.make_step(feedforward.make_loss(network, tv_weight=1.0), optimizer)
    batch = {"content": images, "style": np.array([0, 1], np.int32)}
    assert_strict(step, state, tiny, jax.eval_shape(tap_stats, tiny.taps(images)), batch)
    style = np.array([0.5, 0.5], np.float32) if kind == "conditional" else None
    stylize = partial(feedforward.stylize, network, style=style)
    assert_strict(stylize, {"params": params}, images)
    if kind == "batch":
        assert_strict(partial(feedforward.population, network), params, images)


@pytest.mark.parametrize("method", ["lbfgs", "adam"])
@pytest.mark.parametrize("loss", ["gram", "statistics"])
def test_optimization(tiny, images, method, loss):
    optimization = gatys.Optimization(method=method, loss=loss, tv_weight=1.0)
    assert_strict(optimization.targets, tiny, *images)
    targets = optimization.targets(tiny, *images)
    # The image alone: optax's own memory has numbers of 64 bits where they are allowed.
    assert_strict(lambda image: optimization.start(image, "noise").image, images[0])
    assert_strict(optimization.step, tiny, targets, optimization.start(images[0]))
    with strict(), jax.enable_x64(True):
        state = optimization.start(images[0])
        after, _ = jax.eval_shape(optimization.step, tiny, targets, state)
    kinds = [[(x.shape, x.dtype) for x in jax.tree.leaves(tree)] for tree in (state, after)]
    assert kinds[0] == kinds[1]


def test_style_swap(tiny, images):
    content, style = images
    assert_strict(style_swap.encode_style, tiny, style)
    patches = style_swap.encode_style(tiny, style)
    assert_strict(style_swap._stylize, tiny, content, patches, np.float32(0.5))
