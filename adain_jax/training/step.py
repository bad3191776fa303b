"""One optimizer step, a pure function that each device runs."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from adain_jax.checks import Params
from adain_jax.model import Model
from adain_jax.style import Style
from adain_jax.training.config import TrainConfig
from adain_jax.training.losses import (
    TapStats,
    content_loss,
    reconstruction_loss,
    style_loss,
    tap_stats,
)

Batch = dict[str, Any]
Metrics = dict[str, jax.Array]
Phase = Literal["reconstruction", "style"]


class TrainState(NamedTuple):
    """What a step changes: the decoder and its optimizer. The encoder is no part of it."""

    step: jax.Array
    decoder: Params
    optimizer: optax.OptState


StepFunction = Callable[[TrainState, Params, Batch], tuple[TrainState, Metrics]]


def make_optimizer(config: TrainConfig) -> optax.GradientTransformation:
    """Adam with the recipe's schedule and clipping."""
    cosine = optax.cosine_decay_schedule(config.learning_rate, config.steps)

    def schedule(count: ArrayLike) -> jax.Array:
        count = jnp.asarray(count, jnp.float32)
        inverse_time = config.learning_rate / (1 + config.lr_decay * count)
        rate = cosine(count) if config.schedule == "cosine" else inverse_time
        return jnp.asarray(rate) * jnp.minimum((count + 1) / max(config.lr_warmup_steps, 1), 1)

    adam = optax.adam(schedule)
    if config.gradient_clip:
        return optax.chain(optax.clip_by_global_norm(config.gradient_clip), adam)
    return adam


def create_state(decoder: Params, optimizer: optax.GradientTransformation) -> TrainState:
    """The state before the first step."""
    return TrainState(jnp.zeros((), jnp.int32), decoder, optimizer.init(decoder))


def make_step(
    config: TrainConfig,
    model: Model,
    optimizer: optax.GradientTransformation,
    phase: Phase,
    axis_name: str | None = None,
) -> StepFunction:
    """The step of one device, `(state, encoder, batch) -> (state, metrics)`, not yet compiled.

    Args:
        config: the recipe.
        model: gives the architecture; the weights are arguments of the step.
        optimizer: from `make_optimizer`.
        phase: "reconstruction" inverts the encoder, "style" is the paper's training.
        axis_name: of the devices over which gradients and metrics are averaged.
    """

    def with_weights(encoder: Params, decoder: Params) -> Model:
        return Model({"encoder": encoder, "decoder": decoder}, model.architecture, "")

    def reconstruct(decoder: Params, encoder: Params, batch: Batch, _) -> tuple[jax.Array, Metrics]:
        current = with_weights(encoder, decoder)
        images = _to_float(batch["content"])
        loss = reconstruction_loss(current.decode(current.encode(images)), images)
        return loss, {"loss": loss}

    def stylize(decoder: Params, encoder: Params, batch: Batch, step) -> tuple[jax.Array, Metrics]:
        current = with_weights(encoder, decoder)
        features, style = _encode(current, batch)
        target = current.transfer(features, Style(*style["relu4_1"]))
        output = current.taps(current.decode(target))
        content = content_loss(output["relu4_1"], target)
        styled = style_loss(output, style)
        loss = config.content_weight * content + _style_weight(config, step) * styled
        return loss, {"loss": loss, "content_loss": content, "style_loss": styled}

    loss_function = reconstruct if phase == "reconstruction" else stylize

    def step(state: TrainState, encoder: Params, batch: Batch) -> tuple[TrainState, Metrics]:
        gradient_function = jax.grad(loss_function, has_aux=True)
        gradients, metrics = gradient_function(state.decoder, encoder, batch, state.step)
        if axis_name:
            gradients, metrics = jax.lax.pmean((gradients, metrics), axis_name)
        metrics["gradient_norm"] = optax.tree.norm(gradients)
        updates, opt_state = optimizer.update(gradients, state.optimizer, state.decoder)
        decoder = optax.apply_updates(state.decoder, updates)
        return TrainState(state.step + 1, decoder, opt_state), metrics  # type: ignore[arg-type]

    return step


def _encode(model: Model, batch: Batch) -> tuple[jax.Array, TapStats]:
    """relu4_1 of the content, and the tap statistics of the style."""
    content, style = _to_float(batch["content"]), batch["style"]
    if isinstance(style, dict):  # encoded before the training
        return model.encode(content), style
    style = _to_float(style)
    if content.shape != style.shape:
        return model.encode(content), tap_stats(model.taps(style))
    both = model.taps(jnp.concatenate([content, style]))
    count = content.shape[0]
    return both["relu4_1"][:count], tap_stats({name: x[count:] for name, x in both.items()})


def _style_weight(config: TrainConfig, step: jax.Array) -> jax.Array:
    warmup = max(config.style_warmup_steps, 1)
    done = jnp.clip((step.astype(jnp.float32) - config.reconstruction_steps + 1) / warmup, 0, 1)
    return config.style_weight * (0.1 + 0.9 * done)


def _to_float(images: jax.Array) -> jax.Array:
    return images.astype(jnp.float32) / 255
