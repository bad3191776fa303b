"""The decoder: the encoder's mirror (section 4 of the paper)."""

from collections.abc import Sequence

import flax.linen as nn
import jax

from adain_jax.networks.layers import Conv3x3, upsample
from adain_jax.ops.convolution import Method


class Decoder(nn.Module):
    """From relu4_1 back to the image.

    Takes features (N, H, W, 512) and returns images (N, 8H, 8W, 3), not clipped, that mean [0, 1].
    Every layer bears the name of the encoder's layer that it undoes, nearest-neighbour upsampling
    stands for each max pooling, and there is no normalisation: it would bring every sample to one
    style (section 5 of the paper).

    Attributes:
        depths: those of the encoder.
        method: of every convolution (`adain_jax.ops.convolution`).
    """

    depths: Sequence[int]
    method: Method = "auto"

    @nn.compact
    def __call__(self, features: jax.Array) -> jax.Array:
        """(N, H, W, 512) to (N, 8H, 8W, 3)."""
        x = features
        for block in range(len(self.depths), 0, -1):
            for layer in range(self.depths[block - 1], 0, -1):
                first = layer == 1
                width = 3 if first and block == 1 else 32 * 2 ** (block - first)
                x = Conv3x3(width, self.method, name=f"conv{block}_{layer}")(x)
                if width != 3:
                    x = nn.relu(x)
            if block > 1:
                x = upsample(x)
        return x
