"""Sheets: many pictures in one."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from adain_jax.files.pixels import to_bytes

_GAP = 4  # the gap between pictures, in pixels
_HEAD = 16  # the height of a line of names, in pixels


def sheet(
    rows: Sequence[Sequence[np.ndarray | None]],
    size: tuple[int, int],
    *,
    columns: Sequence[str] = (),
    names: Sequence[str] = (),
) -> np.ndarray:
    """Arrange pictures in rows and columns, with gaps, on white.

    Args:
        rows: images (H, W, 3), uint8 or floating in [0, 1], of any sizes; None leaves a place
            empty. Images are scaled to a place, and cropped around their centres to its aspect
            ratio.
        size: the height and width of a place, in pixels.
        columns: the text above each column, if any.
        names: the text at the left of each row, written upwards, if any.

    Returns:
        uint8 (H, W, 3).

    >>> import numpy as np
    >>> gray = np.full((8, 10, 3), 0.5)
    >>> sheet([[gray, None], [gray, gray]], (8, 12)).shape
    (20, 28, 3)
    """
    height, width = size
    result = np.full((*extent(len(rows), max(map(len, rows)), size), 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            if image is not None:
                top, left = i * (height + _GAP), j * (width + _GAP)
                result[top : top + height, left : left + width] = _fit(image, height, width)
    if columns:
        result = _headed(result, columns, width)
    if names:  # rows are columns while the sheet is rotated
        result = np.rot90(_headed(np.rot90(result, -1), names[::-1], height))
    return np.ascontiguousarray(result)


def extent(rows: int, columns: int, size: tuple[int, int]) -> tuple[int, int]:
    """The height and width of a sheet without names; `size` is that of a place.

    >>> extent(2, 2, (8, 12))
    (20, 28)
    """
    height, width = size
    return rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP


def contact_sheet(
    contents: Sequence[np.ndarray],
    styles: Sequence[np.ndarray],
    pictures: Sequence[Sequence[np.ndarray]],
    *,
    side: int = 192,
) -> np.ndarray:
    """Arrange styles down the left side, contents along the top, and pictures between them.

    Args:
        contents: float images (H, W, 3) in [0, 1], whose central squares are shown.
        styles: images of the same kind.
        pictures: for each style, a picture of each content.
        side: the side of the squares, in pixels.

    Returns:
        uint8 (H, W, 3), on white.

    >>> import numpy as np
    >>> gray = np.full((8, 10, 3), 0.5)
    >>> contact_sheet([gray, gray], [gray], [[gray, gray]], side=8).shape
    (20, 32, 3)
    """
    rows = [[style, *row] for style, row in zip(styles, pictures, strict=True)]
    return sheet([[None, *contents], *rows], (side, side))


def _headed(picture: np.ndarray, names: Sequence[str], width: int) -> np.ndarray:
    """Add the names above the columns of a picture, which have this width."""
    head = Image.new("RGB", (picture.shape[1], _HEAD), "white")
    draw, font = ImageDraw.Draw(head), ImageFont.load_default(_HEAD * 3 // 4)
    for i, name in enumerate(names):
        middle = i * (width + _GAP) + width // 2, _HEAD // 2
        draw.text(middle, name, fill="black", font=font, anchor="mm")
    return np.concatenate([np.asarray(head), picture])


def _fit(image: np.ndarray, height: int, width: int) -> np.ndarray:
    whole = Image.fromarray(to_bytes(image))
    return np.asarray(ImageOps.fit(whole, (width, height), Image.Resampling.LANCZOS))
