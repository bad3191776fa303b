"""The loss of a training, and the description of the images that it needs."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from adain_jax.model import Model
from adain_jax.model.transfer import STRIDE, Features, statistics, transfer
from adain_jax.networks import ARCHITECTURES, PIXELS, TAPS, TOLD
from adain_jax.networks.film import Told
from adain_jax.networks.params import Params
from adain_jax.ops.losses import (
    TapStats,
    content_loss,
    cosine_loss,
    feature_loss,
    gram_loss,
    gram_matrices,
    mesh_loss,
    perceptual_loss,
    reconstruction_loss,
    shift_loss,
    style_loss,
    tap_stats,
    total_variation,
)
from adain_jax.ops.pixels import to_float
from adain_jax.ops.statistics import ChannelStats, adain, channel_stats
from adain_jax.training.config import TrainConfig

_TARGET = TAPS[-1]  # the VGG's map that its decoder takes
_MARGIN = 16  # pixels at the border that `shift_weight` does not compare

Batch = dict[str, Any]
Metrics = dict[str, jax.Array]
Phase = Literal["reconstruction", "style"]
Describe = Callable[[Params, Batch], Batch]
LossFunction = Callable[[Params, Params, Batch, ArrayLike], tuple[jax.Array, Metrics]]


def make_description(config: TrainConfig, architecture: str) -> Describe:
    """A function `(frozen, batch) -> batch` that adds the description that the losses need.

    The description depends on the frozen encoder alone, so it can be kept for other steps. It is
    computed unless it is in the batch. That of `content` is `maps`, the maps of the VGG that the
    content loss or a decoder uses, and `content_stats`, the statistics that condition the decoder
    when the photograph keeps its style, or from which a projection learns. That of `style` is
    `style_stats`, the statistics of pixels and taps, with `style_grams` and `style_map` if the
    recipe needs them.

    Args:
        config: the recipe.
        architecture: the architecture of the frozen model.
    """
    trained = ARCHITECTURES[config.architecture(architecture)]
    layers = {name for name, weight in zip(TAPS, config.content_layers, strict=True) if weight}
    decoded = () if trained.content else trained.levels
    taught = ARCHITECTURES[architecture].levels if config.teacher_weight else ()
    compared = TAPS if config.cosine_weight else ()
    layers = sorted({*layers, _TARGET, *decoded, *taught, *compared})
    known_of = (PIXELS, *TAPS) if trained.content else trained.told
    dtype = jnp.dtype(config.compute)

    def describe(frozen: Params, batch: Batch) -> Batch:
        vgg = Model(frozen, architecture, "")
        images = {
            kind: to_float(batch[kind]).astype(dtype)
            for kind, known in (("content", "maps"), ("style", "style_stats"))
            if kind in batch and known not in batch
        }
        taps, known = _taps(vgg, images), dict(batch)
        if "content" in images:
            known["maps"] = {name: taps["content"][name] for name in layers}
            maps = {PIXELS: images["content"], **taps["content"]}
            known["content_stats"] = tap_stats({name: maps[name] for name in known_of})
        if "style" in images:
            maps = taps["style"]
            known["style_stats"] = tap_stats({PIXELS: images["style"], **maps})
            if config.gram_weight:
                known["style_grams"] = gram_matrices(maps)
            if trained.concatenates:
                known["style_map"] = maps[_TARGET]
        return known

    return describe


def make_loss(config: TrainConfig, architecture: str, phase: Phase) -> LossFunction:
    """The loss, a function `(params, frozen, batch, position) -> (loss, metrics)`.

    A batch holds `content` and `style`, images (N, H, W, 3). It may also hold their description by
    `make_description`; with a description, `style` itself is not needed. `position` is the position
    on the schedules, in steps.

    Args:
        config: the recipe.
        architecture: the architecture of the frozen model, whose encoder the losses use.
        phase: "reconstruction" inverts the encoder, "style" is the paper's training.
    """
    network_architecture = config.architecture(architecture)
    trained = ARCHITECTURES[network_architecture]
    concatenates, levels, told = trained.concatenates, trained.levels, trained.told
    layers = dict(zip(TAPS, config.content_layers, strict=True))
    layers = {name: weight for name, weight in layers.items() if weight or name == _TARGET}
    describe = make_description(config, architecture)
    dtype = jnp.dtype(config.compute)

    def models(params: Params, frozen: Params) -> tuple[Model, Model]:
        return (
            Model(frozen, architecture, ""),
            Model({**frozen, **params}, network_architecture, ""),
        )

    def own_stats(features: Features, batch: Batch) -> TapStats:
        """The statistics that condition the decoder when a photograph keeps its style."""
        if trained.content:
            return {name: channel_stats(features[name]) for name in told}
        return {name: batch["content_stats"][name] for name in told}

    def reconstruct(params: Params, frozen: Params, batch: Batch, _) -> tuple[jax.Array, Metrics]:
        vgg, network = models(params, frozen)
        images = to_float(batch["content"]).astype(dtype)
        batch = describe(frozen, {k: v for k, v in batch.items() if k != "style"})
        if trained.content:
            features = network.encode(images)
        else:
            features = {name: batch["maps"][name].astype(dtype) for name in levels}
        inputs = _concatenate(features, features) if concatenates else features
        inputs = {**inputs, **_tell(own_stats(features, batch))}
        loss = reconstruction_loss(network.decode(inputs), images)
        metrics = {"reconstruction_loss": loss}
        if trained.content:  # the projection learns its statistics from those of the VGG
            targets = network.targets(_joined(batch["content_stats"]))
            own = jax.lax.stop_gradient(statistics(features))
            metrics["statistics_loss"] = content_loss(targets.mean, own.mean)
            metrics["statistics_loss"] += content_loss(jnp.log(targets.std), jnp.log(own.std))
            loss += metrics["statistics_loss"]
        if config.feature_weight:
            metrics["feature_loss"] = feature_loss(features, vgg.taps(images))
            loss += config.feature_weight * metrics["feature_loss"]
        return loss, {"loss": loss, **metrics}

    def stylize(
        params: Params, frozen: Params, batch: Batch, position: ArrayLike
    ) -> tuple[jax.Array, Metrics]:
        if config.freeze_encoder:
            params = {**params, "content": jax.lax.stop_gradient(params["content"])}
        vgg, network = models(params, frozen)
        batch = describe(frozen, batch)
        contents = to_float(batch["content"]).astype(dtype)
        maps = {name: x.astype(dtype) for name, x in batch["maps"].items()}
        stats: TapStats = batch["style_stats"]
        targets = {name: adain(x, *stats[name], ddof=1) for name, x in maps.items()}

        def inputs(model: Model, features: Features, stats: TapStats) -> Mapping[str, Any]:
            """The decoder's input, for contents with these features in these styles."""
            kind = ARCHITECTURES[model.architecture]
            if kind.content:
                return transfer(features, model.targets(_joined(stats)), told=kind.told)
            if kind.concatenates:
                return _concatenate(features, {_TARGET: batch["style_map"].astype(dtype)})
            moved = {name: adain(features[name], *stats[name], ddof=1) for name in kind.levels}
            return {**moved, **_tell({name: stats[name] for name in kind.told})}

        if trained.content:
            features = network.encode(contents)
        else:
            features = {name: maps[name] for name in levels}
        images = network.decode(inputs(network, features, stats))

        output = vgg.taps(images)
        content = sum(
            (weight * content_loss(output[name], targets[name]) for name, weight in layers.items()),
            jnp.zeros((), jnp.float32),
        )
        styled = style_loss(
            output, stats, layers=config.style_layers, reduction=config.style_reduction
        )
        metrics = {"content_loss": content, "style_loss": styled}
        loss = config.content_weight * content + _style_weight(config, position) * styled
        if config.cosine_weight:
            angles = [cosine_loss(output[name], targets[name]) for name in TAPS]
            metrics["cosine_loss"] = jnp.stack(angles).sum()
            loss += config.cosine_weight * metrics["cosine_loss"]
        if config.teacher_weight:
            wanted = jax.lax.stop_gradient(vgg.taps(vgg.decode(inputs(vgg, maps, stats))))
            distances = [content_loss(output[name], wanted[name]) for name in TAPS]
            metrics["teacher_loss"] = jnp.stack(distances).sum()
            loss += config.teacher_weight * metrics["teacher_loss"]
        if config.tv_weight:
            metrics["tv_loss"] = total_variation(images)
            loss += config.tv_weight * metrics["tv_loss"]
        if config.mesh_weight:
            metrics["mesh_loss"] = mesh_loss(images, STRIDE)
            loss += config.mesh_weight * metrics["mesh_loss"]
        if config.gram_weight:
            metrics["gram_loss"] = gram_loss(output, batch["style_grams"])
            loss += config.gram_weight * metrics["gram_loss"]
        if config.shift_weight:
            corner = _corner_of_shift(config, position)
            # Every second picture suffices, at half of the cost.
            part, moved = (_cut(x[::2], corner) for x in (contents, images))
            half = jax.tree.map(lambda x: x[::2], stats)
            again = network.decode(inputs(network, network.encode(part), half))
            metrics["shift_loss"] = shift_loss(_inside(again), _inside(moved))
            loss += config.shift_weight * metrics["shift_loss"]
        if config.identity_weight or config.perceptual_weight:
            # With the content's own statistics, AdaIN changes nothing.
            same = _corner(_concatenate(features, features) if concatenates else features)
            images = network.decode({**same, **_tell(own_stats(features, batch))})
            height, width = images.shape[1:3]
            wanted = contents[:, :height, :width]
            metrics["identity_loss"] = content_loss(images, wanted)
            loss += config.identity_weight * metrics["identity_loss"]
            if config.perceptual_weight:
                ours, theirs = vgg.taps(images), vgg.taps(wanted)
                metrics["perceptual_loss"] = perceptual_loss(ours, theirs) + style_loss(
                    ours, tap_stats(theirs), reduction="relative"
                )
                loss += config.perceptual_weight * metrics["perceptual_loss"]
        return loss, {"loss": loss, **metrics}

    return reconstruct if phase == "reconstruction" else stylize


