"""The paper's losses of finished pictures."""

from functools import partial
from typing import NamedTuple

import jax
from jax.typing import ArrayLike

from adain_jax.model import Model
from adain_jax.networks import TAPS
from adain_jax.ops.losses import content_loss, style_loss, tap_stats
from adain_jax.ops.pixels import to_float
from adain_jax.ops.statistics import adain


class PictureLosses(NamedTuple):
    """The losses of one picture, or their means over pictures, without weights; scalars.

    Attributes:
        style: the distances of means and deviations from those of the painting (equation 13).
        content: the mean squared distance of relu4_1 from that of the photograph.
        target: the mean squared distance of relu4_1 from the result of AdaIN (equation 12).
    """

    style: jax.Array | float
    content: jax.Array | float
    target: jax.Array | float


def picture_losses(
    vgg: Model, picture: ArrayLike, content: ArrayLike, style: ArrayLike, *, reduction: str = "mean"
) -> PictureLosses:
    """The paper's losses of a picture, given its photograph and its painting.

    Args:
        vgg: the model whose VGG the features come from.
        picture: the picture, (H, W, 3), uint8 or floating in [0, 1].
        content: the photograph, of the same shape, uint8 or floating in [0, 1].
        style: the painting, of any size, uint8 or floating in [0, 1].
        reduction: the reduction of the style loss over channels, as in `style_loss`.

    >>> import adain_jax, numpy as np
    >>> photo, painting = np.random.default_rng(0).random((2, 16, 24, 3), np.float32)
    >>> losses = picture_losses(adain_jax.load("vgg16"), photo, photo, painting)
    >>> float(losses.content) == 0 < float(losses.style)
    True
    """
    return _losses(vgg, picture, content, style, reduction)


@partial(jax.jit, static_argnums=4)
def _losses(
    vgg: Model, picture: jax.Array, content: jax.Array, style: jax.Array, reduction: str
) -> PictureLosses:
    # The results must not depend on the rounding of an accelerator.
    with jax.default_matmul_precision("highest"):
        taps, style_taps = (vgg.taps(to_float(image)[None]) for image in (picture, style))
        photo = vgg.encode(to_float(content)[None])[TAPS[-1]]
    stats = tap_stats(style_taps)
    return PictureLosses(
        style_loss(taps, stats, reduction=reduction),
        content_loss(taps[TAPS[-1]], photo),
        content_loss(taps[TAPS[-1]], adain(photo, *stats[TAPS[-1]], ddof=1)),
    )
