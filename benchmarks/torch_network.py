"""The networks in PyTorch, with the weights of a model, as a comparison for the benchmarks."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import adain_jax
from adain_jax.networks import ARCHITECTURES, DEPTHS, variant_of
from adain_jax.networks.film import LEAST

Stats = tuple[torch.Tensor, torch.Tensor]  # channel means and standard deviations, (N, C, 1, 1)


class Encoder(nn.Module):
    """A VGG up to relu4_1, from images (N, 3, H, W) to the four taps."""

    def __init__(self, model: adain_jax.Model) -> None:
        super().__init__()
        names = list(_layers(model))
        self.firsts = [name.endswith("_1") for name in names]
        self.layers = nn.ModuleList(_convolution(model, "encoder", name) for name in names)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Map images (N, 3, H, W) to relu1_1, relu2_1, relu3_1 and relu4_1."""
        taps = []
        for first, layer in zip(self.firsts, self.layers, strict=True):
            if first and taps:
                x = functional.max_pool2d(x, 2)
            x = functional.relu(layer(x))
            if first:
                taps.append(x)
        return taps


class Decoder(nn.Module):
    """The decoder of a VGG, with its FiLM layers and bridges, if the model has them."""

    def __init__(self, model: adain_jax.Model) -> None:
        super().__init__()
        params, network = model.params["decoder"], ARCHITECTURES[model.architecture]
        self.upsampling = dict(network.decoder.upsampling)
        self.layers, self.matrices = nn.ModuleDict(), nn.ParameterDict()
        for name in reversed(list(_layers(model))):
            padding = "replicate" if self.upsampling.get(name) == "linear" else "reflect"
            self.layers[name] = _convolution(model, "decoder", name, padding)
            for module in ("bridge", "film") if network.told else ():
                for key, value in params.get(f"{name}_{module}", {}).items():
                    self.matrices[f"{name}_{key}"] = nn.Parameter(torch.tensor(np.asarray(value)))

    def forward(self, taps: Sequence[torch.Tensor], style: Sequence[Stats] = ()) -> torch.Tensor:
        """Decode the results of AdaIN, the deepest last, with the statistics of the style."""
        x = taps[-1]
        for name, layer in self.layers.items():
            block, last = int(name[4]), name == "conv1_1"
            if upsampling := self.upsampling.get(name):
                mode = "bilinear" if upsampling == "linear" else "nearest"
                x = functional.interpolate(x, scale_factor=2, mode=mode)
            x = layer(x) if last else functional.relu(layer(x))
            if f"{name}_matrix" in self.matrices:
                matrix = self.matrices[f"{name}_matrix"].T[:, :, None, None]
                x = x + functional.conv2d(taps[block - 1], matrix)
            if f"{name}_scale" in self.matrices:
                told = [style[0]] if last else [style[block], style[block - 1]]
                parts = [part for mean, std in told for part in ((std + LEAST).log(), mean)]
                condition = torch.cat(parts, 1)[:, :, 0, 0]
                scale, shift = (
                    (condition @ self.matrices[f"{name}_{key}"])[:, :, None, None]
                    for key in ("scale", "shift")
                )
                x = x * (1 + scale) + shift
        return x


class Network(nn.Module):
    """The encoder, AdaIN and the decoder, at full strength."""

    def __init__(self, model: adain_jax.Model) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(model), Decoder(model)
        taps = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
        self.used = [tap in ARCHITECTURES[model.architecture].levels for tap in taps]

    def style(self, images: torch.Tensor) -> list[Stats]:
        """The statistics of images (N, 3, H, W) in [0, 1], and of their four taps."""
        return [statistics_of(x, ddof=0) for x in (images, *self.encoder(images))]

    def forward(self, x: torch.Tensor, style: Sequence[Stats]) -> torch.Tensor:
        """Map images (N, 3, H, W) to pictures of the same size, which is a multiple of 8."""
        taps = self.encoder(x)
        for i, (mean, std) in enumerate(style[1:]):
            if self.used[i]:
                own_mean, own_std = (s.to(x.dtype) for s in statistics_of(taps[i], ddof=0))
                taps[i] = (taps[i] - own_mean) / own_std * std.to(x.dtype) + mean.to(x.dtype)
        return self.decoder(taps, style).to(x.dtype).clamp(0, 1)


def statistics_of(x: torch.Tensor, *, ddof: int = 1) -> Stats:
    """The channel means and standard deviations, float32."""
    x = x.float()
    variance = x.var((2, 3), keepdim=True, correction=ddof)
    return x.mean((2, 3), keepdim=True), (variance + 1e-5).sqrt()


def _layers(model: adain_jax.Model) -> Iterator[str]:
    for block, depth in enumerate(DEPTHS[variant_of(model.architecture)[0]], 1):
        yield from (f"conv{block}_{layer}" for layer in range(1, depth + 1))


def _convolution(
    model: adain_jax.Model,
    part: str,
    name: str,
    padding: Literal["reflect", "replicate"] = "reflect",
) -> nn.Conv2d:
    kernel = np.asarray(model.params[part][name]["kernel"]).transpose(3, 2, 0, 1)
    bias = np.asarray(model.params[part][name]["bias"])
    layer = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1, padding_mode=padding)
    layer.load_state_dict({"weight": torch.tensor(kernel), "bias": torch.tensor(bias)})
    return layer
