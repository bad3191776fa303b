"""A model's ONNX graphs: from an image to its style, and from an image and a style to a picture."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from onnx import ModelProto

from adain_jax.export.graph import Graph, Value
from adain_jax.export.layers import Layers, Map, Stats, Told
from adain_jax.export.options import Options
from adain_jax.model import Model
from adain_jax.networks import ARCHITECTURES, PIXELS, TAPS, Decoder
from adain_jax.networks.decoder import LEVELS
from adain_jax.networks.fast import LARGEST, FastDecoder
from adain_jax.networks.params import Params

_IMAGES = ["batch", "height", "width", 3]


def style_graph(model: Model, options: Options) -> ModelProto:
    """The graph from `image` (N, H, W, 3) to its style, `mean` and `std`: a `ModelProto`.

    The statistics are (N, C) float32.
    """
    graph = Graph(options.dtype, options.compute)
    layers, params = Layers(graph), _arrays(model)
    image = layers.image(graph.input("image", options.images, _IMAGES), options.images)
    maps = _vgg(layers, image, params["encoder"], _depths(model))
    stats = layers.join([layers.statistics(x) for x in maps.values()])
    for name, value in stats._asdict().items():
        graph.output(name, value, "float32", ["batch", sum(model.channels)])
    return graph.model("style")


def stylize_graph(model: Model, options: Options) -> ModelProto:
    """The graph from `image`, `mean`, `std` and `strength` (S,) to `picture`: a `ModelProto`.

    The numbers of images, of styles and of strengths are 1, or the number of pictures.
    """
    graph = Graph(options.dtype, options.compute)
    photos = graph.input("image", options.images, _IMAGES)
    style, strength = _asked(graph, model)
    layers = Layers(graph, strength)
    maps = _content_maps(layers, layers.image(photos, options.images), model)
    own = {name: layers.statistics(maps[name]) for name in _used(model)}
    y = _styled(layers, model, maps, own, style)
    _put_out(layers.picture(y, photos, options.images), graph, options)
    return graph.model("stylize")


def content_graph(model: Model, options: Options) -> ModelProto:
    """The graph from `image` (N, H, W, 3) to the inputs of `picture_graph`: a `ModelProto`.

    These are the maps that the decoder uses, (N, C, h, w), by their names, and `content_mean` and
    `content_std`, (N, C), the statistics of these maps and of those that condition the decoder.
    """
    graph = Graph(options.dtype, options.compute)
    layers = Layers(graph)
    image = layers.image(graph.input("image", options.images, _IMAGES), options.images)
    maps, channels = _content_maps(layers, image, model), _channels(model)
    for name in ARCHITECTURES[model.architecture].levels:
        graph.output(name, maps[name].value, options.compute, _shape(name, channels[name]))
    own = layers.join([layers.statistics(maps[name]) for name in _used(model)])
    told = sum(channels[name] for name in _used(model))
    for name, value in own._asdict().items():
        graph.output(f"content_{name}", value, "float32", ["batch", told])
    return graph.model("content")


def picture_graph(model: Model, options: Options) -> ModelProto:
    """The graph from the outputs of `content_graph`, `mean`, `std` and `strength` to `picture`.

    The two graphs do the same as `stylize_graph`, for many styles and strengths of one image. The
    sides of pictures are multiples of the maps' cells: crop them to the image, at the right and at
    the bottom. Returns a `ModelProto`.
    """
    graph, channels = Graph(options.dtype, options.compute), _channels(model)
    given = {
        name: graph.input(name, options.compute, _shape(name, channels[name]))
        for name in ARCHITECTURES[model.architecture].levels
    }
    told = [channels[name] for name in _used(model)]
    names = ("content_mean", "content_std")
    own = Stats(*(graph.input(name, "float32", ["batch", sum(told)]) for name in names))
    style, strength = _asked(graph, model)
    layers = Layers(graph, strength)
    maps = {name: layers.given(value, _stride(model, name)) for name, value in given.items()}
    parts = dict(zip(_used(model), layers.split(own, told), strict=True))
    y = _styled(layers, model, maps, parts, style)
    _put_out(layers.picture(y, None, options.images), graph, options)
    return graph.model("picture")


def _put_out(picture: Value, graph: Graph, options: Options) -> None:
    graph.output("picture", picture, options.images, ["pictures", *_IMAGES[1:]])


def _asked(graph: Graph, model: Model) -> tuple[Stats, Value]:
    """Add the inputs of the style and the strength; the strength is returned as (S, 1)."""
    channels = sum(model.channels)
    style = Stats(*(graph.input(name, "float32", ["styles", channels]) for name in ("mean", "std")))
    strength = graph.input("strength", "float32", ["strengths"])
    return style, graph.node("Unsqueeze", strength, graph.constant([1]))


def _content_maps(layers: Layers, image: Map, model: Model) -> dict[str, Map]:
    """Add the encoder of contents; return the maps by name, in the order of `_channels`."""
    params = _arrays(model)
    if ARCHITECTURES[model.architecture].content is None:
        return _vgg(layers, image, params["encoder"], _depths(model))
    return _fast_maps(layers, image, params["content"])


def _styled(
    layers: Layers, model: Model, maps: Mapping[str, Map], own: Mapping[str, Stats], style: Stats
) -> Map:
    """Add the layers from a content's maps, their statistics and a style to the picture's map."""
    architecture, params = ARCHITECTURES[model.architecture], _arrays(model)
    if architecture.content is not None:
        style = layers.project(style, params["projection"], "projection", LARGEST)
    channels = _channels(model)
    parts = zip(channels, layers.split(style, list(channels.values())), strict=True)
    told = {name: Told(own[name], given) for name, given in parts if name in own}
    features = {name: layers.adain(maps[name], told[name]) for name in architecture.levels}
    decoder = architecture.decoder
    if isinstance(decoder, Decoder):
        return _decoded(layers, decoder, features, told, params["decoder"])
    return _fast_decoded(layers, decoder, features, told, params["decoder"])


def _channels(model: Model) -> dict[str, int]:
    """The channels of a content's maps by name.

    The maps are the pixels and the taps, or those of the network's own encoder of contents.
    """
    if ARCHITECTURES[model.architecture].content is None:
        return dict(zip((PIXELS, *TAPS), model.channels, strict=True))
    layers = model.params["content"]
    names = [f"conv{block}_2" for block in range(1, len(layers) // 2 + 1)]
    return {name: len(layers[name]["bias"]) for name in names}


def _used(model: Model) -> list[str]:
    """The names of the maps whose statistics are needed, in the order of `_channels`."""
    architecture = ARCHITECTURES[model.architecture]
    used = {*architecture.levels, *architecture.told}
    return [name for name in _channels(model) if name in used]


def _stride(model: Model, name: str) -> int:
    """The side of a map's cell in pixels; an own encoder of contents begins at half the size."""
    place = list(_channels(model)).index(name)
    own = ARCHITECTURES[model.architecture].content is not None
    return 2 ** (place + 1 if own else max(place - 1, 0))


