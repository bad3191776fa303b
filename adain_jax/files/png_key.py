"""PNGs in which one colour means transparency, compared at the depth that the file has."""

from typing import IO

import numpy as np
from PIL import Image

_DEPTH = 24  # where a PNG has its bits of a channel
_SECOND_BYTES = "RGB;16L"  # as Pillow calls them; the first of each two, which it takes, are at 16B


def load(image: Image.Image, file: IO[bytes]) -> Image.Image:
    """Decode an opened PNG.

    Where Pillow compares the key with pixels of another depth, which is with greys of 2, 4 and 16
    bits and with colours of 16, the image given back has an alpha channel in its place, and 8 bits.
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
    (tile,) = image.tile  # type: ignore[reportAttributeAccessIssue]
    image.tile = [tile._replace(args=_SECOND_BYTES)]  # type: ignore[reportAttributeAccessIssue]
    return np.asarray(image)
