"""The decoder: the encoder's mirror (section 6.1 of the paper)."""

from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax

from adain_jax.networks.bridge import Bridge
from adain_jax.networks.encoder import TAPS
from adain_jax.networks.film import TOLD, Film
from adain_jax.networks.layers import Conv3x3, Size, double
from adain_jax.networks.normalization import Kind, Normalization
from adain_jax.ops.convolution import Method, Upsampling

# The initialisation of the first and the last layer. The features of a normalised encoder have a
# mean of 1 and a root mean square of about 3; and the first pictures should be mid-grey. With He's
# scale, half of the decoder's units are dead after a hundred steps, and stay so.
_FIRST, _LAST, _OTHERS = (1 / 3, 0.0), (0.1, 0.5), (1.0, 0.0)  # the scales, and the biases


PIXELS = "pixels"  # the name of the picture itself, as a map
LEVELS = (PIXELS, *TAPS[:-1])  # the maps whose statistics condition a decoder with `film`


class Decoder(nn.Module):
    """The decoder, from relu4_1 back to the image.

    It takes `{"relu4_1": (N, H, W, 512)}` and returns images (N, 8H, 8W, 3) in [0, 1], except that
    they are not clipped. Every layer has the name of the encoder's layer that it undoes.
    Upsampling replaces each max pooling. By default there is no normalisation, which would give
    every sample the same style (section 6.1 of the paper).

    Attributes:
        depths: the depths of the encoder.
        method: the method of every convolution (`adain_jax.ops.convolution`).
        upsample: "nearest", as in the paper, or "linear" (bilinear), which leaves less of a mesh.
        normalization: "batch" or "instance", after every convolution except the last, for the
            paper's ablation; its parameters have the name of the layer with `_norm`.
        film: whether the style's statistics of every map condition the decoder, by a `Film` after
            the second layer of each block but the deepest (after the first, if there is only one)
            and after the picture; its parameters have the name of the layer with `_film`. The
            decoder then also takes, under the name `TOLD`, a `Told` for each of the pixels,
            relu1_1, relu2_1 and relu3_1.
        bridges: further maps that the decoder takes, such as relu3_1: a `Bridge` adds each after
            the upsampling to its size; its parameters have the name of the layer with `_bridge`.
    """

    depths: Sequence[int]
    method: Method = "auto"
    upsample: Upsampling = "nearest"
    normalization: Kind | None = None
    film: bool = False
    bridges: Sequence[str] = ()

    @property
    def upsampling(self) -> dict[str, Upsampling]:
        """The layers after an upsampling (the first of each block but the deepest) and its kind."""
        names = (f"conv{i}_{depth}" for i, depth in enumerate(self.depths[:-1], start=1))
        return dict.fromkeys(names, self.upsample)

    @nn.compact
    def __call__(self, features: Mapping[str, Any], size: Size = None) -> jax.Array:
        """Decode (N, H, W, 512) to (N, 8H, 8W, 3); `size` is in cells of the features."""
        x = features[TAPS[-1]]
        for block in range(len(self.depths), 0, -1):
            for layer in range(self.depths[block - 1], 0, -1):
                name = f"conv{block}_{layer}"
                up, last = self.upsampling.get(name), name == "conv1_1"  # last: the picture
                normalization = None if last else self.normalization
                first = x is features[TAPS[-1]]
                scale, bias = _FIRST if first else _LAST if last else _OTHERS
                x = Conv3x3(
                    3 if last else 32 * 2 ** (block - (layer == 1)),
                    self.method,
                    relu=not last and not normalization,
                    upsample=up,
                    initial_scale=scale,
                    initial_bias=bias,
                    name=name,
                )(x, size)
                size = double(size) if up else size
                if normalization:
                    x = nn.relu(Normalization(normalization, name=f"{name}_norm")(x, size))
                tap = f"relu{block}_1"
                if up and tap in self.bridges:
                    x = Bridge(name=f"{name}_bridge")(x, features[tap])
                level = 0 if last else block if layer == min(2, self.depths[block - 1]) else None
                if self.film and level is not None and level < len(LEVELS):
                    finer = reversed(LEVELS[max(level - 1, 0) : level + 1])
                    x = Film(name=f"{name}_film")(x, *(features[TOLD][key] for key in finer))
        return x
