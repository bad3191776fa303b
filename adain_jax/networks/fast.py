"""A small encoder of contents and a small decoder, for real time on a CPU.

The picture is folded to half its size and twelve channels first, so that no convolution runs at
full size. A VGG encodes the styles, because a style is encoded once and frames are many. A
projection predicts the statistics of the style in the maps of the small encoder.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from adain_jax.networks.film import TOLD, Film, condition
from adain_jax.networks.layers import Conv3x3, Size, double, halve
from adain_jax.ops.convolution import Method, Upsampling
from adain_jax.ops.resampling import depth_to_space, max_pool, space_to_depth
from adain_jax.ops.statistics import ChannelStats

_WIDTHS = (32, 64, 128)
# The limit of predicted logarithms of deviations. The largest of thousands of styles is 2.6. For
# patterns unlike all training data, the linear prediction can exceed the limit, and the deviation
# grows exponentially with it.
LARGEST = 3.0


class FastEncoder(nn.Module):
    """A small encoder, from the image to a map of an eighth of its size.

    It takes RGB images (N, H, W, 3) in [0, 1], H and W multiples of 8. It returns the last map of
    each block by name: conv1_2, conv2_2, conv3_2, each (N, H/2^i, W/2^i, widths[i - 1]) for
    i = 1..3. They are the maps before the ReLU: after it, channels can be zero, and AdaIN would
    have nothing to scale.
    """

    widths: Sequence[int] = _WIDTHS
    method: Method = "auto"

    @nn.compact
    def __call__(self, images: jax.Array, size: Size = None) -> dict[str, jax.Array]:
        """Encode (N, H, W, 3) to the maps by name; `size` is in pixels, multiples of 8."""
        x, taps = space_to_depth(images), {}
        for block, width in enumerate(self.widths, start=1):
            size = halve(size)
            if block > 1:
                x = nn.relu(max_pool(x))
            x = Conv3x3(width, self.method, name=f"conv{block}_1")(x, size)
            x = Conv3x3(width, self.method, relu=False, name=f"conv{block}_2")(x, size)
            taps[f"conv{block}_2"] = x
        return taps


class Projection(nn.Module):
    """Predicts the statistics of a style in the maps of `FastEncoder` from those in a VGG's maps.

    It is linear in means and logarithms of deviations, for inputs and outputs; deviations are at
    most e^3. The parameters, float32, are `weights` (2C, 2D) and `bias` (2D,), initially zeros; D
    is the sum of the widths. The product is divided by the root of 2C, because a step of Adam moves
    all weights equally, and would move the product of so many inputs too far.
    """

    widths: Sequence[int] = _WIDTHS

    @nn.compact
    def __call__(self, mean: jax.Array, std: jax.Array) -> ChannelStats:
        """Predict statistics (..., D), with the maps one after the other, from (..., C)."""
        stats = condition(mean, std)
        inputs, outputs = stats.shape[-1], 2 * sum(self.widths)
        weights = self.param("weights", nn.initializers.zeros, (inputs, outputs), jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, (outputs,), jnp.float32)
        product = jnp.matmul(stats, weights, precision="highest") / inputs**0.5
        log_std, mean = jnp.split(product + bias.reshape((1,) * (stats.ndim - 1) + (-1,)), 2, -1)
        return ChannelStats(mean, jnp.exp(jnp.minimum(log_std, LARGEST)))


class FastDecoder(nn.Module):
    """The mirror of `FastEncoder`, with bridges: from the features of all its blocks to images.

    It takes maps by the encoder's names and returns images (N, 8H, 8W, 3), not clipped; H and W are
    those of conv3_2. After each upsampling the map of that size is added, so that AdaIN gives the
    picture the style's statistics at three scales, and fine detail need not pass through the
    smallest map. The statistics of all maps condition the decoder, too: it takes a `Told` for each
    map, under the name `TOLD`. A `Film` follows each block and the picture; its parameters have the
    name of the layer with `_film`. Every layer has the name of the encoder's layer that it undoes;
    `residual_1` and `residual_2` undo none.
    """

    widths: Sequence[int] = _WIDTHS
    method: Method = "auto"
    upsample: Upsampling = "nearest"

    @property
    def upsampling(self) -> dict[str, Upsampling]:
        """The layers after an upsampling, and its kind."""
        names = (f"conv{block}_2" for block in range(1, len(self.widths)))
        return dict.fromkeys(names, self.upsample)

    @nn.compact
    def __call__(self, features: Mapping[str, Any], size: Size = None) -> jax.Array:
        """Decode maps by name to (N, 8H, 8W, 3); `size` is in cells of the smallest map."""

        def film(x: jax.Array, name: str, level: str, pixels: int = 1) -> jax.Array:
            told = features[TOLD]
            others = [told[key] for key in sorted(told) if key != level]
            return Film(pixels, name=f"{name}_film")(x, told[level], *others)

        deepest = len(self.widths)
        x = features[f"conv{deepest}_2"]
        width = x.shape[-1]
        y = Conv3x3(width, self.method, name="residual_1")(x, size)
        x += Conv3x3(width, self.method, relu=False, initial_scale=0.3, name="residual_2")(y, size)
        name = f"conv{deepest}_2"
        x = film(Conv3x3(width, self.method, name=name)(x, size), name, name)
        for block in range(deepest - 1, 0, -1):
            width = self.widths[block - 1]
            x = Conv3x3(width, self.method, name=f"conv{block + 1}_1")(x, size)
            name = f"conv{block}_2"
            x = Conv3x3(width, self.method, relu=False, upsample=self.upsample, name=name)(x, size)
            x = film(nn.relu(x + features[name]), name, name)
            size = double(size)
        # It starts with small weights and mid-grey, for the reasons given at `Decoder`.
        x = Conv3x3(
            12, self.method, relu=False, initial_scale=0.1, initial_bias=0.5, name="conv1_1"
        )(x, size)
        return depth_to_space(film(x, "conv1_1", "conv1_2", 4))
