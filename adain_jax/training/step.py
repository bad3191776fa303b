"""One optimizer step, a pure function that each device runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from adain_jax.model import Model
from adain_jax.model.transfer import Features, statistics, transfer
from adain_jax.networks import ARCHITECTURES, PIXELS, TAPS
from adain_jax.networks.film import Told
from adain_jax.networks.params import Params
from adain_jax.ops.losses import (
    TapStats,
    content_loss,
    feature_loss,
    gram_loss,
    gram_matrices,
    reconstruction_loss,
    style_loss,
    tap_stats,
    total_variation,
)
from adain_jax.ops.pixels import to_float
from adain_jax.ops.statistics import adain
from adain_jax.training.config import TrainConfig

_TARGET = TAPS[-1]  # the VGG's map that its decoder takes

Batch = dict[str, Any]
Metrics = dict[str, jax.Array]
Phase = Literal["reconstruction", "style"]


class TrainState(NamedTuple):
    """What a step changes. The frozen model is no part of it.

    Attributes:
        step: steps made.
        params: what is trained: `{"decoder": ...}`, or the encoder too if the network has its own.
        optimizer: Adam's moments.
        average: the moving average of `params`; empty if there is none.
    """

    step: jax.Array
    params: Params
    optimizer: optax.OptState
    average: Params


LossFunction = Callable[[Params, Params, Batch, ArrayLike], tuple[jax.Array, Metrics]]
StepFunction = Callable[[TrainState, Params, Batch], tuple[TrainState, Metrics]]


def make_schedule(config: TrainConfig) -> Callable[[ArrayLike], jax.Array]:
    """The learning rate after so many steps."""
    cosine = optax.cosine_decay_schedule(config.learning_rate, config.steps)

    def schedule(count: ArrayLike) -> jax.Array:
        count = jnp.asarray(count, jnp.float32)
        inverse_time = config.learning_rate / (1 + config.lr_decay * count)
        rate = cosine(count) if config.schedule == "cosine" else inverse_time
        return jnp.asarray(rate) * jnp.minimum((count + 1) / max(config.lr_warmup_steps, 1), 1)

    return schedule


def make_optimizer(config: TrainConfig) -> optax.GradientTransformation:
    """Adam with the recipe's schedule and clipping.

    Its state is of one structure whatever the numbers are: they may change between runs.
    """
    limit = config.gradient_clip
    clip = optax.clip_by_global_norm(limit) if limit else optax.identity()
    return optax.chain(clip, optax.adam(make_schedule(config)))


@contextmanager
def lenient_promotion() -> Iterator[None]:
    """JAX's own rules of promotion, for optax, which raises floats to integer powers."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def create_state(
    config: TrainConfig, params: Params, optimizer: optax.GradientTransformation
) -> TrainState:
    """The state before the first step."""
    average = jax.tree.map(jnp.copy, params) if config.ema_decay else {}
    return TrainState(jnp.zeros((), jnp.int32), params, optimizer.init(params), average)


def make_loss(config: TrainConfig, architecture: str, phase: Phase) -> LossFunction:
    """`(params, frozen, batch, step) -> (loss, metrics)`.

    Args:
        config: the recipe.
        architecture: of the frozen model, whose encoder is that of the losses.
        phase: "reconstruction" inverts the encoder, "style" is the paper's training.

    A batch holds `content`, images (N, H, W, 3), and `style`, likewise, or in its place, or beside
    it for a network with an encoder of its own, `style_stats`, the `tap_stats` of the styles.
    """
    network_architecture = config.architecture(architecture)
    concatenates = ARCHITECTURES[network_architecture].concatenates
    told = ARCHITECTURES[network_architecture].told
    layers = dict(zip(TAPS, config.content_layers, strict=True))
    layers = {name: weight for name, weight in layers.items() if weight or name == _TARGET}
    dtype = jnp.dtype(config.compute)

    def models(params: Params, frozen: Params) -> tuple[Model, Model]:
        return (
            Model(frozen, architecture, ""),
            Model({**frozen, **params}, network_architecture, ""),
        )

    def reconstruct(params: Params, frozen: Params, batch: Batch, _) -> tuple[jax.Array, Metrics]:
        vgg, network = models(params, frozen)
        images = to_float(batch["content"]).astype(dtype)
        features = network.encode(images)
        inputs = _concatenate(features, features) if concatenates else features
        inputs = {**inputs, **_tell({name: features[name] for name in told})}
        loss = reconstruction_loss(network.decode(inputs), images)
        metrics = {"reconstruction_loss": loss}
        if config.feature_weight:
            metrics["feature_loss"] = feature_loss(features, vgg.taps(images))
            loss += config.feature_weight * metrics["feature_loss"]
        return loss, {"loss": loss, **metrics}

    def stylize(params: Params, frozen: Params, batch: Batch, step) -> tuple[jax.Array, Metrics]:
        if config.freeze_encoder:
            params = {**params, "encoder": jax.lax.stop_gradient(params["encoder"])}
        vgg, network = models(params, frozen)
        contents = to_float(batch["content"]).astype(dtype)
        styles = to_float(batch["style"]).astype(dtype) if "style" in batch else None
        known = "style_stats" in batch
        taps, style_taps = _encode(vgg, contents, None if known else styles)
        if style_taps is None:
            stats: TapStats = batch["style_stats"]
        else:
            assert styles is not None
            stats = tap_stats({PIXELS: styles, **style_taps})
        targets = {name: adain(taps[name], *stats[name], ddof=1) for name in layers}
        if "encoder" in params:  # a network with features of its own
            assert styles is not None
            features = network.encode(contents)
            transferred = transfer(features, statistics(network.encode(styles)))
        elif concatenates:
            assert styles is not None
            features = {_TARGET: taps[_TARGET]}
            transferred = _concatenate(features, style_taps or vgg.encode(styles))
        else:
            features = {_TARGET: taps[_TARGET]}
            transferred = {_TARGET: targets[_TARGET]}
            transferred |= {name: Told.of(*stats[name]) for name in told}
        images = network.decode(transferred)

        output = vgg.taps(images)
        content = sum(
            (weight * content_loss(output[name], targets[name]) for name, weight in layers.items()),
            jnp.zeros((), jnp.float32),
        )
        styled = style_loss(
            output, stats, layers=config.style_layers, reduction=config.style_reduction
        )
        metrics = {"content_loss": content, "style_loss": styled}
        loss = config.content_weight * content + _style_weight(config, step) * styled
        if config.tv_weight:
            metrics["tv_loss"] = total_variation(images)
            loss += config.tv_weight * metrics["tv_loss"]
        if config.gram_weight:
            assert style_taps is not None
            metrics["gram_loss"] = gram_loss(output, gram_matrices(style_taps))
            loss += config.gram_weight * metrics["gram_loss"]
        if config.teacher_weight:
            told_it = {name: Told.of(*stats[name]) for name in ARCHITECTURES[architecture].told}
            teacher = jnp.clip(vgg.decode({_TARGET: targets[_TARGET], **told_it}), 0, 1)
            metrics["teacher_loss"] = reconstruction_loss(images, jax.lax.stop_gradient(teacher))
            loss += config.teacher_weight * metrics["teacher_loss"]
        if config.identity_weight:  # in its own statistics, AdaIN changes nothing
            same = _corner(_concatenate(features, features) if concatenates else features)
            same |= _tell({name: contents if name == PIXELS else taps[name] for name in told})
            images = network.decode(same)
            height, width = images.shape[1:3]
            metrics["identity_loss"] = content_loss(images, contents[:, :height, :width])
            loss += config.identity_weight * metrics["identity_loss"]
        return loss, {"loss": loss, **metrics}

    return reconstruct if phase == "reconstruction" else stylize


