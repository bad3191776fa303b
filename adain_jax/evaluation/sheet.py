"""Contact sheets: many pictures as one."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

_GAP = 4


def contact_sheet(
    contents: Sequence[np.ndarray],
    styles: Sequence[np.ndarray],
    pictures: Sequence[Sequence[np.ndarray]],
    *,
    side: int = 192,
) -> np.ndarray:
    """Styles down the left, contents along the top, pictures between them.

    Args:
        contents: float images (H, W, 3) in [0, 1], whose middle squares are shown.
        styles: the same.
        pictures: for each style one of each content.
        side: of the squares, in pixels.

    Returns:
        uint8 (H, W, 3), on white.

    >>> import numpy as np
    >>> gray = np.full((8, 10, 3), 0.5)
    >>> contact_sheet([gray, gray], [gray], [[gray, gray]], side=8).shape
    (20, 32, 3)
    """
    step = side + _GAP
    sheet = np.full(
        ((len(styles) + 1) * step - _GAP, (len(contents) + 1) * step - _GAP, 3), 255, np.uint8
    )
    rows = [
        [None, *contents],
        *([style, *row] for style, row in zip(styles, pictures, strict=True)),
    ]
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            if image is not None:
                part = slice(i * step, i * step + side), slice(j * step, j * step + side)
                sheet[part] = _thumbnail(image, side)
    return sheet


def _thumbnail(image: np.ndarray, side: int) -> np.ndarray:
    small = min(image.shape[:2])
    top, left = ((length - small) // 2 for length in image.shape[:2])
    square = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    square = square[top : top + small, left : left + small]
    return np.asarray(Image.fromarray(square).resize((side, side), Image.Resampling.LANCZOS))
