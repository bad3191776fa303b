"""Images in the memory of a device, from which compiled steps take their crops."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from adain_jax.ops.shapes import AnyArray
from adain_jax.runtime.available import available_memory
from adain_jax.runtime.threads import threads
from adain_jax.training.devices import largest_over_hosts, processes_here
from adain_jax.training.sources import Images

_CHANNELS = 3


class Packed(NamedTuple):
    """Images of any sizes in one array: N images in B rows of L bytes, none across two rows.

    The arrays are NumPy's on the host, and JAX's on a device.

    Attributes:
        data: the pixels of the images, uint8 (B, L).
        row: the row of `data` that holds each image, int32 (N,).
        offset: the byte of the row at which each image begins, int32 (N,).
        height: the heights in pixels, int32 (N,).
        width: the widths in pixels, int32 (N,).
        number: the index of each image in its list, int32 (N,).
        chance: the probability that one of the images up to this one is drawn, float32 (N,).
    """

    data: AnyArray
    row: AnyArray
    offset: AnyArray
    height: AnyArray
    width: AnyArray
    number: AnyArray
    chance: AnyArray


def pack(arrays: list[np.ndarray], numbers: np.ndarray, weights: np.ndarray) -> Packed:
    """Pack images (H, W, 3), uint8, into rows as long as the largest image.

    Any two successive rows together are more than half full.

    Args:
        arrays: the images; the list is emptied from its end, so that not all are in memory twice.
        numbers: the index of each image in its list, by which it is named.
        weights: the relative frequency with which each image is drawn.

    >>> images = [np.zeros((2, 3, 3), np.uint8), np.ones((4, 2, 3), np.uint8)]
    >>> packed = pack(images, np.array([5, 7]), np.array([1.0, 3.0]))
    >>> packed.data.shape, packed.chance.tolist()
    ((2, 24), [0.25, 1.0])
    """
    length = largest_over_hosts(max(x.size for x in arrays))
    row, offset, end, places = 0, 0, 0, []
    for array in arrays:
        row, offset = (row + 1, 0) if end + array.size > length else (row, end)
        end = offset + array.size
        places.append((row, offset, *array.shape[:2]))
    data = _aligned(largest_over_hosts(row + 1), length)
    for row, offset, *_ in reversed(places):
        array = arrays.pop()
        data[row, offset : offset + array.size] = array.ravel()
    rows, offsets, heights, widths = np.array(places, np.int32).T
    chance = np.cumsum(weights, dtype=np.float64) / np.sum(weights, dtype=np.float64)
    named = numbers.astype(np.int32), chance.astype(np.float32)
    return Packed(data, rows, offsets, heights, widths, *named)


def _aligned(rows: int, length: int) -> np.ndarray:
    """Zeros at an address that is a multiple of 64 bytes; JAX's CPU device does not copy these."""
    room = np.zeros(rows * length + 64, np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + rows * length].reshape(rows, length)


def load(images: Images, weights: np.ndarray, most: float, kind: str) -> Packed | None:
    """Decode and pack a host's share of the images; None if that of any host exceeds its memory.

    Args:
        images: all images; those that cannot be used are noted there.
        weights: the relative frequency with which each is drawn; images of 0 are left out.
        most: the bytes that are available for this host's share.
        kind: the title of the progress bar.
    """
    hosts, host = jax.process_count(), jax.process_index()
    wanted = np.flatnonzero(weights)
    places = np.arange(host, host + hosts * -(-len(wanted) // hosts), hosts)
    ours = np.take(wanted, places, mode="wrap")  # all hosts have equally many
    used, arrays = list[int](), None
    if len(ours) * images.size**2 * _CHANNELS <= most:  # squares are the smallest
        used, arrays = _decode(images, weights, ours, most, kind)
    if largest_over_hosts(int(arrays is None)):
        return None
    assert arrays is not None
    return pack(arrays, np.array(used), weights[ours])


def _decode(
    images: Images, weights: np.ndarray, wanted: np.ndarray, most: float, kind: str
) -> tuple[list[int], list[np.ndarray] | None]:
    """Decode images by threads; return the indices of those that were used, and the images.

    There are no images if they exceed `most` bytes.
    """
    used: list[int] = []
    arrays: list[np.ndarray] = []
    at_once = threads()
    decode = partial(images.decoded, weights=weights)
    with (
        ThreadPoolExecutor(at_once) as pool,
        tqdm(total=len(wanted), desc=kind, unit="image") as bar,
    ):
        for start in range(0, len(wanted), 8 * at_once):
            some = list(pool.map(decode, wanted[start : start + 8 * at_once]))
            used += [index for index, _ in some]
            arrays += [array for _, array in some]
            bar.update(len(some))
            most -= sum(array.nbytes for _, array in some)
            if most < 0:
                return used, None
    return used, arrays


def free_memory(devices: Sequence[Any]) -> int:
    """The free bytes for each of this host's devices, on it and in the memory of the machine.

    CPU devices share the machine's memory. Of other devices that do not tell, none is free.

    >>> free_memory(jax.devices()[:1]) > 0
    True
    """
    host = available_memory() // processes_here()
    stats = [device.memory_stats() for device in devices]
    if all(x and "bytes_limit" in x for x in stats):  # images are decoded in the host's memory
        return min(host, *(x["bytes_limit"] - x["bytes_in_use"] for x in stats))
    return host // len(devices) if devices[0].platform == "cpu" else 0


def crop(packed: Packed, key: jax.Array, size: int, *, flip: bool) -> tuple[jax.Array, jax.Array]:
    """A random square of a random image, uint8 (size, size, 3), and the image's number.

    >>> packed = pack([np.full((9, 12, 3), 7, np.uint8)], np.array([5]), np.array([1.0]))
    >>> square, number = crop(packed, jax.random.key(0), 8, flip=True)
    >>> square.shape, int(square.max()), int(number)
    ((8, 8, 3), 7, 5)
    """
    which, down, across, mirror = jax.random.uniform(key, (4,), jnp.float32)
    index = jnp.searchsorted(packed.chance, which, side="right")
    image = Packed(packed.data, *(jnp.asarray(x)[index] for x in packed[1:]))
    top, left = (
        (draw * (side - size + 1).astype(jnp.float32)).astype(jnp.int32)
        for draw, side in ((down, image.height), (across, image.width))
    )
    starts = image.offset + _CHANNELS * (
        (top + jnp.arange(size, dtype=jnp.int32)) * image.width + left
    )
    square = jax.vmap(
        lambda start: jax.lax.dynamic_slice(image.data, (image.row, start), (1, _CHANNELS * size))
    )(starts).reshape(size, size, _CHANNELS)
    if flip:
        square = jnp.where(mirror < 0.5, square[:, ::-1], square)
    return square, image.number
