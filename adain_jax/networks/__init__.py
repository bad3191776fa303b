"""The networks, as Flax Linen modules, and the table of those that go together."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from adain_jax.networks.decoder import LEVELS, PIXELS, TOLD, Decoder
from adain_jax.networks.encoder import TAPS, Encoder
from adain_jax.networks.fast import FastDecoder, FastEncoder
from adain_jax.networks.film import Told
from adain_jax.ops.convolution import Method
from adain_jax.ops.statistics import channel_stats

__all__ = [
    "ARCHITECTURES",
    "DEPTHS",
    "PIXELS",
    "TAPS",
    "TOLD",
    "VARIANTS",
    "Architecture",
    "Decoder",
    "Encoder",
    "initialize",
    "variant_of",
    "vgg",
]

# Convolutions per block of each VGG, up to conv4_1.
DEPTHS = {"vgg16": (2, 2, 3, 1), "vgg19": (2, 2, 4, 1)}
# The paper's ablations (section 7.1), `vgg16_batch` and so on: a decoder with batch or instance
# normalisation, and one that takes the content's and the style's features side by side. And a
# decoder that is told the style's statistics of every map, by feature-wise linear modulation, and
# takes AdaIN's result at two finer maps, too.
VARIANTS = ("batch", "instance", "concatenation", "film")
_BRIDGES = TAPS[1:3]


class Architecture(NamedTuple):
    """An encoder and the decoder that takes its features.

    Attributes:
        levels: the encoder's maps on which AdaIN works and which the decoder takes, by name.
        reach: how far beyond the cell of 8 x 8 pixels that it lies in a feature of the encoder, and
            a pixel of the picture, can see, in pixels; multiples of 8. Without it they see all.
        concatenates: whether the decoder takes, in AdaIN's place, the content's features and the
            style's, one behind the other along the channels.
        told: other maps of which the decoder is told the style's statistics, by name.
        maps: all maps of which a style holds the statistics, by name: of every decoder for a VGG
            the same, so that one style is good for all of them.
    """

    encoder: nn.Module
    decoder: nn.Module
    levels: tuple[str, ...]
    reach: tuple[int, int] | None = None
    concatenates: bool = False
    told: tuple[str, ...] = ()
    maps: tuple[str, ...] = (PIXELS, *TAPS)


def vgg(
    name: str, depths: Sequence[int], reach: tuple[int, int], method: Method = "auto"
) -> dict[str, Architecture]:
    """The architecture of a VGG and its variants, by name."""
    encoder, decoder, levels = Encoder(depths, method), Decoder(depths, method), TAPS[-1:]
    return {
        name: Architecture(encoder, decoder, levels, reach),
        f"{name}_batch": Architecture(encoder, decoder.clone(normalization="batch"), levels),
        f"{name}_instance": Architecture(encoder, decoder.clone(normalization="instance"), levels),
        f"{name}_concatenation": Architecture(encoder, decoder, levels, reach, concatenates=True),
        f"{name}_film": Architecture(
            encoder, decoder.clone(film=True, bridges=_BRIDGES), TAPS[1:], reach, told=LEVELS
        ),
    }


def variant_of(architecture: str) -> tuple[str, str]:
    """The network that an architecture is a variant of, and the variant's name, if it has one.

    >>> variant_of("vgg16_film"), variant_of("vgg16")
    (('vgg16', 'film'), ('vgg16', ''))
    """
    network, _, variant = architecture.partition("_")
    return network, variant


_FAST = ("conv1_2", "conv2_2", "conv3_2")
ARCHITECTURES = {
    **vgg("vgg16", DEPTHS["vgg16"], (32, 64)),
    **vgg("vgg19", DEPTHS["vgg19"], (32, 64)),
    "fast": Architecture(FastEncoder(), FastDecoder(), _FAST, (32, 80), maps=_FAST),
}


def initialize(architecture: str, key: jax.Array) -> dict[str, Any]:
    """Random weights, `{"encoder": ..., "decoder": ...}`."""
    encoder, decoder, levels, _, concatenates, told, _ = ARCHITECTURES[architecture]
    # The method makes no difference to the weights, and this one is the quickest to trace.
    encoder, decoder = encoder.clone(method="xla"), decoder.clone(method="xla")
    keys = jax.random.split(key)
    image = jnp.zeros((1, 8, 8, 3), jnp.float32)
    taps, weights = encoder.init_with_output(keys[0], image)
    features: dict[str, Any] = {name: taps[name] for name in levels}  # type: ignore[index]
    features[TOLD] = {
        name: Told.of(*channel_stats(image if name == PIXELS else taps[name]))  # type: ignore[index]
        for name in told
    }
    if concatenates:
        features = {name: jnp.concatenate([taps[name]] * 2, -1) for name in levels}  # type: ignore[index]
    return {
        "encoder": weights["params"],
        "decoder": decoder.init(keys[1], features)["params"],
    }
