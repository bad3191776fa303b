"""What files of several kinds are made of: pixels, colours, profiles, EXIF data."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image, ImageCms


def values_of(draw: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Smooth or noisy, in [0, 1]."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    height, width = shape[:2]
    if draw(st.booleans()):
        return rng.random(shape)
    rows, columns = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)[None]
    slopes = rng.random((3, int(np.prod(shape[2:]))))
    smooth = slopes[0] * rows[..., None] + slopes[1] * columns[..., None] + slopes[2]
    return (smooth / 3).reshape(shape)


def shape_of(draw: Any) -> tuple[int, int]:
    side = st.integers(1, 40)
    return draw(side), draw(side)


def three(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=-1)


def of_cmyk(cmyk: np.ndarray) -> np.ndarray:
    return (1 - cmyk[..., :3]) * (1 - cmyk[..., 3:])


def packed(samples: np.ndarray, depth: int) -> list[bytes]:
    height = len(samples)
    if depth == 16:
        return [row.tobytes() for row in samples.reshape(height, -1).astype(">u2")]
    bits = samples.reshape(height, -1, 1) >> np.arange(depth)[::-1] & 1
    return [row.tobytes() for row in np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)]


def profile_of(draw: Any) -> tuple[bytes | None, tuple[int, ...]]:
    """A colour profile, and the order into which it puts red, green and blue."""
    whole = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = (
        whole.replace(b"rXYZ\0", b"tXYZ\0")
        .replace(b"gXYZ\0", b"rXYZ\0")
        .replace(b"tXYZ\0", b"gXYZ\0")
    )
    plain = (0, 1, 2)
    return draw(
        st.sampled_from(
            [
                *[(None, plain)] * 6,
                (whole, plain),
                (swapped, (1, 0, 2)),
                (b"no profile", plain),
                (whole[:100], plain),
                (whole[:300] + bytes(100), plain),
            ]
        )
    )


def exif_data(draw: Any, *, broken: bool = True) -> tuple[bytes, int]:
    """EXIF data, some of them broken, and the orientation that they give."""
    orientation = draw(st.sampled_from([1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 9]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "a picture"
    if draw(st.booleans()):
        exif[0x8769] = {0x829A: 0.01}
    data = exif.tobytes()
    if broken and draw(st.integers(0, 9)) == 0:
        return b"Exif\0\0no such thing", 1
    return data, orientation if 1 <= orientation <= 8 else 1