def make_step(
    config: TrainConfig,
    architecture: str,
    optimizer: optax.GradientTransformation,
    phase: Phase,
    axis_name: str | None = None,
) -> StepFunction:
    """The step of one device, `(state, frozen, batch) -> (state, metrics)`, not yet compiled.

    Args:
        config: the recipe.
        architecture: of the frozen model, whose weights are the step's argument.
        optimizer: from `make_optimizer`.
        phase: as in `make_loss`.
        axis_name: of the devices over which gradients and metrics are averaged.
    """
    gradient_function = jax.grad(make_loss(config, architecture, phase), has_aux=True)

    def step(state: TrainState, frozen: Params, batch: Batch) -> tuple[TrainState, Metrics]:
        def gradients_of(batch: Batch) -> tuple[Params, Metrics]:
            return gradient_function(state.params, frozen, batch, state.step)

        gradients, metrics = _mean_over_parts(gradients_of, batch, config.accumulate)
        if axis_name:
            gradients, metrics = jax.lax.pmean((gradients, metrics), axis_name)
        metrics["gradient_norm"] = optax.tree.norm(gradients)
        with lenient_promotion():
            updates, opt_state = optimizer.update(gradients, state.optimizer, state.params)
        params: Params = optax.apply_updates(state.params, updates)  # type: ignore[assignment]
        if config.freeze_encoder and phase == "style":  # which Adam's momentum would still move
            params = {**params, "encoder": state.params["encoder"]}
        average = state.average
        if config.ema_decay:
            # A plain mean at first, so that the random start is soon forgotten.
            count = state.step.astype(jnp.float32) + 1
            keep = jnp.minimum(config.ema_decay, (count - 1) / count)
            average = jax.tree.map(lambda a, x: keep * a + (1 - keep) * x, average, params)
        return TrainState(state.step + 1, params, opt_state, average), metrics

    return step


def _mean_over_parts(function: Callable[[Batch], Any], batch: Batch, parts: int) -> Any:
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


def _encode(
    model: Model, contents: jax.Array, styles: jax.Array | None
) -> tuple[Features, Features | None]:
    """All maps of the contents and of the styles, in one batch if they fit."""
    if styles is None:
        return model.taps(contents), None
    if contents.shape != styles.shape:
        return model.taps(contents), model.taps(styles)
    taps = model.taps(jnp.concatenate([contents, styles]))
    count = contents.shape[0]
    return {name: x[:count] for name, x in taps.items()}, {
        name: x[count:] for name, x in taps.items()
    }


def _concatenate(content: Features, style: Features) -> Features:
    """What a decoder takes that has the style's map itself, not its statistics."""
    return {_TARGET: jnp.concatenate([content[_TARGET], style[_TARGET]], -1)}


def _tell(maps: Features) -> dict[str, Told]:
    """What a decoder is told of a photograph that shall keep its own style."""
    return {name: Told.of(*stats) for name, stats in tap_stats(maps).items()}


def _corner(features: Features) -> dict[str, jax.Array]:
    """The upper left quarter of all maps: enough to learn from, at a quarter of the price."""
    smallest = min(x.shape[1:3] for x in features.values())
    height, width = (max(side // 2, 1) for side in smallest)
    return {
        name: x[:, : height * x.shape[1] // smallest[0], : width * x.shape[2] // smallest[1]]
        for name, x in features.items()
    }


def _style_weight(config: TrainConfig, step: ArrayLike) -> jax.Array:
    warmup = max(config.style_warmup_steps, 1)
    steps = jnp.asarray(step, jnp.float32) - config.reconstruction_steps + 1
    return config.style_weight * (0.1 + 0.9 * jnp.clip(steps / warmup, 0, 1))
