"""The trainings of scripts/accelerator.py."""

import dataclasses
import json
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from adain_jax.training import loop
from adain_jax.training.config import TrainConfig
from scripts import accelerator_parts


def test_what_will_be_judged_is_not_trained_with(folders):
    """As far as it is in the training's folder."""
    assert (
        accelerator_parts.without(["sub/*", "3.*", "metal_*"], folders / "style") == "sub/*=0,3.*=0"
    )
    assert accelerator_parts.without([], folders / "style") == ""


def test_a_batch_that_does_not_fit_is_halved(monkeypatch):
    tried = []

    def train(config, *, until):
        tried.append((config.batch_size, config.learning_rate, until))
        if config.batch_size > 8:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory\nmore")

    monkeypatch.setattr(loop, "train", train)
    accelerator_parts.train_what_fits(TrainConfig(batch_size=32, learning_rate=4e-4), 99.0)
    np.testing.assert_allclose(tried, [(32, 4e-4, 99), (16, 8**0.5 * 1e-4, 99), (8, 2e-4, 99)])


@pytest.mark.parametrize(("batch", "problem"), [(1, "RESOURCE_EXHAUSTED: x"), (32, "INTERNAL: x")])
def test_what_no_smaller_batch_mends_is_told(batch, problem, monkeypatch):
    def train(config, *, until):
        raise jax.errors.JaxRuntimeError(problem)

    monkeypatch.setattr(loop, "train", train)
    with pytest.raises(jax.errors.JaxRuntimeError, match=problem):
        accelerator_parts.train_what_fits(TrainConfig(batch_size=batch), time.monotonic())


@pytest.mark.slow
def test_a_training_goes_on_with_half_the_batch(config, monkeypatch):
    """From what it has saved, if memory is short on the way."""
    train, tried = loop.train, []

    def failing(config, *, until):
        tried.append(config.batch_size)
        if len(tried) == 1:
            train(dataclasses.replace(config, steps=2), until=until)
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: x")
        train(config, until=until)

    monkeypatch.setattr(loop, "train", failing)
    accelerator_parts.train_what_fits(dataclasses.replace(config, batch_size=8), np.inf)
    assert tried == [8, 4]
    log = (Path(config.workdir) / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in log] == [1, 2, 3, 4]
