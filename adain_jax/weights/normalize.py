"""Normalisation of a VGG: every channel is scaled to a mean activation of 1.

The paper's encoder is normalised in this way (its code, after Gatys et al. 2015). The losses of the
four taps then have similar sizes. With the plain weights, those of the deeper taps dominate, and
pictures become grey.
"""

from collections.abc import Iterable
from typing import cast

import flax.linen as nn
import jax
import numpy as np

from adain_jax.networks import Encoder
from adain_jax.networks.layers import Conv3x3
from adain_jax.networks.params import Params


def normalize(params: Params, depths: tuple[int, ...], images: Iterable[np.ndarray]) -> Params:
    """Scale an encoder's channels to a mean activation of 1 over `images`.

    The outputs of each convolution are divided by their mean after the ReLU, and the inputs of the
    next convolution are multiplied by it: ReLU and pooling commute with positive factors, so one
    pass is enough. A channel that is zero on all images keeps its scale.

    Args:
        params: parameters of an `Encoder` of these `depths`, float32.
        depths: the number of convolutions in each block.
        images: RGB images (H, W, 3), float32 in [0, 1], with sides that are multiples of 8; each
            size is compiled.

    Returns:
        Parameters of the same shapes, as NumPy arrays.

    Raises:
        ValueError: if there is no image.
    """
    encoder = Encoder(depths)

    @jax.jit
    def channel_means(params: Params, image: jax.Array) -> dict[str, jax.Array]:
        _, state = encoder.apply(
            {"params": params},
            image[None],
            capture_intermediates=lambda module, _: isinstance(module, Conv3x3),
            mutable=["intermediates"],
        )
        outputs = cast(dict[str, dict[str, tuple[jax.Array]]], state["intermediates"])
        return {name: nn.relu(x["__call__"][0]).mean((0, 1, 2)) for name, x in outputs.items()}

    count = 0
    totals = dict.fromkeys(params, np.zeros(()))
    for image in images:
        count += 1
        for name, mean in channel_means(params, image).items():
            totals[name] = totals[name] + np.asarray(mean, np.float64)
    if not count:
        raise ValueError("no image to normalise over")

    scaled, previous = {}, np.ones(3)
    for name in _in_order(depths):
        mean = totals[name] / count
        mean = np.where(mean > 0, mean, 1.0)
        kernel = np.asarray(params[name]["kernel"]) * previous[:, None] / mean
        scaled[name] = {
            "kernel": kernel.astype(np.float32),
            "bias": (np.asarray(params[name]["bias"]) / mean).astype(np.float32),
        }
        previous = mean
    return scaled


def _in_order(depths: tuple[int, ...]) -> list[str]:
    return [
        f"conv{block}_{layer}"
        for block, depth in enumerate(depths, start=1)
        for layer in range(1, depth + 1)
    ]
