"""The colour modes: a picture has the colours of the style or of the photograph."""

from collections.abc import Callable
from types import ModuleType

import jax.numpy as jnp

from adain_jax.ops.color import coral, match_histogram
from adain_jax.ops.pixels import to_float
from adain_jax.ops.shapes import AnyArray

_RECOLORINGS: dict[str, Callable[..., AnyArray]] = {"coral": coral, "histogram": match_histogram}
COLORS = ("style", "luminance", *_RECOLORINGS)
_ENOUGH = 1 << 20  # the number of pixels that suffice to know the colours of a photograph


def check_color(color: str) -> str:
    """Return `color`, or raise a `ValueError` that names the modes."""
    if color not in COLORS:
        raise ValueError(f"color is one of {', '.join(COLORS)}, not {color!r}")
    return color


def recolors(color: str) -> bool:
    """Whether this mode changes the image of the style, and so needs an image."""
    return color in _RECOLORINGS


def recolor(style: AnyArray, content: AnyArray, color: str, *, xp: ModuleType = jnp) -> AnyArray:
    """Give the image of a style the colours of a content: float32 (H, W, 3) in [0, 1].

    A content of more than a megapixel is subsampled: every second, third, ... pixel of both axes.

    Args:
        style: the image of the style, (H, W, 3), uint8 or floating in [0, 1].
        content: the content, (H', W', 3), uint8 or floating in [0, 1].
        color: a mode for which `recolors` is true.
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
