"""Several trainings side by side, one step of each in turn, on the same images.

So their curves can be compared, and a busy machine slows all of them equally.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import jax
import numpy as np
from tqdm import tqdm

from adain_jax.model import Model
from adain_jax.networks.params import Params
from adain_jax.reproduce.settings import Settings
from adain_jax.training.config import TrainConfig
from adain_jax.training.loss import Batch
from adain_jax.training.step import TrainState, create_state, make_optimizer, make_step

_State = TypeVar("_State")
_Batch = TypeVar("_Batch")
Step = Callable[[_State, _Batch], tuple[_State, Mapping[str, jax.Array]]]
Curves = dict[str, list[dict[str, float]]]

_LEAST = 4  # the least number of steps, even if the time is over


def race(
    runners: Mapping[str, tuple[Step[_State, _Batch], _State]],
    batches: Iterator[_Batch],
    *,
    seconds: float,
    steps: int = 0,
    title: str,
) -> tuple[dict[str, _State], Curves]:
    """Run trainings for a given time, or for a given number of steps.

    Args:
        runners: for each name a compiled step, `(state, batch) -> (state, metrics)`, and its
            initial state.
        batches: an infinite iterator; every training gets every batch.
        seconds: the time of all trainings together, compilation included.
        steps: if not 0, the number of steps of each, in place of the time.
        title: the title of the progress bar.

    Returns:
        The final states by name, and the metrics of each step by name.

    Raises:
        ValueError: if a loss is not finite.

    >>> def step(state, batch):
    ...     return state + batch, {"loss": state}
    >>> race({"sum": (step, 0.0)}, iter([1.0, 2.0]), seconds=9, steps=2, title="sum")
    ({'sum': 3.0}, {'sum': [{'loss': 0.0}, {'loss': 1.0}]})
    """
    states = {name: state for name, (_, state) in runners.items()}
    curves: Curves = {name: [] for name in runners}
    end, number = time.monotonic() + seconds, 0
    with tqdm(total=steps or None, desc=title, unit="step", disable=None) as bar:
        while number < steps if steps else number < _LEAST or time.monotonic() < end:
            batch = next(batches)
            for name, (step, _) in runners.items():
                states[name], metrics = step(states[name], batch)
                values = {key: float(value) for key, value in metrics.items()}
                if not all(map(np.isfinite, values.values())):
                    raise ValueError(f"{title}: a loss of {name} is not finite at step {number}")
                curves[name].append(values)
            number += 1
            bar.update()
            if not steps:
                bar.set_postfix(left=f"{max(0, end - time.monotonic()):.0f}s")
    return states, curves


def crops(
    images: np.ndarray, size: int, batch: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield batches (batch, size, size, 3) of random crops of images (N, H, W, 3), without end."""
    slack = images.shape[1] - size + 1, images.shape[2] - size + 1
    while True:
        places = zip(
            rng.integers(len(images), size=batch),
            rng.integers(slack[0], size=batch),
            rng.integers(slack[1], size=batch),
            strict=True,
        )
        yield np.stack([images[i, top : top + size, left : left + size] for i, top, left in places])


def pairs_of_crops(settings: Settings) -> Iterator[Batch]:
    """Yield training batches of crops of photographs and paintings, without end."""
    rng = np.random.default_rng(settings.seed)
    contents = crops(settings.training, settings.crop, settings.batch, rng)
    styles = crops(settings.paintings, settings.crop, settings.batch, rng)
    for content, style in zip(contents, styles, strict=True):
        yield {"content": content, "style": style}


def decoder_runner(
    config: TrainConfig, model: Model, params: Params
) -> tuple[Step[TrainState, Batch], TrainState]:
    """The step and the initial state that `race` takes, from the weights `{"decoder": ...}`.

    `model` is the frozen model of the losses.
    """
    optimizer = make_optimizer(config)
    step = jax.jit(make_step(config, model.architecture, optimizer, "style"))
    return (
        lambda state, batch: step(state, model.params, batch),
        create_state(config, params, optimizer),
    )


def tail(curve: list[dict[str, float]], name: str) -> float:
    """The mean of a metric over the last quarter of a training."""
    last = curve[-max(1, len(curve) // 4) :]
    return float(np.mean([values[name] for values in last]))


def smooth(values: list[float]) -> np.ndarray:
    """The running mean over a twentieth of the steps, for plots."""
    window = max(1, len(values) // 20)
    padded = np.pad(np.asarray(values, float), (window - 1, 0), mode="edge")
    return np.convolve(padded, np.ones(window) / window, mode="valid")