def _shape(name: str, channels: int) -> list[str | int]:
    return ["batch", channels, f"{name}_height", f"{name}_width"]


def _arrays(model: Model) -> Params:
    return jax.tree.map(np.asarray, model.params)


def _depths(model: Model) -> tuple[int, ...]:
    return tuple(ARCHITECTURES[model.architecture].encoder.depths)


def _vgg(layers: Layers, x: Map, params: Params, depths: tuple[int, ...]) -> dict[str, Map]:
    """Add `networks.encoder.Encoder`; return the pixels and the taps by name."""
    maps, pooled = {PIXELS: x}, True
    for block, depth in enumerate(depths, start=1):
        x = x if pooled else layers.pooled(x)
        for layer in range(1, depth + 1):
            name, pooled = f"conv{block}_{layer}", 1 < layer == depth
            x = layers.convolve(x, params[name], f"encoder.{name}", pool=pooled)
            if layer == 1:
                maps[f"relu{block}_1"] = x
    return maps


def _fast_maps(layers: Layers, x: Map, params: Params) -> dict[str, Map]:
    """Add `networks.fast.FastEncoder`; return its maps by name."""
    x, maps = layers.folded(x), {}
    for block in range(1, len(params) // 2 + 1):
        if block > 1:
            x = layers.relu(layers.pooled(x))
        for layer in (1, 2):
            name = f"conv{block}_{layer}"
            x = layers.convolve(x, params[name], f"content.{name}", relu=layer == 1)
        maps[name] = x
    return maps


def _decoded(
    layers: Layers,
    decoder: Decoder,
    features: Mapping[str, Map],
    told: Mapping[str, Told],
    params: Params,
) -> Map:
    """Add `networks.decoder.Decoder`."""
    x = features[TAPS[-1]]
    for block in range(len(decoder.depths), 0, -1):
        for layer in range(decoder.depths[block - 1], 0, -1):
            name = f"conv{block}_{layer}"
            up, last = decoder.upsampling.get(name), name == "conv1_1"
            key = f"decoder.{name}"
            x = layers.convolve(x, params[name], key, relu=not last, upsample=up)
            tap = f"relu{block}_1"
            if up and tap in decoder.bridges:
                x = layers.bridge(x, features[tap], params[f"{name}_bridge"], f"{key}_bridge")
            if f"{name}_film" in params:
                level = 0 if last else block
                finer = reversed(LEVELS[max(level - 1, 0) : level + 1])
                film = params[f"{name}_film"]
                x = layers.film(x, film, f"{key}_film", [told[each] for each in finer])
    return x


def _fast_decoded(
    layers: Layers,
    decoder: FastDecoder,
    features: Mapping[str, Map],
    told: Mapping[str, Told],
    params: Params,
) -> Map:
    """Add `networks.fast.FastDecoder`."""

    def convolve(x: Map, name: str, **options: Any) -> Map:
        return layers.convolve(x, params[name], f"decoder.{name}", **options)

    def film(x: Map, name: str, level: str, pixels: int = 1) -> Map:
        names = [level, *(key for key in sorted(told) if key != level)]
        film = params[f"{name}_film"]
        return layers.film(x, film, f"decoder.{name}_film", [told[key] for key in names], pixels)

    deepest = len(decoder.widths)
    name = f"conv{deepest}_2"
    x = features[name]
    x = layers.add(x, convolve(convolve(x, "residual_1"), "residual_2", relu=False))
    x = film(convolve(x, name), name, name)
    for block in range(deepest - 1, 0, -1):
        x = convolve(x, f"conv{block + 1}_1")
        name = f"conv{block}_2"
        x = convolve(x, name, relu=False, upsample=decoder.upsample)
        x = film(layers.relu(layers.add(x, features[name])), name, name)
    return layers.unfolded(film(convolve(x, "conv1_1", relu=False), "conv1_1", name, 4))
