"""What every public function of arrays has, in the manner of dm_pix's own test."""

import inspect
import re

import jax
import jax.numpy as jnp
import pytest

import adain_jax
from adain_jax.ops import (
    color,
    convolution,
    losses,
    pixels,
    resampling,
    statistics,
    strips,
    winograd,
)

ROOMS = (color, convolution, losses, pixels, resampling, statistics, strips, winograd)
FUNCTIONS = [
    function
    for module in ROOMS
    for name, function in vars(module).items()
    if callable(function)
    and not name.startswith("_")
    and not inspect.isclass(function)
    and getattr(function, "__module__", "") == module.__name__
] + [getattr(adain_jax, name) for name in ("stylize", "stylize_many", "encode_style", "load")]
FUNCTIONS.append(adain_jax.random_style)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda x: x.__name__)
def test_a_docstring_with_an_example(function):
    told = inspect.getdoc(function) or ""
    assert ">>> " in told
    if section := re.search(r"^Args:\n((?: .*\n?|\n)+)", told, re.MULTILINE):
        named = re.findall(r"^    (\w+):", section[1], re.MULTILINE)
        assert named == list(inspect.signature(function).parameters)


MAPS, IMAGES = jnp.ones((2, 4, 6, 3)), jnp.full((4, 6, 3), 0.5)
UNDER_JIT = {
    "coral": lambda maps, images: color.coral(images, images),
    "match_histogram": lambda maps, images: color.match_histogram(images, images),
    "keep_chroma": lambda maps, images: color.keep_chroma(images, images),
    "conv3x3": lambda maps, images: convolution.conv3x3(maps, jnp.ones((3, 3, 3, 5))),
    "content_loss": lambda maps, images: losses.content_loss(maps, maps),
    "style_loss": lambda maps, images: losses.style_loss(
        {"relu1_1": maps}, losses.tap_stats({"relu1_1": maps})
    ),
    "gram_loss": lambda maps, images: losses.gram_loss(
        {"relu1_1": maps}, losses.gram_matrices({"relu1_1": maps})
    ),
    "total_variation": lambda maps, images: losses.total_variation(maps),
    "cosine_loss": lambda maps, images: losses.cosine_loss(maps, 2 * maps),
    "mesh_loss": lambda maps, images: losses.mesh_loss(maps, 2),
    "perceptual_loss": lambda maps, images: losses.perceptual_loss({"x": maps}, {"x": 2 * maps}),
    "shift_loss": lambda maps, images: losses.shift_loss(maps, maps[:, ::-1]),
    "reconstruction_loss": lambda maps, images: losses.reconstruction_loss(maps, maps),
    "feature_loss": lambda maps, images: losses.feature_loss({"relu1_1": maps}, {"relu1_1": maps}),
    "to_float": lambda maps, images: pixels.to_float(maps.astype(jnp.uint8)),
    "from_float": lambda maps, images: pixels.from_float(maps, jnp.uint8),
    "upsample": lambda maps, images: resampling.upsample(maps),
    "max_pool": lambda maps, images: resampling.max_pool(maps),
    "space_to_depth": lambda maps, images: resampling.depth_to_space(
        resampling.space_to_depth(maps)
    ),
    "fill_up": lambda maps, images: resampling.fill_up(maps, 8, 1),
    "adain": lambda maps, images: statistics.adain(maps, *statistics.channel_stats(maps)),
    "instance_norm": lambda maps, images: statistics.instance_norm(maps, jnp.ones(3), jnp.zeros(3)),
    "batch_norm": lambda maps, images: statistics.batch_norm(maps, jnp.ones(3), jnp.zeros(3)),
}


@pytest.mark.parametrize("name", UNDER_JIT)
def test_works_under_jit(name):
    """And makes the same of it."""
    at_once, compiled = UNDER_JIT[name](MAPS, IMAGES), jax.jit(UNDER_JIT[name])(MAPS, IMAGES)
    assert jnp.allclose(at_once, compiled, atol=1e-5)
    assert (at_once.shape, at_once.dtype) == (compiled.shape, compiled.dtype)
