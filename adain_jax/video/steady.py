"""Frames in sequence, with smoothed statistics: pure functions, for `jit` and `scan`."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from adain_jax.inference.render import make_picture
from adain_jax.inference.request import Request
from adain_jax.model import Model
from adain_jax.ops.statistics import ChannelStats
from adain_jax.video import cuts

_LEAST = 0.05  # share that a new frame's statistics have at least


class State(NamedTuple):
    """The state that passes from one frame to the next: a pytree.

    Attributes:
        seen: the state of the detection of cuts.
        stats: the smoothed statistics of the content: (C,), or with masks (K, C).
    """

    seen: cuts.Seen
    stats: ChannelStats


def begin(model: Model, request: Request) -> State:
    """The state before the first frame. `request` may be that of any frame of the clip."""
    _, stats = jax.eval_shape(_rendered, model, request, None, 1.0)
    return State(cuts.nothing(), jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), stats))


def step(model: Model, request: Request, state: State, calm: ArrayLike) -> tuple[State, jax.Array]:
    """Make the picture of the next frame, and the next state.

    Works inside `jit` and `scan`. After a cut, previous frames have no influence.

    Args:
        model: makes the picture.
        request: the request for the frame, (H, W, 3).
        state: from `begin`, or from the previous frame.
        calm: from 0 (each frame by itself) to 1.

    >>> import adain_jax, numpy as np
    >>> from dataclasses import replace
    >>> from adain_jax.inference.request import ask
    >>> clip = np.zeros((3, 16, 24, 3), np.uint8)
    >>> model = adain_jax.load("fast")
    >>> request = ask(model, clip[0], clip[0])
    >>> def body(state, frame):
    ...     return step(model, replace(request, content=frame), state, 0.8)
    >>> state, pictures = jax.lax.scan(body, begin(model, request), clip)
    >>> pictures.shape
    (3, 16, 24, 3)
    """
    seen, cut = cuts.look(state.seen, request.content)
    picture, stats = render_after(model, request, state.stats, share(cut, calm))
    return State(seen, stats), picture


def share(cut: ArrayLike, calm: ArrayLike) -> jax.Array:
    """The share of a new frame's statistics in the smoothed ones."""
    new = jnp.maximum(1 - jnp.asarray(calm, jnp.float32), _LEAST)
    return jnp.where(jnp.asarray(cut) | (jnp.asarray(calm) == 0), jnp.float32(1), new)


@jax.jit
def render_after(
    model: Model, request: Request, before: ChannelStats | None, share: jax.Array | np.float32
) -> tuple[jax.Array, ChannelStats]:
    """Make a picture with smoothed statistics of the content; return the statistics, too."""
    return _rendered(model, request, before, share)


def mixed(
    own: ChannelStats, before: ChannelStats | None, share: jax.Array | np.float32
) -> ChannelStats:
    """Blend the statistics of a frame with those before it, by the frame's share."""
    if before is None:
        return own
    # Not as a sum of shares: before the first frame there are none, and at 1 it is exact.
    return ChannelStats(
        *(jnp.where(share < 1, b + share * (a - b), a) for a, b in zip(own, before, strict=True))
    )


def _rendered(
    model: Model, request: Request, before: ChannelStats | None, share: jax.Array | np.float32
) -> tuple[jax.Array, ChannelStats]:
    kept: list[ChannelStats] = []

    def statistics(own: ChannelStats) -> ChannelStats:
        kept.append(mixed(own, before, share))
        return kept[0]

    picture = make_picture(model, request, None, statistics)
    return picture, kept[0]
