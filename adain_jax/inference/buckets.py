"""The few array sizes in which images of all sizes are computed."""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from adain_jax.model.transfer import STRIDE


def bucket(side: int) -> int:
    """The side of the array for pictures with this side: one of 16 up to 2048.

    It is a multiple of 64 up to 512, of 128 up to 1024, of 256 up to 2048, and so on.

    >>> [bucket(side) for side in (1, 64, 65, 500, 683, 1080, 4000)]
    [64, 64, 128, 512, 768, 1280, 4096]
    """
    step = 64
    while side > 8 * step:
        step *= 2
    return -(-side // step) * step


def fills(shape: Sequence[int]) -> bool:
    """Whether images (..., H, W, 3) of this shape fill their bucket."""
    return all(bucket(side) == side for side in shape[-3:-1])


def in_bucket(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put images (..., H, W, 3) into the upper left of their bucket; return it and their size.

    They are extended by reflection to whole cells. The size, (2,) int32, includes that.

    >>> padded, size = in_bucket(np.ones((20, 100, 3), np.uint8))
    >>> padded.shape, size.tolist()
    ((64, 128, 3), [24, 104])
    """
    rest = [(0, -side % STRIDE) for side in images.shape[-3:-1]]
    before = [(0, 0)] * (images.ndim - 3)
    images = np.pad(images, (*before, *rest, (0, 0)), mode="reflect")
    size = images.shape[-3:-1]
    rest = [(0, bucket(side) - side) for side in size]
    return np.pad(images, (*before, *rest, (0, 0))), np.array(size, np.int32)


def map_in_bucket(maps: np.ndarray) -> np.ndarray:
    """Extend maps (..., H, W) by their edge to the bucket of an image of their size."""
    rest = [(0, bucket(side) - side) for side in maps.shape[-2:]]
    return np.pad(maps, [(0, 0)] * (maps.ndim - 2) + rest, mode="edge")


def cells(
    size: tuple[int | jax.Array, int | jax.Array],
    shape: Sequence[int],
    features: Mapping[str, jax.Array],
) -> dict[str, jax.Array]:
    """For each map, which cells belong to the pictures: booleans (h, w).

    The pictures have the height and width `size`, and are in the upper left of arrays of `shape`,
    (N, H, W, C).
    """
    where = {}
    for name, x in features.items():
        stride = shape[1] // x.shape[1]
        rows, columns = (jnp.arange(side, dtype=jnp.int32) for side in x.shape[1:3])
        inside = (rows < size[0] // stride)[:, None], (columns < size[1] // stride)[None]
        where[name] = inside[0] & inside[1]
    return where
