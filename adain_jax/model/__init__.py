"""The model, a network with its weights, and the styles that it makes."""

from adain_jax.model.model import Model
from adain_jax.model.style import Style

__all__ = ["Model", "Style"]
