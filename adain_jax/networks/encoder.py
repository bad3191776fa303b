"""The VGG encoder up to relu4_1 (Simonyan & Zisserman 2015; section 6.1 of the paper)."""

from collections.abc import Sequence

import flax.linen as nn
import jax

from adain_jax.networks.layers import Conv3x3, Size, halve
from adain_jax.ops.convolution import Method
from adain_jax.ops.resampling import max_pool

TAPS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")


class Encoder(nn.Module):
    """The VGG, from the image to relu4_1.

    It takes RGB images (N, H, W, 3) in [0, 1], H and W multiples of 8; the subtraction of the
    training set's mean colour is part of conv1_1. It returns the four taps of the losses by name,
    each (N, H/2^i, W/2^i, 64 * 2^i) for i = 0..3.

    Attributes:
        depths: the convolutions per block up to and including conv4_1: (2, 2, 3, 1) is VGG-16,
            (2, 2, 4, 1) VGG-19.
        method: the method of every convolution (`adain_jax.ops.convolution`).
    """

    depths: Sequence[int]
    method: Method = "auto"

    @nn.compact
    def __call__(self, images: jax.Array, size: Size = None) -> dict[str, jax.Array]:
        """Encode (N, H, W, 3) to the taps by name; `size` is in pixels, multiples of 8."""
        x, taps, pooled = images, {}, True
        for block, depth in enumerate(self.depths, start=1):
            if not pooled:
                x = max_pool(x)
            if block > 1:
                size = halve(size)
            for layer in range(1, depth + 1):
                pooled = 1 < layer == depth  # the convolution pools, unless it is a tap
                width = 32 * 2**block
                x = Conv3x3(width, self.method, pool=pooled, name=f"conv{block}_{layer}")(x, size)
                if layer == 1:
                    taps[f"relu{block}_1"] = x
        return taps
