"""The networks, as Flax Linen modules, and the table of architectures that they form."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import flax.linen as nn
import jax
import jax.numpy as jnp

from adain_jax.networks.decoder import LEVELS, PIXELS, Decoder
from adain_jax.networks.encoder import TAPS, Encoder
from adain_jax.networks.fast import FastDecoder, FastEncoder, Projection
from adain_jax.networks.film import TOLD, Told
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

# The convolutions per block of each VGG, up to conv4_1.
DEPTHS = {"vgg16": (2, 2, 3, 1), "vgg19": (2, 2, 4, 1)}
# The variants, as in `vgg16_batch`. The first three are the paper's ablations (section 7.2): a
# decoder with batch or instance normalisation, and one that takes the content's and the style's
# features side by side. "film" is a decoder that the style's statistics of every map condition, by
# feature-wise linear modulation, and that takes AdaIN's result at three finer maps, too. "fast" is
# a small network that uses the VGG for styles only.
VARIANTS = ("batch", "instance", "concatenation", "film", "fast")
_BRIDGES = TAPS[:3]
_FAST = ("conv1_2", "conv2_2", "conv3_2")


class Architecture(NamedTuple):
    """An encoder, and the decoder for its features.

    A style is the statistics of all maps of the encoder, a VGG, and of the pixels, whatever the
    decoder uses. So one style fits all decoders.

    Attributes:
        levels: names of the content's maps that AdaIN is applied to and that the decoder takes.
        reach: receptive-field margins of a feature of the encoder and of a pixel of the picture, in
            pixels, measured outward from the cell of 8 x 8 pixels; multiples of 8. None: the whole
            image.
        concatenates: whether the decoder takes the features of the content and of the style,
            concatenated along the channels, in place of the result of AdaIN.
        told: names of the maps whose statistics of the style condition the decoder.
        content: the encoder of contents, if it is not `encoder`.
        projection: if there is `content`, the module that maps the statistics of a style to those
            for the maps of `content`.
    """

    encoder: Encoder
    decoder: Decoder | FastDecoder
    levels: tuple[str, ...]
    reach: tuple[int, int] | None = None
    concatenates: bool = False
    told: tuple[str, ...] = ()
    content: FastEncoder | None = None
    projection: Projection | None = None


def vgg(
    name: str, depths: Sequence[int], reach: tuple[int, int], method: Method = "auto"
) -> dict[str, Architecture]:
    """The architectures of a VGG and its variants, by name."""
    encoder, decoder, levels = Encoder(depths, method), Decoder(depths, method), TAPS[-1:]
    return {
        name: Architecture(encoder, decoder, levels, reach),
        f"{name}_batch": Architecture(encoder, decoder.clone(normalization="batch"), levels),
        f"{name}_instance": Architecture(encoder, decoder.clone(normalization="instance"), levels),
        f"{name}_concatenation": Architecture(encoder, decoder, levels, reach, concatenates=True),
        f"{name}_film": Architecture(
            encoder,
            decoder.clone(upsample="linear", film=True, bridges=_BRIDGES),
            # Each upsampling takes a neighbour on either side: 1 + 2 + 4 pixels, so one more cell.
            *(TAPS, (reach[0], reach[1] + 8)),
            told=LEVELS,
        ),
        f"{name}_fast": Architecture(
            *(encoder, FastDecoder(method=method), _FAST, (32, 80)),
            told=_FAST,
            content=FastEncoder(method=method),
            projection=Projection(),
        ),
    }


def variant_of(architecture: str) -> tuple[str, str]:
    """Split the name of an architecture into its network and its variant, which may be empty.

    >>> variant_of("vgg16_film"), variant_of("my_vgg")
    (('vgg16', 'film'), ('my_vgg', ''))
    """
    network, _, variant = architecture.rpartition("_")
    return (network, variant) if variant in VARIANTS else (architecture, "")


ARCHITECTURES = {
    **vgg("vgg16", DEPTHS["vgg16"], (32, 64)),
    **vgg("vgg19", DEPTHS["vgg19"], (32, 64)),
}


def initialize(architecture: str, key: jax.Array) -> dict[str, Any]:
    """The initial, random weights of all parts: `{"encoder": ..., "decoder": ...}` and others."""
    network = ARCHITECTURES[architecture]
    keys = jax.random.split(key)
    image = jnp.zeros((1, 8, 8, 3), jnp.float32)
    params = {}

    def encode(part: str, encoder: nn.Module, key: jax.Array) -> dict[str, jax.Array]:
        # The weights do not depend on the method, and this one is traced fastest.
        maps, weights = encoder.clone(method="xla").init_with_output(key, image)
        params[part] = weights["params"]
        return {PIXELS: image, **cast(dict[str, jax.Array], maps)}

    maps = encode("encoder", network.encoder, keys[0])
    if network.content is not None and network.projection is not None:
        stats = [channel_stats(x) for x in maps.values()]
        mean, std = (jnp.concatenate(parts, -1) for parts in zip(*stats, strict=True))
        params["projection"] = network.projection.init(keys[0], mean, std)["params"]
        maps = encode("content", network.content, jax.random.fold_in(keys[0], 1))
    features: dict[str, object] = {name: maps[name] for name in network.levels}
    features[TOLD] = {name: Told.of(*channel_stats(maps[name])) for name in network.told}
    if network.concatenates:
        features = {name: jnp.concatenate([maps[name]] * 2, -1) for name in network.levels}
    decoder = network.decoder.clone(method="xla")
    return {**params, "decoder": decoder.init(keys[1], features)["params"]}