def _taps(model: Model, images: dict[str, jax.Array]) -> dict[str, Features]:
    """The taps of batches by name. Two batches of the same shape are encoded together."""
    shapes = [x.shape for x in images.values()]
    if len(shapes) != 2 or shapes[0] != shapes[1]:
        return {kind: model.taps(x) for kind, x in images.items()}
    taps = model.taps(jnp.concatenate(list(images.values())))
    halves = {name: jnp.split(x, 2) for name, x in taps.items()}
    return {kind: {name: x[i] for name, x in halves.items()} for i, kind in enumerate(images)}


def _concatenate(content: Features, style: Features) -> Features:
    """The input of a decoder that takes the style's map beside the content's, without AdaIN."""
    return {_TARGET: jnp.concatenate([content[_TARGET], style[_TARGET]], -1)}


def _joined(stats: TapStats) -> ChannelStats:
    """Concatenate the statistics of all maps of a style."""
    parts = [stats[name] for name in (PIXELS, *TAPS)]
    return ChannelStats(*(jnp.concatenate(x, -1) for x in zip(*parts, strict=True)))


def _tell(stats: TapStats) -> dict[str, dict[str, Told]]:
    """The input of a decoder that is conditioned on these statistics."""
    return {TOLD: {name: Told.of(*pair) for name, pair in stats.items()}}


