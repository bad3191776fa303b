"""Encodes an image to its style, by any plan."""

from typing import Literal

import jax
import numpy as np
from jax.typing import ArrayLike

from adain_jax.inference import tiling
from adain_jax.inference.buckets import cells, fills, in_bucket
from adain_jax.inference.plan import Bucketed, Plan, Tiled, choose
from adain_jax.model import Model, Style
from adain_jax.model.arguments import check_pixels, check_sliceable
from adain_jax.model.transfer import statistics
from adain_jax.ops.pixels import to_float


def encode_style(
    images: ArrayLike,
    model: Model,
    plan: Plan | Literal["auto"] = "auto",
    *,
    name: str = "style",
) -> Style:
    """Encode images as `adain_jax.encode_style` does; errors call the images `name`."""
    model.check_takes_styles()
    array = check_sliceable(name, images)
    chosen = choose(plan, array.shape, model, images)
    if isinstance(chosen, Tiled):
        if array.ndim == 4:
            return Style.stack([tiling.encode_style(x, model, chosen, name) for x in array])
        return tiling.encode_style(array, model, chosen, name)
    checked = check_pixels(name, images)
    if not isinstance(chosen, Bucketed) or fills(checked.shape):
        return model.style(checked)
    return jax.block_until_ready(_in_bucket(model, *jax.device_put(in_bucket(np.asarray(checked)))))


@jax.jit
def _in_bucket(model: Model, images: jax.Array, size: jax.Array) -> Style:
    batch = to_float(images if images.ndim == 4 else images[None])
    sides = size[0], size[1]
    features = model.style_maps(batch.astype(model.dtype), sides)
    stats = statistics(features, cells(sides, batch.shape, features))
    style = Style(stats.mean, stats.std, model.fingerprint)
    return style if images.ndim == 4 else jax.tree.map(lambda x: x[0], style)
