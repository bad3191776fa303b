import dataclasses
from functools import cache
from typing import NamedTuple

import jax
import numpy as np
import pytest

from adain_jax.training.calls import Outcome, Run, Supply, make_call, make_fill
from adain_jax.training.config import TrainConfig
from adain_jax.training.devices import Placement
from adain_jax.training.loss import make_description
from adain_jax.training.packed import pack
from adain_jax.training.step import create_state, make_optimizer
from adain_jax.training.supply import halved
from tests.training.conftest import SMALL

POOL = {"pool_contents": 8, "pool_styles": 8, "renew": 4}


@pytest.fixture(scope="module")
def packed():
    rng = np.random.default_rng(0)
    coarse = rng.integers(256, size=(5, 7, 8, 3), dtype=np.uint8)
    return pack(list(coarse.repeat(4, 1).repeat(4, 2)), np.arange(5), np.ones(5))


def supply_of(placement, packed):
    images = {kind: placement.replicate(packed) for kind in ("content", "style")}
    ranks = np.arange(len(placement.devices), dtype=np.int32)
    return Supply(placement.each(ranks), images)


def pools(config, placement, model, supply):
    """Filled as a training does it."""
    pool, frozen = {}, placement.replicate(model.params)
    for kind in ("content", "style"):
        fill = placement.compile(
            make_fill(config, "tiny", kind, len(placement.devices), placement.axis_name),
            donate=False,
        )
        parts = [
            jax.tree.map(
                halved, placement.first(fill(frozen, supply, placement.everywhere(np.int32(i))))
            )
            for i in range(2)
        ]
        pool[kind] = jax.tree.map(lambda *xs: np.concatenate(xs), *parts)
    return pool


class Made(NamedTuple):
    """What calls made: what was there before the first and after each, and what they told."""

    runs: list[Run]
    told: Outcome


@pytest.fixture(scope="module")
def run(tiny, packed):
    """Makes calls of so many steps with fields of a recipe; nothing is made twice."""

    @cache
    def run(count, devices, steps, fields):
        config = TrainConfig(**SMALL, flip=True, learning_rate=1e-6, **dict(fields))
        placement = Placement(jax.devices()[:devices])
        supply = supply_of(placement, packed)
        optimizer = make_optimizer(config)
        pool = pools(config, placement, tiny, supply) if config.pool_contents else {}
        runs = [Run(create_state(config, {"decoder": tiny.params["decoder"]}, optimizer), pool)]
        call = placement.compile(
            make_call(config, "tiny", optimizer, "style", devices, placement.axis_name, steps)
        )
        now, frozen = placement.replicate(runs[0]), placement.replicate(tiny.params)
        told = []
        for start in range(0, count, steps):
            scalars = np.float32(0), np.int32(min(steps, count - start))
            now, new = call(now, frozen, supply, *(placement.everywhere(x) for x in scalars))
            told.append(jax.tree.map(lambda x, n=scalars[1]: np.array(x)[:n], placement.first(new)))
            runs.append(jax.tree.map(np.array, placement.first(now)))  # given away by the next
        return Made(runs, jax.tree.map(lambda *xs: np.concatenate(xs), *told))

    return lambda count, devices=1, steps=1, **fields: run(
        count, devices, steps, tuple(sorted(fields.items()))
    )


VARIED = dict.fromkeys(("style_hue", "style_synthetic", "style_mix"), 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("fields", [VARIED, VARIED | POOL], ids=["encoded", "pool"])
def test_any_number_of_devices_draws_what_one_does(run, fields):
    runs, told = run(3, **fields)
    assert len({row.tobytes() for row in told.numbers["content"]}) == 3  # each step others
    later, theirs = run(3, devices=2, **fields)
    jax.tree.map(np.testing.assert_array_equal, theirs.numbers, told.numbers)
    np.testing.assert_allclose(theirs.metrics["loss"], told.metrics["loss"], rtol=1e-3)
    for a, b in zip(jax.tree.leaves(later[-1].pool), jax.tree.leaves(runs[-1].pool), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-2)


@pytest.mark.slow
def test_several_steps_in_a_call(run):
    """Two, and the one that is left."""
    _, told = run(3, **VARIED, **POOL)
    runs, theirs = run(3, steps=2, **VARIED, **POOL)
    assert int(runs[-1].state.step) == 3
    jax.tree.map(np.testing.assert_array_equal, theirs.numbers, told.numbers)
    np.testing.assert_allclose(theirs.metrics["loss"], told.metrics["loss"], rtol=1e-3)


def places_renewed(runs, kind, name):
    """Whether each of the pool's eight places has changed, after each call."""
    features = [np.asarray(jax.tree.leaves(x.pool[kind][name])[0]) for x in runs]
    return [(x != features[0]).reshape(8, -1).any(1).tolist() for x in features[1:]]


def test_pools_are_renewed_in_turn(run):
    """The oldest four in the first step, and in the third; nothing between."""
    runs, _ = run(3, **POOL, renew_every=2)
    for kind, name in (("content", "content"), ("style", "style_stats")):
        first, second, third = places_renewed(runs, kind, name)
        assert [any(first[:4]), any(first[4:])] == [True, False]
        assert second == first
        assert [any(third[:4]), any(third[4:])] == [True, True]


@pytest.mark.slow
def test_pools_of_which_the_renewals_are_no_divisor(run):
    """Go round: the third renewal is of places 6, 7 and 0."""
    runs, _ = run(3, **POOL | {"renew": 3})
    for changed, places in zip(
        (3, 6, 8), places_renewed(runs, "style", "style_stats"), strict=True
    ):
        assert places == [i < changed for i in range(8)]


def test_a_pool_holds_what_is_said_of_its_crops(config, tiny, packed):
    config = dataclasses.replace(config, **POOL, variant="film")
    placement = Placement(jax.devices()[:1])
    pool = pools(config, placement, tiny, supply_of(placement, packed))
    assert set(pool["style"]) == {"style_stats", "number"}  # its pixels, no one needs again
    crops = pool["content"]["content"]
    known = jax.jit(make_description(config, "tiny"))(tiny.params, {"content": crops})
    np.testing.assert_allclose(
        pool["content"]["maps"]["relu4_1"], known["maps"]["relu4_1"], rtol=1e-2, atol=1e-2
    )
    assert pool["content"]["maps"]["relu4_1"].dtype == np.float16
    told = pool["content"]["content_stats"]
    assert set(told) == {"pixels", "relu1_1", "relu2_1", "relu3_1"}
    for name, stats in told.items():
        np.testing.assert_allclose(stats.mean, known["content_stats"][name].mean, rtol=1e-3)


@pytest.mark.slow
def test_synthetic_styles_and_mixtures_change_the_style_alone(run):
    plain, made, mixed = (
        run(1, **fields).told for fields in ({}, {"style_synthetic": 1.0}, {"style_mix": 1.0})
    )
    for told in (made, mixed):
        np.testing.assert_array_equal(told.numbers["content"], plain.numbers["content"])
        assert told.metrics["style_loss"] != pytest.approx(plain.metrics["style_loss"], rel=1e-3)
    assert set(made.numbers["style"].ravel()) == {-1}
    np.testing.assert_array_equal(mixed.numbers["style"], plain.numbers["style"])


@pytest.mark.slow
def test_parts_of_a_batch_are_as_good_as_all_at_once(run):
    losses = run(3, **VARIED).told.metrics["loss"]
    theirs = run(2, **VARIED, accumulate=2).told.metrics["loss"]
    np.testing.assert_allclose(theirs, losses[:2], rtol=1e-3)
