"""Training under the strictest rules."""

import dataclasses

import jax
import numpy as np
import pytest

from adain_jax.networks import initialize
from adain_jax.ops.losses import tap_stats
from adain_jax.training.calls import Run, Supply, make_call
from adain_jax.training.devices import Placement
from adain_jax.training.packed import pack
from adain_jax.training.step import create_state, make_optimizer, make_schedule, make_step
from tests.strict import assert_strict, strict
from tests.tiny import tiny_model

EVERYTHING = {
    "tv_weight": 1.0,
    "gram_weight": 1.0,
    "identity_weight": 1.0,
    "perceptual_weight": 1.0,
    "mesh_weight": 1.0,
    "cosine_weight": 1.0,
    "shift_weight": 1.0,
    "content_layers": (1.0, 1.0, 1.0, 1.0),
    "gradient_clip": 1.0,
    "ema_decay": 0.9,
    "lr_warmup_steps": 2,
    "style_warmup_steps": 2,
}
OWN = {"variant": "fast", "feature_weight": 1.0}


@pytest.fixture
def batch(rng):
    return {
        name: rng.integers(256, size=(2, 24, 24, 3), dtype=np.uint8)
        for name in ("content", "style")
    }


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["reconstruction", "style"])
@pytest.mark.parametrize(
    "fields",
    [
        EVERYTHING,
        {"accumulate": 2, "schedule": "cosine", "compute": "bfloat16"},
        EVERYTHING | OWN,
        OWN | {"freeze_encoder": True},
        *(
            {"variant": x, "pictures_every": 0}
            for x in ("batch", "instance", "concatenation", "film")
        ),
    ],
)
def test_every_kind_of_step_can_be_traced(config, tiny, batch, fields, phase):
    config = dataclasses.replace(config, **fields)
    params = {k: x for k, x in tiny_model(config.variant).params.items() if k != "encoder"}
    optimizer = make_optimizer(config)
    state = create_state(config, params, optimizer)
    assert_strict(make_step(config, "tiny", optimizer, phase), state, tiny.params, batch)
    assert_strict(make_schedule(config), state.step)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("wide", [False, True])
def test_whole_calls_take_and_give_nothing_unasked(config, tiny, rng, steps, wide):
    """With all that may be done to a style, which is of a pool or not."""
    names = ("gray", "permute", "invert", "hue", "contrast", "gamma", "synthetic", "mix")
    some = {f"style_{name}": 0.5 for name in names}
    config = dataclasses.replace(config, **some, flip=True, pool_contents=4)
    placement = Placement(jax.devices()[:1])
    images = list(rng.integers(256, size=(3, 28, 32, 3), dtype=np.uint8))
    with strict(), jax.enable_x64(wide):
        packed = placement.replicate(pack(images, np.arange(3), np.ones(3)))
        supply = Supply(placement.everywhere(np.int32(0)), {"content": packed, "style": packed})
        frozen = placement.replicate(tiny.params)
        pool = {
            "content": {
                "content": rng.integers(256, size=(4, 24, 24, 3), dtype=np.uint8),
                "maps": {"relu4_1": np.ones((4, 3, 3, 512), np.float16)},
                "content_stats": {},
                "number": np.arange(4, dtype=np.int32),
            }
        }
        optimizer = make_optimizer(config)
        state = create_state(config, {"decoder": tiny.params["decoder"]}, optimizer)
        call = placement.compile(make_call(config, "tiny", optimizer, "style", steps=steps))
        arguments = placement.replicate(Run(state, pool)), frozen, supply
        scalars = [placement.everywhere(x) for x in (np.float32(0), np.int32(steps))]
        with jax.transfer_guard("disallow"):
            run, told = call(*arguments, *scalars)
    assert int(run.state.step) == steps
    assert all(np.isfinite(x).all() for x in told.metrics.values())
    assert {x.shape for x in told.numbers.values()} == {(steps, 4)}
    assert set(np.ravel(told.numbers["style"])) <= {-1, 0, 1, 2}


@pytest.mark.slow
def test_first_weights_can_be_made():
    for name in ("vgg16", "vgg16_batch", "vgg16_concatenation", "vgg16_film", "vgg16_fast"):
        assert_strict(lambda key, name=name: initialize(name, key), jax.random.key(0))


def test_frozen_statistics_can_be_traced(tiny, batch):
    assert_strict(
        lambda model, x: tap_stats(model.taps(x / 255)), tiny, batch["style"].astype("f4")
    )


@pytest.mark.parametrize("wide", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_compiled_steps_take_and_give_nothing_unasked(config, tiny, batch, wide):
    """Between host and device; and no number in them is none."""
    config = dataclasses.replace(config, **EVERYTHING)
    placement = Placement(jax.devices()[:1])
    with strict(), jax.enable_x64(wide):
        optimizer = make_optimizer(config)
        steps = [
            placement.compile(make_step(config, "tiny", optimizer, phase))
            for phase in ("reconstruction", "style")
        ]
        state = create_state(config, {"decoder": tiny.params["decoder"]}, optimizer)
        state, frozen = placement.replicate(state), placement.replicate(tiny.params)
        batch = placement.shard(batch)
        told = {}
        for step in steps:
            with jax.transfer_guard("disallow"):
                state, metrics = step(state, frozen, batch)
            told |= metrics
    assert {"reconstruction_loss", "gram_loss"} <= set(told)
    assert all(np.isfinite(x) and x.dtype == np.float32 for x in told.values())
    assert int(state.step) == 2
