"""Exports a model's two programs as StableHLO, by `jax.export`."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
from jax import export
from jax.tree_util import keystr

from adain_jax.export.options import Options, kept
from adain_jax.inference.render import make_picture
from adain_jax.inference.request import Request
from adain_jax.model import Model, Style
from adain_jax.model.transfer import statistics
from adain_jax.networks import ARCHITECTURES
from adain_jax.ops.pixels import to_float

PLATFORMS = ("cpu", "cuda", "tpu")


def style_program(model: Model, options: Options) -> bytes:
    """The program from images (N, H, W, 3) to a dictionary of `mean` and `std`, (N, C) float32."""

    def style(model: Model, image: jax.Array) -> dict[str, jax.Array]:
        stats = statistics(model.style_maps(to_float(image).astype(options.compute)))
        return {"mean": stats.mean, "std": stats.std}

    return _exported(style, model, ("encoder",), options, _image(options))


def stylize_program(model: Model, options: Options) -> bytes:
    """The program from images, `mean` and `std` (N, C), and strengths (N,) to pictures.

    Images and pictures are (N, H, W, 3), of the same dtype.
    """

    def stylize(
        model: Model, image: jax.Array, mean: jax.Array, std: jax.Array, strength: jax.Array
    ) -> jax.Array:
        return make_picture(model, Request(image, Style(mean, std, model.fingerprint), strength))

    image = _image(options)
    stats = jax.ShapeDtypeStruct((image.shape[0], sum(model.channels)), jnp.float32)
    strength = jax.ShapeDtypeStruct(image.shape[:1], jnp.float32)
    parts = tuple(part for part in model.params if part != "encoder" or not _has_own(model))
    return _exported(stylize, model, parts, options, image, stats, stats, strength)


def _image(options: Options) -> jax.ShapeDtypeStruct:
    sides = export.symbolic_shape("batch, height, width")
    return jax.ShapeDtypeStruct((*sides, 3), jnp.dtype(options.images))


def _has_own(model: Model) -> bool:
    """Whether the network has its own encoder of contents, and the VGG encodes only styles."""
    return ARCHITECTURES[model.architecture].content is not None


def _exported(
    function: Callable,
    model: Model,
    parts: Sequence[str],
    options: Options,
    *shapes: jax.ShapeDtypeStruct,
) -> bytes:
    """Export a function of a model and of arrays of these shapes.

    `parts` are the parts of the model's parameters that the program contains.
    """
    weights = jax.tree_util.tree_map_with_path(
        lambda path, x: kept(keystr(path, simple=True, separator="."), x, options.dtype),
        {part: model.params[part] for part in parts},
    )

    def program(*arguments: jax.Array) -> object:
        # Cast within the program, so that the file has the weights in their dtype `options.dtype`.
        params = jax.tree.map(lambda x: jnp.asarray(x).astype(options.compute), weights)
        return function(replace(model, params=params), *arguments)

    made = export.export(jax.jit(program), platforms=PLATFORMS)(*shapes)
    return bytes(made.serialize())