def _corner(features: Features) -> dict[str, jax.Array]:
    """The upper left quarter of all maps. It suffices for the loss, at a quarter of the cost."""
    smallest = min(x.shape[1:3] for x in features.values())
    height, width = (max(side // 2, 1) for side in smallest)
    return {
        name: x[:, : height * x.shape[1] // smallest[0], : width * x.shape[2] // smallest[1]]
        for name, x in features.items()
    }


def _corner_of_shift(config: TrainConfig, position: ArrayLike) -> jax.Array:
    """The row and the column, from 0 to 7, by which photographs are moved at this position."""
    key = jax.random.fold_in(jax.random.key(config.seed), jnp.asarray(position).astype(jnp.int32))
    return jax.random.randint(key, (2,), 0, STRIDE)


def _cut(images: jax.Array, corner: jax.Array) -> jax.Array:
    """The part of `images` from `corner` on that is smaller by one cell of the smallest map."""
    number, height, width, channels = images.shape
    zero = jnp.zeros((), corner.dtype)
    return jax.lax.dynamic_slice(
        images,
        (zero, corner[0], corner[1], zero),
        (number, height - STRIDE, width - STRIDE, channels),
    )


def _inside(images: jax.Array) -> jax.Array:
    """The images without their margins, where the padding of convolutions shows."""
    margin = min(_MARGIN, min(images.shape[1:3]) // 4)
    return images[:, margin:-margin, margin:-margin]


def _style_weight(config: TrainConfig, position: ArrayLike) -> jax.Array:
    warmup = max(config.style_warmup_steps, 1)
    steps = jnp.asarray(position, jnp.float32) - config.reconstruction_steps + 1
    return config.style_weight * (0.1 + 0.9 * jnp.clip(steps / warmup, 0, 1))
