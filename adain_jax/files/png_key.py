"""Decodes PNGs in which one colour (the key) is transparent, and compares it at full depth."""

from typing import IO

import numpy as np
from PIL import Image

_DEPTH = 24  # the offset of the byte with the bits of a channel
# Pillow's raw mode that takes the second byte of each two; by default it takes the first (RGB;16B).
_SECOND_BYTES = "RGB;16L"


def load(image: Image.Image, file: IO[bytes]) -> Image.Image:
    """Decode an opened PNG.

    For greys of 2, 4 and 16 bits and for colours of 16, Pillow compares the key with pixels of
    another depth. Here, a key of fewer bits is scaled to 8, as the pixels are; an image of 16 bits
    gets 8 bits, and an alpha channel in place of the key.
    """
    key = image.info.get("transparency")
    if key is None or image.mode not in ("1", "L", "I;16", "RGB"):
        image.load()
        return image
    file.seek(_DEPTH)
    depth = file.read(1)[0]
    most = (1 << depth) - 1
    key = np.asarray(key) & most  # higher bits have no meaning
    if depth < 16:
        key = key * (255 // most)
        image.info["transparency"] = tuple(key.tolist()) if key.ndim else int(key)
        image.load()
        return image.convert("L") if depth == 1 else image
    if image.mode == "RGB":
        transparent = (_second_bytes(file) == key & 255).all(-1)
        transparent &= (np.asarray(image) == key >> 8).all(-1)
        result = image
    else:
        values = np.asarray(image)
        transparent = values == key
        result = Image.fromarray(np.round(values / 257).astype(np.uint8))
    result.putalpha(Image.fromarray(np.where(transparent, 0, 255).astype(np.uint8)))
    result.info = {name: x for name, x in image.info.items() if name != "transparency"}
    return result


def _second_bytes(file: IO[bytes]) -> np.ndarray:
    file.seek(0)
    image = Image.open(file)
    (tile,) = image.tile
    image.tile = [tile._replace(args=_SECOND_BYTES)]
    return np.asarray(image)
