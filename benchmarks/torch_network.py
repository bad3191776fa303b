"""The networks in PyTorch, with the weights of a model, as a comparison for the benchmarks."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import adain_jax
from adain_jax.networks import DEPTHS, variant_of


class Encoder(nn.Module):
    """A VGG up to relu4_1, from images (N, 3, H, W) to the four taps."""

    def __init__(self, model: adain_jax.Model) -> None:
        super().__init__()
        depths = enumerate(_depths(model), 1)
        names = [(block, layer) for block, depth in depths for layer in range(1, depth + 1)]
        self.firsts = [layer == 1 for _, layer in names]
        self.layers = nn.ModuleList(
            _convolution(model, "encoder", f"conv{b}_{i}") for b, i in names
        )

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


class Network(nn.Module):
    """The paper's network: encoder, AdaIN with given statistics (1, C, 1, 1), and decoder.

    Further conditioning of a decoder on the style is left out.
    """

    def __init__(self, model: adain_jax.Model) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(model), create_decoder(model)

    def forward(self, x: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
        """Map images (N, 3, H, W) to pictures of the same size."""
        features = self.encoder(x)[-1]
        own_mean, own_std = statistics_of(features)
        features = (features - own_mean.to(x.dtype)) / own_std.to(x.dtype) * std + mean
        return self.decoder(features).clamp(0, 1)


def create_decoder(model: adain_jax.Model) -> nn.Sequential:
    def layers() -> Iterator[nn.Module]:
        depths = _depths(model)
        for block in range(len(depths), 0, -1):
            if block < len(depths):
                yield nn.Upsample(scale_factor=2)
            for layer in range(depths[block - 1], 0, -1):
                yield _convolution(model, "decoder", f"conv{block}_{layer}")
                if (block, layer) != (1, 1):
                    yield nn.ReLU()

    return nn.Sequential(*layers())


def _depths(model: adain_jax.Model) -> tuple[int, ...]:
    return DEPTHS[variant_of(model.architecture)[0]]


def statistics_of(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The channel means and standard deviations, (N, C, 1, 1) float32."""
    x = x.float()
    return x.mean((2, 3), keepdim=True), (x.var((2, 3), keepdim=True) + 1e-5).sqrt()


def _convolution(model: adain_jax.Model, part: str, name: str) -> nn.Conv2d:
    kernel = np.asarray(model.params[part][name]["kernel"]).transpose(3, 2, 0, 1)
    bias = np.asarray(model.params[part][name]["bias"])
    layer = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1, padding_mode="reflect")
    layer.load_state_dict({"weight": torch.tensor(kernel), "bias": torch.tensor(bias)})
    return layer
