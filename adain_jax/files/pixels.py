"""Converts pixels of Pillow's images to arrays and back.

A strip of rows is converted at a time, since Pillow and the conversion to floats make copies.
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from adain_jax.ops.pixels import from_float, to_float

ROWS = 128  # the rows of a strip


def to_arrays(image: Image.Image, as_bytes: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """Convert an image of mode RGB, RGBA or F to RGB (H, W, 3) and transparency (H, W).

    They are uint8 or float32 in [0, 1]. The transparency is None if there is none.
    """
    kind = np.uint8 if as_bytes else np.float32
    if image.mode == "F":
        gray = np.asarray(image).clip(0, 1)
        return np.repeat((to_bytes(gray) if as_bytes else gray)[..., None], 3, axis=-1), None
    width, height = image.size
    rgb = np.empty((height, width, 3), kind)
    alpha = np.empty((height, width), kind) if image.mode == "RGBA" else None
    for rows in strips(height):
        strip = np.asarray(image.crop((0, rows.start, width, rows.stop)))
        if not as_bytes:
            strip = to_float(strip, xp=np)
        rgb[rows] = strip[..., :3]
        if alpha is not None:
            alpha[rows] = strip[..., 3]
    return rgb, alpha


def to_image(rgb: np.ndarray, alpha: np.ndarray | None) -> Image.Image:
    """Convert arrays, such as those of `to_arrays`, to an image."""
    image = _fill("RGB", rgb)
    if alpha is not None:
        image.putalpha(_fill("L", alpha))
    return image


def _fill(mode: str, array: np.ndarray) -> Image.Image:
    image = Image.new(mode, (array.shape[1], array.shape[0]))
    for rows in strips(len(array)):
        image.paste(Image.fromarray(to_bytes(array[rows])), (0, rows.start))
    return image


def strips(height: int) -> Iterator[slice]:
    """Yield slices of the rows from the top, `ROWS` at a time."""
    for start in range(0, height, ROWS):
        yield slice(start, min(start + ROWS, height))


def to_bytes(array: np.ndarray) -> np.ndarray:
    """Convert an array of uint8, or floating in [0, 1], to uint8."""
    if array.dtype == np.uint8:
        return array
    return from_float(array, np.uint8, xp=np)


def to_words(array: np.ndarray) -> np.ndarray:
    """Convert an array of uint8, or floating in [0, 1], to uint16."""
    if array.dtype == np.uint8:
        return array.astype(np.uint16) * np.uint16(257)
    return from_float(array, np.uint16, xp=np)
