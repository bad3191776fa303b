"""The mean losses of a method over pairs of photographs and paintings."""

from collections.abc import Callable, Sequence

import jax
import numpy as np

from adain_jax.evaluation.losses import PictureLosses, picture_losses
from adain_jax.model import Model

# (photograph, painting, index of the photograph, index of the painting) -> picture. Images are
# uint8 (H, W, 3).
Method = Callable[[np.ndarray, np.ndarray, int, int], np.ndarray | jax.Array]


def mean_losses(
    model: Model,
    method: Method,
    contents: np.ndarray,
    styles: np.ndarray,
    pairs: Sequence[tuple[int, int]],
) -> PictureLosses:
    """The mean losses over pairs of indices.

    The style loss is summed over channels, as in the paper's code.
    """
    rows = [
        picture_losses(
            model,
            method(contents[i], styles[j], i, j),
            contents[i],
            styles[j],
            reduction="sum",
        )
        for i, j in pairs
    ]
    return PictureLosses(*(float(x) for x in np.mean(np.asarray(rows), 0)))
