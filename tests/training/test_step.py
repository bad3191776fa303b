import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.networks import PIXELS
from adain_jax.ops.losses import tap_stats
from adain_jax.training.devices import Placement
from adain_jax.training.loss import Phase, make_loss
from adain_jax.training.step import (
    create_state,
    make_optimizer,
    make_schedule,
    make_step,
)
from tests.tiny import tiny_fast, tiny_model


def run(config, model, batches, devices=1, phase: Phase = "style", params=None, states=None):
    """Make a step for each batch; append the state after each to `states`."""
    placement = Placement(jax.devices()[:devices])
    optimizer = make_optimizer(config)
    pure = make_step(config, model.architecture, optimizer, phase, placement.axis_name)
    traced = []

    def counted(*args):
        traced.append(len(history))
        return pure(*args)

    step = placement.compile(counted)
    params = params or {"decoder": model.params["decoder"]}
    state = placement.replicate(create_state(config, params, optimizer))
    frozen = placement.replicate(model.params)
    history = []
    for batch in batches:
        state, metrics = step(state, frozen, placement.shard(batch))
        if states is not None:
            states.append(jax.tree.map(np.array, placement.first(state)))
        history.append({name: float(x) for name, x in placement.first(metrics).items()})
    assert set(traced) == {0}  # never again after the first step
    return placement.first(state), history


def losses(history):
    return [metrics["loss"] for metrics in history]


def assert_close(a, b, **tolerance):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, **tolerance)


@pytest.fixture
def slow(config):
    """Weights move by 5e-5 in five steps."""
    return dataclasses.replace(config, learning_rate=1e-5)


def assert_same_weights(ours, theirs):
    """To 1e-5, but for one in ten thousand: of mere rounding, Adam makes whole steps."""
    differences = [
        np.abs(x - y).ravel()
        for x, y in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True)
    ]
    assert np.mean(np.concatenate(differences) > 1e-5) < 1e-4
    assert np.median(np.concatenate(differences)) < 1e-7


@pytest.mark.slow
def test_four_devices_do_what_one_does(slow, tiny, batches):
    """After five steps on the same batches, with nothing traced after the first."""
    one, history = run(slow, tiny, batches)
    assert int(one.step) == len(batches)
    four, theirs = run(slow, tiny, batches, 4)
    np.testing.assert_allclose(losses(theirs), losses(history), rtol=1e-4)
    assert_same_weights(four.params, one.params)


def test_two_devices_have_the_gradients_of_one(config, tiny, batches):
    """Adam's first moment after one step is a tenth of the gradient."""
    config = dataclasses.replace(config, shift_weight=10.0)
    one, _ = run(config, tiny, batches[:1])
    two, _ = run(config, tiny, batches[:1], 2)
    for a, b in zip(jax.tree.leaves(one.optimizer), jax.tree.leaves(two.optimizer), strict=True):
        np.testing.assert_allclose(a, b, atol=3e-4 * np.abs(a).max())


@pytest.mark.slow
def test_parts_of_a_batch_are_as_good_as_all_at_once(slow, tiny, batches):
    one, history = run(slow, tiny, batches)
    parts, theirs = run(dataclasses.replace(slow, accumulate=2), tiny, batches)
    np.testing.assert_allclose(losses(theirs), losses(history), rtol=1e-4)
    assert_same_weights(parts.params, one.params)


def test_only_the_decoder_changes(config, tiny, batches):
    before = jax.tree.map(np.array, tiny.params)
    state, _ = run(config, tiny, batches[:1])
    assert set(state.params) == {"decoder"}
    changes = jax.tree.map(
        lambda x, y: np.abs(x - y).max(), state.params["decoder"], before["decoder"]
    )
    assert min(jax.tree.leaves(changes)) > 0
    assert_close(tiny.params, before, atol=0)  # and the caller's own weights do not


def own_params():
    """Of a small network, where nothing is zero."""
    params = tiny_fast().params
    return {part: x for part, x in params.items() if part != "encoder"}


