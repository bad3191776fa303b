"""The decoder: the encoder's mirror (section 4 of the paper)."""

from collections.abc import Sequence

import flax.linen as nn
import jax

from adain_jax.networks.layers import Conv3x3, upsample
from adain_jax.ops.convolution import Method

# Scale of the first kernels and biases. The features of a normalised encoder have a mean of 1 and a
# root mean square of about 3, and pictures begin as a dim grey: at He's scale, half of the
# decoder's units are dead after a hundred steps, and stay so.
_FIRST = (1 / 3, 0.0)
_LAST = (0.1, 0.5)


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
        blocks = len(self.depths)
        for block in range(blocks, 0, -1):
            if block < blocks:
                x = upsample(x)
            last = 2 if block == 1 else 1  # conv1_1 makes the picture
            for layer in range(self.depths[block - 1], last - 1, -1):
                width = 32 * 2 ** (block - (layer == 1))
                initial = _FIRST if x is features else ()
                conv = Conv3x3(width, self.method, *initial, name=f"conv{block}_{layer}")
                x = nn.relu(conv(x))
        return Conv3x3(3, self.method, *_LAST, name="conv1_1")(x)
