"""The loss of a batch: its parts, their weights and layers."""

import dataclasses
import functools

import jax
import numpy as np
import pytest

from adain_jax.model import Model
from adain_jax.ops.losses import perceptual_loss, style_loss, tap_stats
from adain_jax.training.config import TrainConfig
from adain_jax.training.loss import make_loss
from tests.training.conftest import SMALL


def test_identity_is_of_the_upper_left_quarter(tiny, batches):
    changed = dict(batches[0], content=batches[0]["content"].copy())
    changed["content"][:, 8:, 8:] = 0
    of = [loss_of(tiny, batch, identity_weight=1.0)[1] for batch in (batches[0], changed)]
    model = Model({**tiny.params}, "tiny", "")
    contents = batches[0]["content"].astype(np.float32) / 255
    features = {name: x[:, :1, :1] for name, x in model.encode(contents).items()}
    expected = np.mean((np.asarray(model.decode(features)) - contents[:, :8, :8]) ** 2)
    assert of[0]["identity_loss"] == pytest.approx(float(expected), rel=1e-3)
    assert of[1]["content_loss"] != of[0]["content_loss"]


def test_perceptual_is_of_the_same_quarter(tiny, batches):
    model = Model({**tiny.params}, "tiny", "")
    contents = batches[0]["content"].astype(np.float32) / 255
    picture = model.decode({name: x[:, :1, :1] for name, x in model.encode(contents).items()})
    ours, theirs = model.taps(picture), model.taps(contents[:, :8, :8])
    expected = perceptual_loss(ours, theirs)
    expected += style_loss(ours, tap_stats(theirs), reduction="relative")
    _, metrics = loss_of(tiny, batches[0], perceptual_weight=1.0)
    assert metrics["perceptual_loss"] == pytest.approx(float(expected), rel=1e-3)


def test_a_teacher_is_the_frozen_model(config, tiny, batches):
    """It has nothing to teach a decoder that paints as its own does."""
    taught = dataclasses.replace(config, teacher_weight=2.0)
    plain = jax.jit(make_loss(config, "tiny", "style"))
    function = jax.jit(make_loss(taught, "tiny", "style"))
    decoder = tiny.params["decoder"]
    _, metrics = function({"decoder": decoder}, tiny.params, batches[0], 9)
    assert float(metrics["teacher_loss"]) == pytest.approx(0, abs=1e-8)
    other = {"decoder": jax.tree.map(lambda x: 1.2 * x, decoder)}
    loss, metrics = function(other, tiny.params, batches[0], 9)
    without, _ = plain(other, tiny.params, batches[0], 9)
    assert float(metrics["teacher_loss"]) > 1e-3
    assert float(loss) == pytest.approx(float(without + 2 * metrics["teacher_loss"]), rel=1e-5)


def test_a_picture_that_moves_with_its_photograph_has_no_shift_loss(tiny, batches):
    """One of a single colour does; noise is painted in another way."""
    flat = dict(batches[0], content=np.full_like(batches[0]["content"], 90))
    assert loss_of(tiny, flat, shift_weight=1.0)[1]["shift_loss"] < 1e-9
    noise = loss_of(tiny, batches[0], shift_weight=1.0)[1]["shift_loss"]
    assert noise > 1e-5
    for pair, looked_at in ((0, True), (1, False), (2, True), (3, False)):  # every second one
        content, style = (batches[0][kind].copy() for kind in ("content", "style"))
        content[pair], style[pair] = 90, style[(pair + 1) % 4]
        other = loss_of(tiny, {"content": content, "style": style}, shift_weight=1.0)[1]
        assert (other["shift_loss"] != pytest.approx(noise, rel=1e-5)) == looked_at


@functools.cache
def compiled_loss(**fields):
    config = TrainConfig(style_warmup_steps=1, reconstruction_steps=0, **SMALL, **fields)
    return jax.jit(make_loss(config, "tiny", "style"))


def loss_of(model, batch, **fields):
    params = {"decoder": model.params["decoder"]}
    loss, metrics = compiled_loss(**fields)(params, model.params, batch, 0)
    return float(loss), {name: float(x) for name, x in metrics.items()}


def test_the_loss_is_the_sum_of_its_parts(tiny, batches):
    loss, metrics = loss_of(
        tiny,
        batches[0],
        content_weight=2.0,
        style_weight=3.0,
        tv_weight=5.0,
        gram_weight=7.0,
        identity_weight=11.0,
        shift_weight=13.0,
        perceptual_weight=17.0,
        mesh_weight=19.0,
        cosine_weight=23.0,
    )
    weights = {"content": 2, "style": 3, "tv": 5, "gram": 7, "identity": 11, "shift": 13}
    weights |= {"perceptual": 17, "mesh": 19, "cosine": 23}
    assert set(metrics) == {"loss", *(f"{name}_loss" for name in weights)}
    assert all(metrics.values())
    expected = sum(weight * metrics[f"{name}_loss"] for name, weight in weights.items())
    assert loss == pytest.approx(expected, rel=1e-5)


def test_the_layers_of_the_style_loss(tiny, batches):
    each = [
        loss_of(tiny, batches[0], style_layers=tuple(float(i == j) for i in range(4)))[1]
        for j in range(4)
    ]
    _, together = loss_of(tiny, batches[0])
    total = sum(metrics["style_loss"] for metrics in each)
    assert together["style_loss"] == pytest.approx(total, rel=1e-5)
    _, summed = loss_of(tiny, batches[0], style_reduction="sum")
    channels = (64, 128, 256, 512)
    expected = sum(n * x["style_loss"] for n, x in zip(channels, each, strict=True))
    assert summed["style_loss"] == pytest.approx(expected, rel=1e-5)


def test_the_layers_of_the_content_loss(tiny, batches):
    each = [
        loss_of(tiny, batches[0], content_layers=tuple(float(i == j) for i in range(4)))[1]
        for j in range(4)
    ]
    assert len({metrics["content_loss"] for metrics in each}) == 4
    _, metrics = loss_of(tiny, batches[0], content_layers=(1.0, 2.0, 3.0, 4.0))
    expected = sum(i * x["content_loss"] for i, x in enumerate(each, start=1))
    assert metrics["content_loss"] == pytest.approx(expected, rel=1e-5)
