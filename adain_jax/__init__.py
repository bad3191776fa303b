"""Arbitrary style transfer in real time (Huang & Belongie, ICCV 2017) in JAX and Flax."""

from adain_jax.inference.tiling import stylize_tiled
from adain_jax.model.model import Model
from adain_jax.model.style import Style
from adain_jax.stylize import load, stylize, stylize_batch
from adain_jax.version import __version__

__all__ = ["Model", "Style", "__version__", "load", "stylize", "stylize_batch", "stylize_tiled"]
