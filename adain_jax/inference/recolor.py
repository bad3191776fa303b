"""Whose colours a picture has: the style's, or the photograph's."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from adain_jax.ops.color import coral, match_histogram
from adain_jax.ops.pixels import to_float

_RECOLORINGS: dict[str, Callable[..., Any]] = {"coral": coral, "histogram": match_histogram}
COLORS = ("style", "luminance", *_RECOLORINGS)
_ENOUGH = 1 << 20  # pixels from which a photograph's colours are known


def check_color(color: str) -> str:
    """`color`, or a `ValueError` that names the modes there are."""
    if color not in COLORS:
        raise ValueError(f"color is one of {', '.join(COLORS)}, not {color!r}")
    return color


def recolors(color: str) -> bool:
    """Whether this mode changes the style's image, and so must be given one."""
    return color in _RECOLORINGS


def recolor(style: Any, content: Any, color: str, *, xp: Any = jnp) -> Any:
    """A style's image with the colours of a content: float32 (H, W, 3) in [0, 1].

    Of a content of more than a megapixel every second, third, ... pixel of both axes is looked at.

    Args:
        style: (H, W, 3), uint8 or floating in [0, 1].
        content: (H', W', 3), likewise.
        color: a mode that `recolors`.
        xp: jax.numpy, or numpy.

    >>> import numpy as np
    >>> noise = np.random.default_rng(0).integers(256, size=(2, 8, 8, 3), dtype=np.uint8)
    >>> recolor(*noise, "coral", xp=np).shape
    (8, 8, 3)
    """
    step = 1
    while content.shape[0] * content.shape[1] > _ENOUGH * step * step:
        step += 1
    style, content = to_float(style, xp=xp), to_float(content[::step, ::step], xp=xp)
    return xp.clip(_RECOLORINGS[color](style, content, xp=xp), 0, 1)
