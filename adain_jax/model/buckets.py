"""The few array sizes in which images of all sizes are computed."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike


def bucket(side: int) -> int:
    """The side of the array that pictures of this side are computed in: 1 of 16 up to 2048.

    A multiple of 64 up to 512, of 128 up to 1024, of 256 up to 2048, and so on.

    >>> [bucket(side) for side in (1, 64, 65, 500, 683, 1080, 4000)]
    [64, 64, 128, 512, 768, 1280, 4096]
    """
    step = 64
    while side > 8 * step:
        step *= 2
    return -(-side // step) * step


def in_bucket(image: ArrayLike, stride: int) -> tuple[np.ndarray, tuple[int, int]]:
    """An image in the upper left of its bucket, and its size up to multiples of `stride`."""
    image = np.asarray(image)
    height, width = image.shape[:2]
    image = np.pad(image, ((0, -height % stride), (0, -width % stride), (0, 0)), mode="reflect")
    size = image.shape[0], image.shape[1]
    rest = [(0, bucket(side) - side) for side in size]
    return np.pad(image, (*rest, (0, 0))), size


def cells(size: Any, padded: jax.Array, features: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
    """Which cells of each map a picture takes, in the upper left of `padded`: booleans (h, w)."""
    where = {}
    for name, x in features.items():
        stride = padded.shape[0] // x.shape[1]
        rows, columns = (jnp.arange(side) for side in x.shape[1:3])
        where[name] = (rows < size[0] // stride)[:, None] & (columns < size[1] // stride)
    return where
