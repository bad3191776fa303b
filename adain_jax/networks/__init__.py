"""The networks, as Flax Linen modules, and the table of those that go together."""

from adain_jax.networks.decoder import Decoder
from adain_jax.networks.encoder import TAPS, Encoder

__all__ = ["DEPTHS", "TAPS", "Decoder", "Encoder"]

# Convolutions per block of each architecture, up to conv4_1.
DEPTHS = {"vgg16": (2, 2, 3, 1), "vgg19": (2, 2, 4, 1)}
