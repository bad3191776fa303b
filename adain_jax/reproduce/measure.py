"""The paper's losses of finished pictures."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from adain_jax.model import Model
from adain_jax.ops.losses import content_loss, style_loss, tap_stats
from adain_jax.ops.pixels import to_float
from adain_jax.ops.statistics import adain

# Photograph, painting, both uint8 (H, W, 3), their places in their lists -> picture.
Method = Callable[[np.ndarray, np.ndarray, int, int], np.ndarray | jax.Array]
NAMES = ("style loss", "content loss", "loss to AdaIN's target")


def losses(model: Model, picture: np.ndarray, content: np.ndarray, style: np.ndarray) -> np.ndarray:
    """`NAMES` of a picture: float (H, W, 3) in [0, 1], of a photograph and a painting.

    The style loss is summed over channels, as in the paper's code; the content loss is the mean
    squared distance of relu4_1 to the photograph's, and to AdaIN's result.
    """
    return np.asarray(_losses(model, jnp.asarray(picture), jnp.asarray(content), style))


def mean_losses(
    model: Model,
    method: Method,
    contents: np.ndarray,
    styles: np.ndarray,
    pairs: Sequence[tuple[int, int]],
) -> np.ndarray:
    """The means of `losses` over pairs of places."""
    rows = [
        losses(model, np.asarray(method(contents[i], styles[j], i, j)), contents[i], styles[j])
        for i, j in pairs
    ]
    return np.mean(rows, 0)


def pairs_of(contents: int, styles: int, count: int) -> list[tuple[int, int]]:
    """At most so many different pairs that use all about equally often.

    >>> pairs_of(2, 3, 4)
    [(0, 0), (1, 1), (0, 2), (1, 0)]
    """
    every = [(k % contents, (k + k // np.lcm(contents, styles)) % styles)
             for k in range(contents * styles)]  # fmt: skip
    return [(int(i), int(j)) for i, j in every[:count]]


@jax.jit
def _losses(model: Model, picture: jax.Array, content: jax.Array, style: jax.Array) -> jax.Array:
    taps, photo, stats = (
        model.taps(to_float(picture)[None]),
        model.encode(to_float(content)[None])["relu4_1"],
        tap_stats(model.taps(to_float(style)[None])),
    )
    target = adain(photo, *stats["relu4_1"], ddof=1)
    return jnp.stack(
        [
            style_loss(taps, stats, reduction="sum"),
            content_loss(taps["relu4_1"], photo),
            content_loss(taps["relu4_1"], target),
        ]
    )