@pytest.mark.slow
def test_an_encoder_of_its_own_is_trained_too(config, tiny, batches):
    params = own_params()
    config = dataclasses.replace(config, variant="fast")
    state, [metrics] = run(config, tiny, batches[:1], params=params)
    changes = jax.tree.map(lambda x, y: np.abs(x - y).max(), state.params, params)
    assert min(jax.tree.leaves(changes)) > 0
    assert metrics["content_loss"] > 0

    encode = jax.jit(lambda model, x: tap_stats({PIXELS: x, **model.taps(x)}))
    stats = encode(tiny, batches[0]["style"].astype(np.float32) / 255)
    frozen = [{**batches[0], "style_stats": stats}]
    _, [theirs] = run(config, tiny, frozen, params=params)
    assert theirs["loss"] == pytest.approx(metrics["loss"], rel=1e-3)


@pytest.mark.slow
def test_a_step_moves_films_by_less(config, tiny, batches):
    """By the square root of the number of their inputs: these are many, and add up."""
    params = own_params()
    config = dataclasses.replace(config, variant="fast", learning_rate=1e-3)
    state, _ = run(config, tiny, batches[:1], params=params)
    for name, layer in state.params["decoder"].items():
        for key, after in layer.items():
            before = params["decoder"][name][key]
            inputs = len(before) if name.endswith("_film") else 1
            moved = np.abs(after - before).max()
            # Adam's first step is the learning rate, for every weight that has a gradient.
            assert moved == pytest.approx(1e-3 / inputs**0.5, rel=0.01), (name, key)


@pytest.mark.slow
def test_an_encoder_learns_the_features_of_a_vgg_and_is_then_kept(config, tiny, batches):
    config = dataclasses.replace(
        config, variant="fast", feature_weight=1.0, freeze_encoder=True, learning_rate=1e-3
    )
    first = {k: x for k, x in tiny_model("fast").params.items() if k != "encoder"}
    started, history = run(config, tiny, batches[:1] * 4, phase="reconstruction", params=first)
    assert history[-1]["feature_loss"] < 0.99 * history[0]["feature_loss"]
    assert history[-1]["statistics_loss"] < history[0]["statistics_loss"]
    for metrics in history:
        names = ("reconstruction_loss", "feature_loss", "statistics_loss")
        parts = sum(metrics[name] for name in names)
        assert metrics["loss"] == pytest.approx(parts, rel=1e-5)
    # Adam's moments, of the first steps, would still move it.
    optimizer = make_optimizer(config)
    step = jax.jit(make_step(config, tiny.architecture, optimizer, "style"))
    state, _ = step(started, tiny.params, batches[0])
    assert_close(state.params["content"], started.params["content"], rtol=0)
    before, after = (x.params["decoder"]["residual_1"]["kernel"] for x in (started, state))
    assert np.abs(after - before).max() > 0


def test_a_small_network_learns_from_a_teacher(config, tiny, batches):
    fields = {"style_weight": 0.0, "content_weight": 0.0, "learning_rate": 1e-3}
    config = dataclasses.replace(config, variant="fast", teacher_weight=1.0, **fields)
    _, history = run(config, tiny, batches[:1] * 6, params=own_params())
    assert history[-1]["teacher_loss"] < history[0]["teacher_loss"]


def test_frozen_styles_are_the_same_as_images_of_them(config, tiny, batches):
    encode = jax.jit(lambda model, x: tap_stats({PIXELS: x, **model.taps(x)}))
    frozen = [
        {**batch, "style_stats": encode(tiny, batch["style"].astype(np.float32) / 255)}
        for batch in batches
    ]
    _, history = run(config, tiny, batches)
    _, theirs = run(config, tiny, frozen)
    np.testing.assert_allclose(losses(theirs), losses(history), rtol=1e-3)


def test_contents_and_styles_of_different_sizes(config, tiny, batches):
    larger = [{**batch, "content": batch["content"].repeat(2, 1)} for batch in batches[:1]]
    _, history = run(config, tiny, larger)
    assert np.isfinite(losses(history)).all()


