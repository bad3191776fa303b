"""Arbitrary style transfer in real time (Huang & Belongie, ICCV 2017) in JAX and Flax."""

from adain_jax.runtime import start

start.stop_quietly()  # what follows takes a second to import

from adain_jax.augment import random_style
from adain_jax.inference.plan import Bucketed, Tiled, Whole
from adain_jax.model import Model, Style
from adain_jax.stylize import encode_style, load, stylize, stylize_many
from adain_jax.version import __version__

__all__ = [
    "Bucketed",
    "Model",
    "Style",
    "Tiled",
    "Whole",
    "__version__",
    "encode_style",
    "load",
    "random_style",
    "stylize",
    "stylize_many",
]
