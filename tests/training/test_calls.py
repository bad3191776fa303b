import dataclasses

import jax
import numpy as np
import pytest

from adain_jax.training.calls import Run, Supply, make_call, make_fill
from adain_jax.training.devices import Placement
from adain_jax.training.loss import make_description
from adain_jax.training.packed import pack
from adain_jax.training.step import create_state, make_optimizer
from adain_jax.training.supply import halved

POOL = {"pool_contents": 8, "pool_styles": 8, "renew": 4}


@pytest.fixture(scope="module")
def packed():
    rng = np.random.default_rng(0)
    coarse = rng.integers(256, size=(5, 6, 5, 3), dtype=np.uint8)
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


def run(config, model, packed, count, devices=1, steps=1):
    placement = Placement(jax.devices()[:devices])
    supply = supply_of(placement, packed)
    optimizer = make_optimizer(config)
    pool = pools(config, placement, model, supply) if config.pool_contents else {}
    state = create_state(config, {"decoder": model.params["decoder"]}, optimizer)
    call = placement.compile(
        make_call(config, "tiny", optimizer, "style", devices, placement.axis_name, steps)
    )
    now, frozen = placement.replicate(Run(state, pool)), placement.replicate(model.params)
    told = []
    for start in range(0, count, steps):
        scalars = np.float32(0), np.int32(min(steps, count - start))
        now, new = call(now, frozen, supply, *(placement.everywhere(x) for x in scalars))
        told.append(jax.tree.map(lambda x, n=scalars[1]: np.asarray(x)[:n], placement.first(new)))
    return placement.first(now), jax.tree.map(lambda *xs: np.concatenate(xs), *told)


@pytest.fixture
def varied(config):
    return dataclasses.replace(
        config,
        **dict.fromkeys(("style_hue", "style_synthetic", "style_mix"), 0.5),
        flip=True,
        learning_rate=1e-6,
    )


@pytest.mark.parametrize("fields", [{}, POOL], ids=["encoded", "pool"])
def test_any_number_of_devices_draws_what_one_does(varied, tiny, packed, fields):
    config = dataclasses.replace(varied, **fields)
    now, told = run(config, tiny, packed, 3)
    assert len({row.tobytes() for row in told.numbers["content"]}) == 3  # each step others
    later, theirs = run(config, tiny, packed, 3, devices=2)
    jax.tree.map(np.testing.assert_array_equal, theirs.numbers, told.numbers)
    np.testing.assert_allclose(theirs.metrics["loss"], told.metrics["loss"], rtol=1e-3)
    for a, b in zip(jax.tree.leaves(later.pool), jax.tree.leaves(now.pool), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-2)


def test_several_steps_in_a_call(varied, tiny, packed):
    config = dataclasses.replace(varied, **POOL)
    _, told = run(config, tiny, packed, 5)
    now, theirs = run(config, tiny, packed, 5, steps=3)
    assert int(now.state.step) == 5
    jax.tree.map(np.testing.assert_array_equal, theirs.numbers, told.numbers)
    np.testing.assert_allclose(theirs.metrics["loss"], told.metrics["loss"], rtol=1e-3)


def test_pools_are_renewed_in_turn(config, tiny, packed):
    """The oldest four in the first step, and in the third; nothing between."""
    config = dataclasses.replace(config, **POOL, renew_every=2)
    placement = Placement(jax.devices()[:1])
    before = pools(config, placement, tiny, supply_of(placement, packed))
    for count, changed in ((1, [True, False]), (2, [True, False]), (3, [True, True])):
        now, _ = run(config, tiny, packed, count)
        for kind, name in (("content", "content"), ("style", "style_stats")):
            a, b = (jax.tree.leaves(x[kind][name])[0] for x in (before, now.pool))
            differs = (np.asarray(a) != np.asarray(b)).reshape(2, -1).any(1)
            assert differs.tolist() == changed


def test_pools_of_which_the_renewals_are_no_divisor(config, tiny, packed):
    """Go round: the third renewal is of places 6, 7 and 0."""
    config = dataclasses.replace(config, **POOL | {"renew": 3})
    placement = Placement(jax.devices()[:1])
    before = pools(config, placement, tiny, supply_of(placement, packed))
    for count, changed in ((1, 3), (2, 6), (3, 8)):
        now, _ = run(config, tiny, packed, count)
        a, b = (x["style"]["style_stats"]["relu4_1"].mean for x in (before, now.pool))
        differs = (np.asarray(a) != np.asarray(b)).any(1)
        assert differs.tolist() == [i < changed for i in range(8)]


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


def test_synthetic_styles_and_mixtures_change_the_style_alone(config, tiny, packed):
    plain, made, mixed = (
        run(dataclasses.replace(config, **fields), tiny, packed, 1)[1]
        for fields in ({}, {"style_synthetic": 1.0}, {"style_mix": 1.0})
    )
    for told in (made, mixed):
        np.testing.assert_array_equal(told.numbers["content"], plain.numbers["content"])
        assert told.metrics["style_loss"] != pytest.approx(plain.metrics["style_loss"], rel=1e-3)
    assert set(made.numbers["style"].ravel()) == {-1}
    np.testing.assert_array_equal(mixed.numbers["style"], plain.numbers["style"])


def test_parts_of_a_batch_are_as_good_as_all_at_once(varied, tiny, packed):
    _, told = run(varied, tiny, packed, 2)
    _, theirs = run(dataclasses.replace(varied, accumulate=2), tiny, packed, 2)
    np.testing.assert_allclose(theirs.metrics["loss"], told.metrics["loss"], rtol=1e-3)
