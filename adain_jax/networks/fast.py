"""A small encoder and decoder, trained together, for real time on a CPU.

The picture is folded to half its size and twelve channels first, so that no convolution runs at
full size.
"""

from collections.abc import Sequence

import flax.linen as nn
import jax

from adain_jax.networks.layers import Conv3x3, Size, double, halve
from adain_jax.ops.convolution import Method
from adain_jax.ops.resampling import depth_to_space, max_pool, space_to_depth

_WIDTHS = (32, 64, 128)


class FastEncoder(nn.Module):
    """From the image to a map an eighth of its size.

    Takes RGB images (N, H, W, 3) in [0, 1], H and W multiples of 8. Returns the last map of each
    block by name: relu1_2, relu2_2, relu3_2, each (N, H/2^i, W/2^i, widths[i - 1]) for i = 1..3.
    """

    widths: Sequence[int] = _WIDTHS
    method: Method = "auto"

    @nn.compact
    def __call__(self, images: jax.Array, size: Size = None) -> dict[str, jax.Array]:
        """(N, H, W, 3) to the maps by name; `size` is in pixels, multiples of 8."""
        x, taps = space_to_depth(images), {}
        for block, width in enumerate(self.widths, start=1):
            size = halve(size)
            if block > 1:
                x = max_pool(x)
            for layer in (1, 2):
                x = Conv3x3(width, self.method, name=f"conv{block}_{layer}")(x, size)
            taps[f"relu{block}_2"] = x
        return taps


class FastDecoder(nn.Module):
    """The mirror of `FastEncoder`: features (N, H, W, 128) to images (N, 8H, 8W, 3), not clipped.

    Every layer bears the name of the encoder's layer that it undoes.
    """

    widths: Sequence[int] = _WIDTHS
    method: Method = "auto"

    @property
    def upsampling(self) -> frozenset[str]:
        """The layers that upsampling goes before."""
        return frozenset(f"conv{block}_2" for block in range(1, len(self.widths)))

    @nn.compact
    def __call__(self, features: jax.Array, size: Size = None) -> jax.Array:
        """(N, H, W, 128) to (N, 8H, 8W, 3); `size` is in cells of the features."""
        x = features
        for block in range(len(self.widths), 0, -1):
            for layer in (2, 1) if block > 1 else (2,):  # conv1_1 makes the picture
                name = f"conv{block}_{layer}"
                up = name in self.upsampling
                width = self.widths[block - (1 if layer == 2 else 2)]
                x = Conv3x3(width, self.method, upsample=up, name=name)(x, size)
                size = double(size) if up else size
        # Small weights and mid-grey, for the reasons given at `Decoder`.
        x = Conv3x3(
            12, self.method, relu=False, initial_scale=0.1, initial_bias=0.5, name="conv1_1"
        )(x, size)
        return depth_to_space(x)
