import dataclasses

import jax
import numpy as np
import pytest

from adain_jax.networks import DEPTHS, Decoder
from adain_jax.training.devices import Placement
from adain_jax.training.losses import tap_stats
from adain_jax.training.step import Phase, create_state, make_optimizer, make_step

pytestmark = pytest.mark.usefixtures("standard_promotion")


@pytest.fixture(scope="module")
def decoder():
    return Decoder(DEPTHS["vgg16"]).init(jax.random.key(0), np.zeros((1, 1, 1, 512), np.float32))[
        "params"
    ]


@pytest.fixture(scope="module")
def batches():
    rng = np.random.default_rng(0)
    return [
        {
            name: rng.integers(256, size=(4, 4, 4, 3), dtype=np.uint8).repeat(4, 1).repeat(4, 2)
            for name in ("content", "style")
        }
        for _ in range(3)
    ]


def run(config, model, decoder, batches, devices, phase: Phase = "style"):
    placement = Placement(jax.devices()[:devices])
    optimizer = make_optimizer(config)
    step = placement.compile(make_step(config, model, optimizer, phase, placement.axis_name))
    state = placement.replicate(create_state(jax.tree.map(np.copy, decoder), optimizer))
    encoder = placement.replicate(model.params["encoder"])
    losses = []
    for batch in batches:
        state, metrics = step(state, encoder, placement.shard(batch))
        losses.append(float(placement.first(metrics)["loss"]))
    return placement.first(state), losses


def test_two_devices_do_what_one_does(config, model, decoder, batches):
    one, losses = run(config, model, decoder, batches, 1)
    two, losses_of_two = run(config, model, decoder, batches, 2)
    np.testing.assert_allclose(losses_of_two, losses, rtol=1e-4)
    assert int(two.step) == int(one.step) == len(batches)
    for a, b in zip(jax.tree.leaves(one.decoder), jax.tree.leaves(two.decoder), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_two_devices_have_the_gradients_of_one(config, model, decoder, batches):
    """Adam's first moment after one step is a tenth of the gradient."""
    one, _ = run(config, model, decoder, batches[:1], 1)
    two, _ = run(config, model, decoder, batches[:1], 2)
    for a, b in zip(jax.tree.leaves(one.optimizer), jax.tree.leaves(two.optimizer), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3 * np.abs(a).max())


@pytest.mark.parametrize("phase", ["reconstruction", "style"])
def test_the_loss_falls(config, model, decoder, batches, phase):
    _, losses = run(config, model, decoder, batches[:1] * 12, 1, phase)
    # Not from the first step: there the style weight has yet to rise.
    assert losses[-1] < 0.97 * losses[1]


def test_frozen_styles_are_the_same_as_images_of_them(config, model, decoder, batches):
    encode = jax.jit(lambda model, x: tap_stats(model.taps(x)))
    frozen = [
        {**batch, "style": encode(model, batch["style"].astype(np.float32) / 255)}
        for batch in batches
    ]
    _, losses = run(config, model, decoder, batches, 1)
    _, losses_of_frozen = run(config, model, decoder, frozen, 1)
    np.testing.assert_allclose(losses_of_frozen, losses, rtol=1e-3)


def test_contents_and_styles_of_different_sizes(config, model, decoder, batches):
    larger = [{**batch, "content": batch["content"].repeat(2, 1)} for batch in batches[:1]]
    _, [loss] = run(config, model, decoder, larger, 1)
    assert np.isfinite(loss)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"schedule": "inverse_time", "lr_decay": 0.5}, [1, 1 / 1.5, 1 / 2]),
        ({"schedule": "cosine", "steps": 4}, [1, 0.853553, 0.5]),
        ({"schedule": "cosine", "steps": 4, "lr_warmup_steps": 2}, [0.5, 0.853553, 0.5]),
    ],
)
def test_schedules(config, fields, expected):
    """Adam's first steps on a constant gradient are as long as the learning rate."""
    config = dataclasses.replace(config, learning_rate=1.0, **fields)
    optimizer = make_optimizer(config)
    params = np.zeros(1, np.float32)
    state = optimizer.init(params)
    for rate in expected:
        updates, state = optimizer.update(np.ones(1, np.float32), state, params)
        np.testing.assert_allclose(np.asarray(updates), -rate, rtol=1e-3)
