"""The networks, as Flax Linen modules, and the table of those that go together."""

from typing import NamedTuple

import flax.linen as nn

from adain_jax.networks.decoder import Decoder
from adain_jax.networks.encoder import TAPS, Encoder
from adain_jax.networks.fast import FastDecoder, FastEncoder

__all__ = ["ARCHITECTURES", "DEPTHS", "TAPS", "Architecture", "Decoder", "Encoder"]

# Convolutions per block of each VGG, up to conv4_1.
DEPTHS = {"vgg16": (2, 2, 3, 1), "vgg19": (2, 2, 4, 1)}


class Architecture(NamedTuple):
    """An encoder and the decoder that takes its features.

    Attributes:
        features: the encoder's map on which AdaIN works, by name.
        width: channels of that map.
    """

    encoder: nn.Module
    decoder: nn.Module
    features: str
    width: int


ARCHITECTURES = {
    name: Architecture(Encoder(depths), Decoder(depths), TAPS[-1], 512)
    for name, depths in DEPTHS.items()
} | {"fast": Architecture(FastEncoder(), FastDecoder(), "relu3_2", 128)}
