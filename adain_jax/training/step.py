"""One optimizer step, a pure function that each device runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar, cast

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from adain_jax.networks.params import Params
from adain_jax.training.config import TrainConfig
from adain_jax.training.loss import Batch, Metrics, Phase, make_loss


class TrainState(NamedTuple):
    """The state that a step changes. It does not contain the frozen model.

    Attributes:
        step: the number of steps made.
        params: the trained parameters: `{"decoder": ...}`, and those of all further parts of the
            network except the VGG.
        optimizer: Adam's moments.
        average: the moving average of `params`; empty if there is none.
    """

    step: jax.Array
    params: Params
    optimizer: optax.OptState
    average: Params


StepFunction = Callable[..., tuple[TrainState, Metrics]]
_Tree = TypeVar("_Tree")


def make_schedule(config: TrainConfig) -> Callable[[ArrayLike], jax.Array]:
    """The learning rate by the position on the schedule, in steps.

    >>> schedule = make_schedule(TrainConfig(learning_rate=1.0, schedule="cosine", steps=10))
    >>> print(schedule(0), schedule(10))
    1.0 0.0
    """
    cosine = optax.cosine_decay_schedule(config.learning_rate, config.steps)

    def schedule(count: ArrayLike) -> jax.Array:
        count = jnp.asarray(count, jnp.float32)
        inverse_time = config.learning_rate / (1 + config.lr_decay * count)
        rate = cosine(count) if config.schedule == "cosine" else inverse_time
        return jnp.asarray(rate) * jnp.minimum((count + 1) / max(config.lr_warmup_steps, 1), 1)

    return schedule


def make_optimizer(config: TrainConfig) -> optax.GradientTransformation:
    """Adam with the recipe's clipping and a learning rate of 1; a step multiplies by its own rate.

    The structure of its state does not depend on the recipe's numbers, which may change between
    runs.
    """
    limit = config.gradient_clip
    clip = optax.clip_by_global_norm(limit) if limit else optax.identity()
    return optax.chain(clip, optax.adam(1.0))


@contextmanager
def lenient_promotion() -> Iterator[None]:
    """JAX's default promotion rules, for optax, which raises floats to integer powers."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def create_state(
    config: TrainConfig, params: Params, optimizer: optax.GradientTransformation
) -> TrainState:
    """The state before the first step."""
    average = jax.tree.map(jnp.copy, params) if config.ema_decay else {}
    return TrainState(jnp.zeros((), jnp.int32), params, optimizer.init(params), average)


def make_step(
    config: TrainConfig,
    architecture: str,
    optimizer: optax.GradientTransformation,
    phase: Phase,
    axis_name: str | None = None,
) -> StepFunction:
    """The step of one device, `(state, frozen, batch, position) -> (state, metrics)`.

    It is not compiled. `batch` is as in `make_loss`. `position` is the position on the schedules,
    in steps; by default the number of steps made.

    Args:
        config: the recipe.
        architecture: architecture of the frozen model, whose weights are the step's argument.
        optimizer: from `make_optimizer`.
        phase: as in `make_loss`.
        axis_name: name of the axis of devices over which gradients and metrics are averaged.
    """
    gradient_function = jax.grad(make_loss(config, architecture, phase), has_aux=True)
    schedule = make_schedule(config)

    def step(
        state: TrainState, frozen: Params, batch: Batch, position: ArrayLike | None = None
    ) -> tuple[TrainState, Metrics]:
        where = state.step if position is None else position

        def gradients_of(batch: Batch) -> tuple[Params, Metrics]:
            return gradient_function(state.params, frozen, batch, where)

        gradients, metrics = _mean_over_parts(gradients_of, batch, config.accumulate)
        if axis_name:
            gradients, metrics = jax.lax.pmean((gradients, metrics), axis_name)
        metrics["gradient_norm"] = optax.tree.norm(gradients)
        with lenient_promotion():
            updates, opt_state = optimizer.update(gradients, state.optimizer, state.params)
            updates = optax.tree.scale(schedule(where), _damped(updates))
        params = cast(Params, optax.apply_updates(state.params, updates))
        if config.freeze_encoder and phase == "style":  # Adam's momentum would still move it
            params = {**params, "content": state.params["content"]}
        average = state.average
        if config.ema_decay:
            # A plain mean at first, so that the random start is soon forgotten.
            count = state.step.astype(jnp.float32) + 1
            keep = jnp.minimum(config.ema_decay, (count - 1) / count)
            average = jax.tree.map(lambda a, x: keep * a + (1 - keep) * x, average, params)
        return TrainState(state.step + 1, params, opt_state, average), metrics

    return step


def _damped(updates: optax.Updates) -> optax.Updates:
    """Divide the updates of each `Film` by the square root of the number of its inputs.

    Adam moves every weight by about the learning rate. The inputs of a `Film` are hundreds of
    statistics that hardly differ between styles, so moves of its weights add up: without this, one
    step changes its scales and shifts by several per cent.
    """

    def damp(path: tuple, update: jax.Array) -> jax.Array:
        film = any(key.key.endswith("_film") for key in path)
        return update / update.shape[0] ** 0.5 if film else update

    return jax.tree_util.tree_map_with_path(damp, updates)


def _mean_over_parts(function: Callable[[Batch], _Tree], batch: Batch, parts: int) -> _Tree:
    """The mean of `function` over equal parts of the batch, one after the other."""
    if parts == 1:
        return function(batch)
    cut = jax.tree.map(lambda x: x.reshape(parts, -1, *x.shape[1:]), batch)
    shapes = jax.eval_shape(function, jax.tree.map(lambda x: x[0], cut))
    zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
    total, _ = jax.lax.scan(
        lambda sums, part: (jax.tree.map(jnp.add, sums, function(part)), None), zeros, cut
    )
    return jax.tree.map(lambda x: x / parts, total)