def test_bfloat16_computes_nearly_the_same_and_keeps_float32_weights(config, tiny, batches):
    config16 = dataclasses.replace(config, compute="bfloat16")
    state, history = run(config16, tiny, batches[:2])
    _, history32 = run(config, tiny, batches[:2])
    np.testing.assert_allclose(losses(history), losses(history32), rtol=0.05)
    assert losses(history) != losses(history32)
    assert {x.dtype for x in jax.tree.leaves(state.params)} == {np.dtype(np.float32)}


def test_the_moving_average(config, tiny, batches):
    """A plain mean of the weights until it is as long as the decay asks for."""
    states = []
    run(dataclasses.replace(config, ema_decay=0.6), tiny, batches[:3], states=states)
    first, second, third = (jax.tree.leaves(state.params)[0] for state in states)
    averages = [jax.tree.leaves(state.average)[0] for state in states]
    np.testing.assert_allclose(averages[0], first, atol=1e-7)
    np.testing.assert_allclose(averages[1], (first + second) / 2, atol=1e-7)
    np.testing.assert_allclose(averages[2], 0.6 * averages[1] + 0.4 * third, atol=1e-7)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"schedule": "inverse_time", "lr_decay": 0.5}, [1, 1 / 1.5, 1 / 2]),
        ({"schedule": "cosine", "steps": 4}, [1, 0.853553, 0.5]),
        ({"schedule": "cosine", "steps": 4, "lr_warmup_steps": 2}, [0.5, 0.853553, 0.5]),
    ],
)
def test_schedules(config, fields, expected):
    schedule = make_schedule(dataclasses.replace(config, learning_rate=1.0, **fields))
    np.testing.assert_allclose([schedule(count) for count in range(3)], expected, rtol=1e-5)


def test_a_step_is_as_long_as_its_position_says(config, tiny, batches):
    """Adam's first is of the learning rate's length, in each weight that has a gradient."""
    config = dataclasses.replace(config, schedule="cosine", steps=4, learning_rate=1e-3)
    optimizer = make_optimizer(config)
    before = {"decoder": tiny.params["decoder"]}
    step = jax.jit(make_step(config, "tiny", optimizer, "style"))
    for position, rate in ((None, 1e-3), (0.0, 1e-3), (2.0, 5e-4)):
        after, _ = step(create_state(config, before, optimizer), tiny.params, batches[0], position)
        for x, y in zip(jax.tree.leaves(after.params), jax.tree.leaves(before), strict=True):
            assert np.abs(x - y).max() == pytest.approx(rate, rel=1e-2)


def test_clipping(config, tiny, batches):
    """The norm that is told is that before clipping."""
    clipped = dataclasses.replace(config, gradient_clip=1e-3)
    state, [metrics] = run(clipped, tiny, batches[:1])
    assert metrics["gradient_norm"] > 1e-3
    moments = jax.tree.leaves(state.optimizer)
    norm = max(float(jnp.abs(x).max()) for x in moments if x.dtype == np.float32)
    assert norm <= 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["batch", "instance", "concatenation", "film"])
@pytest.mark.parametrize("phase", ["reconstruction", "style"])
def test_the_ablations_learn(config, tiny, batches, variant, phase):
    fields = {"pictures_every": 0, "variant": variant}
    params = {"decoder": tiny_model(variant).params["decoder"]}
    config = dataclasses.replace(config, **fields)
    state, history = run(config, tiny, batches[:1] * 12, phase=phase, params=params)
    assert set(state.params) == {"decoder"}
    assert losses(history)[-1] < 0.97 * losses(history)[1]


def test_concatenation_sees_the_style_s_map(config, tiny, batches):
    """Not its statistics alone: a painting turned around makes another picture."""
    config = dataclasses.replace(config, variant="concatenation")
    loss = jax.jit(make_loss(config, "tiny", "style"))
    params = {"decoder": tiny_model("concatenation").params["decoder"]}
    turned = {**batches[0], "style": batches[0]["style"][:, ::-1, ::-1]}
    assert float(loss(params, tiny.params, batches[0], 9)[0]) != pytest.approx(
        float(loss(params, tiny.params, turned, 9)[0]), rel=1e-6
    )
