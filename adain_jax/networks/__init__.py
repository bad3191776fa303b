"""The networks, as Flax Linen modules, and the table of those that go together."""

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from adain_jax.networks.decoder import Decoder
from adain_jax.networks.encoder import TAPS, Encoder
from adain_jax.networks.fast import FastDecoder, FastEncoder

__all__ = ["ARCHITECTURES", "DEPTHS", "TAPS", "Architecture", "Decoder", "Encoder", "initialize"]

# Convolutions per block of each VGG, up to conv4_1.
DEPTHS = {"vgg16": (2, 2, 3, 1), "vgg19": (2, 2, 4, 1)}


class Architecture(NamedTuple):
    """An encoder and the decoder that takes its features.

    Attributes:
        levels: the encoder's maps on which AdaIN works and which the decoder takes, by name.
        reach: how far beyond the cell of 8 x 8 pixels that it lies in a feature of the encoder, and
            a pixel of the picture, can see, in pixels; multiples of 8.
    """

    encoder: nn.Module
    decoder: nn.Module
    levels: tuple[str, ...]
    reach: tuple[int, int]


ARCHITECTURES = {
    name: Architecture(Encoder(depths), Decoder(depths), TAPS[-1:], (32, 64))
    for name, depths in DEPTHS.items()
} | {
    "fast": Architecture(FastEncoder(), FastDecoder(), ("conv1_2", "conv2_2", "conv3_2"), (32, 80))
}


def initialize(architecture: str, key: jax.Array) -> dict[str, Any]:
    """Random weights, `{"encoder": ..., "decoder": ...}`."""
    encoder, decoder, levels, _ = ARCHITECTURES[architecture]
    # The method makes no difference to the weights, and this one is the quickest to trace.
    encoder, decoder = encoder.clone(method="xla"), decoder.clone(method="xla")
    keys = jax.random.split(key)
    taps, weights = encoder.init_with_output(keys[0], jnp.zeros((1, 8, 8, 3)))
    features = {name: taps[name] for name in levels}  # type: ignore[index]
    return {
        "encoder": weights["params"],
        "decoder": decoder.init(keys[1], features)["params"],
    }
