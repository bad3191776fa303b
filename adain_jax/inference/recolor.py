"""Whose colours a picture has: the style's, or the photograph's."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from adain_jax.ops.color import coral, match_histogram

_RECOLORINGS: dict[str, Callable[..., Any]] = {"coral": coral, "histogram": match_histogram}
COLORS = ("style", "luminance", *_RECOLORINGS)


def check_color(color: str) -> str:
    """`color`, or a `ValueError` that names the modes there are."""
    if color not in COLORS:
        raise ValueError(f"color is one of {', '.join(COLORS)}, not {color!r}")
    return color


def recolors(color: str) -> bool:
    """Whether this mode changes the style's image, and so must be given one."""
    return color in _RECOLORINGS


def recolor(style: ArrayLike, content: ArrayLike, color: str, *, xp: Any = jnp) -> Any:
    """A style's image with the colours of a content: float (H, W, 3), clipped to [0, 1].

    Both are floating in [0, 1]; `color` is a mode that `recolors`; `xp` as in `ops.color`.
    """
    return xp.clip(_RECOLORINGS[color](style, content, xp=xp), 0, 1)


@partial(jax.jit, static_argnums=2)
def recolor_each(styles: jax.Array, contents: jax.Array, color: str) -> jax.Array:
    """`recolor` for batches (N, H, W, 3), of which one may be of one image, for all of the other.

    >>> import jax
    >>> contents = jax.random.uniform(jax.random.key(0), (4, 8, 8, 3))
    >>> recolor_each(jnp.ones((1, 5, 6, 3)), contents, "coral").shape
    (4, 5, 6, 3)
    """
    count = max(len(styles), len(contents))
    styles, contents = (jnp.broadcast_to(x, (count, *x.shape[1:])) for x in (styles, contents))
    return jax.vmap(partial(recolor, color=color))(styles, contents)
