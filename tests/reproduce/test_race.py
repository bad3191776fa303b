import numpy as np
import pytest

from adain_jax.reproduce.race import crops, race, smooth, tail
from adain_jax.reproduce.settings import Settings
from adain_jax.training.config import TrainConfig


def step(state, batch):
    return state + batch, {"loss": state + batch}


def test_all_get_the_same_batches():
    runners = {"a": (step, 0.0), "b": (step, 10.0)}
    states, curves = race(runners, iter([1.0, 2.0, 3.0]), seconds=99, steps=2, title="race")
    assert states == {"a": 3.0, "b": 13.0}
    assert curves == {"a": [{"loss": 1.0}, {"loss": 3.0}], "b": [{"loss": 11.0}, {"loss": 13.0}]}


def test_without_time_a_few_steps_are_made():
    _, curves = race({"a": (step, 0.0)}, iter([1.0] * 9), seconds=0, title="race")
    assert len(curves["a"]) == 4


def test_a_loss_that_is_not_finite():
    with pytest.raises(ValueError, match="race: a loss of a is not finite at step 1"):
        race({"a": (step, 0.0)}, iter([1.0, np.nan]), seconds=9, steps=2, title="race")


def test_crops_are_squares_of_the_images(rng):
    images = np.arange(2 * 12 * 12 * 3).reshape(2, 12, 12, 3)
    batch = next(crops(images, 8, 5, rng))
    assert batch.shape == (5, 8, 8, 3)
    windows = np.lib.stride_tricks.sliding_window_view(images, (8, 8), axis=(1, 2))
    windows = windows.reshape(-1, 3, 8, 8).transpose(0, 2, 3, 1)
    assert all((windows == crop).all((1, 2, 3)).any() for crop in batch)


def test_crops_of_any_size_are_trained_on():
    settings = Settings("c", "s", "c", "s", crop=768)
    assert settings.sized(TrainConfig()).crop_size == 768


def test_tail_and_smooth():
    curve = [{"loss": float(i)} for i in range(8)]
    assert tail(curve, "loss") == 6.5
    np.testing.assert_allclose(smooth([1.0] * 50), 1)
    assert len(smooth([1.0, 2.0])) == 2
