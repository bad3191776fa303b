"""Reads image files as arrays in sRGB, and writes them; only `adain_jax.files` opens images."""

import io
import math
import os
from dataclasses import dataclass
from typing import IO

import numpy as np
from PIL import Image

from adain_jax.files import exif as exif_data
from adain_jax.files import pixels, srgb, tiff, whole
from adain_jax.files.quiet import quiet
from adain_jax.runtime.atomic import atomic_path
from adain_jax.runtime.paths import as_path

# By suffix: Pillow's format, whether it keeps an alpha channel, and the options of writing.
WRITABLE = {
    ".avif": ("AVIF", True, {"quality": 90}),
    ".bmp": ("BMP", False, {}),
    ".jpeg": ("JPEG", False, {"quality": 95, "subsampling": 0}),
    ".jpg": ("JPEG", False, {"quality": 95, "subsampling": 0}),
    ".png": ("PNG", True, {}),
    ".tif": ("TIFF", True, {}),
    ".tiff": ("TIFF", True, {}),
    ".webp": ("WEBP", True, {"quality": 95}),
}
# The longest side in pixels, where a format has a limit. Pillow writes longer sides in AVIF, up to
# 65,536 pixels, but cannot read them.
_LONGEST = {"AVIF": 32_768, "JPEG": 65_500, "WEBP": 16_383}
DEEP = (".tif", ".tiff")  # the suffixes that can be written with 16 bits
_JPEG_EXIF = 65_533  # the most bytes of EXIF data that a JPEG holds
# The most pixels of an enlarged image: 4 megapixels, or four squares of the size asked for if that
# is more.
_MOST_PIXELS, _MOST_SQUARES = 1 << 22, 4


@dataclass(frozen=True)
class LoadedImage:
    """The content of an image file.

    Attributes:
        rgb: the pixels in sRGB, upright, (H, W, 3) float32 in [0, 1], or uint8 if requested.
        alpha: the transparency, (H, W) of the same dtype, or None if the file has none.
        original_size: (H, W) before scaling.
        exif: the EXIF data of the photograph, with an orientation of 1.
        has_profile: whether the file had a colour profile.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None
    original_size: tuple[int, int]
    exif: Image.Exif | None = None
    has_profile: bool = False


def load(
    path: str | os.PathLike,
    *,
    size: int = 0,
    square: bool = False,
    as_bytes: bool = False,
) -> LoadedImage:
    """Read an image of any kind, with EXIF rotation applied and colours converted to sRGB.

    Greyscale (8 and 16 bits), palette, CMYK and transparent images become RGB. Of an animation the
    first frame is read, and of 16-bit colours the upper 8 bits. At its peak this needs 4 bytes for
    each pixel in addition to the result, and twice that while the image is rotated or scaled.

    Args:
        path: the file.
        size: the number of pixels to which the shorter side is scaled, keeping the aspect ratio; 0
            keeps the size. Enlarging stops at 4 megapixels, or at four squares of this size if that
            is more, so the shorter side of a thin image can be less than `size`.
        square: whether the image is then cropped to the square in the middle.
        as_bytes: whether to return uint8, which needs a quarter of the memory.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not an image, damaged or of an unsupported kind, or an argument
            is invalid. Not all damage to a JPEG is found, since it has no checksum.
        OSError: if the file cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/gray.png", np.full((20, 30, 3), 128, np.uint8))
    ...     load(f"{folder}/gray.png", size=10, as_bytes=True).rgb[0, 0]
    array([128, 128, 128], dtype=uint8)
    """
    path = as_path(path)
    _check_size(size)
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not an image")
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    options = {"size": size, "square": square, "as_bytes": as_bytes}
    if not path.is_file():  # a pipe, which cannot seek
        return decode(path.read_bytes(), path, **options)
    with path.open("rb") as file:
        return _read(file, path, **options)


def decode(
    data: bytes,
    name: str | os.PathLike,
    *,
    size: int = 0,
    square: bool = False,
    as_bytes: bool = False,
) -> LoadedImage:
    """Read an image as `load` does, from the content of a file; `name` is its name in errors."""
    _check_size(size)
    return _read(io.BytesIO(data), name, size, square, as_bytes)


def _read(
    file: IO[bytes],
    name: str | os.PathLike,
    size: int,
    square: bool,
    as_bytes: bool,
) -> LoadedImage:
    with quiet():
        image, exif, has_profile = whole.read(file, str(name))
        original = (image.height, image.width)
        image = _scale(image, size, square)
        if square:
            image = _center_square(image)
        arrays = pixels.to_arrays(image, as_bytes)
    return LoadedImage(*arrays, original, exif, has_profile)


def save(
    path: str | os.PathLike,
    rgb: np.ndarray,
    alpha: np.ndarray | None = None,
    *,
    quality: int | None = None,
    depth: int = 8,
    exif: Image.Exif | None = None,
    profile: bool = False,
) -> None:
    """Write an image, whole or not at all, in the format of the path's suffix.

    At its peak this needs another 4 bytes for each pixel (for TIFF, only for those of a few rows),
    and the memory of the encoders of AVIF and WebP.

    Args:
        path: the file, which ends in .png, .jpg, .jpeg, .webp, .avif, .tif, .tiff or .bmp.
        rgb: the pixels, (H, W, 3), uint8, or floating in [0, 1].
        alpha: the transparency, (H, W) of the same kind; ignored if the format has none.
        quality: the quality of JPEG, WebP and AVIF, 1 to 100; by default 95, and 90 for AVIF.
        depth: the bits per channel: 8, or 16 in TIFF only.
        exif: EXIF data from `load`; the sizes in them are set to those of the image. They are left
            out of a BMP, and of a JPEG if they are too long.
        profile: whether to embed the profile of sRGB.

    Raises:
        ValueError: if the suffix is not one of these, the image is too large for its format, or
            another argument is invalid.
        OSError: if the file cannot be written.
    """
    path = as_path(path)
    check_writable(path, depth)
    _check(path, rgb, quality)
    with atomic_path(path) as temporary, _Unnumbered(temporary.open("wb", 0)) as file:
        _write(file, path.suffix, rgb, alpha, quality, depth, exif, profile)


def encode(
    suffix: str,
    rgb: np.ndarray,
    alpha: np.ndarray | None = None,
    *,
    quality: int | None = None,
    depth: int = 8,
    exif: Image.Exif | None = None,
    profile: bool = False,
) -> bytes:
    """Encode an image as the content of the file that `save` would write.

    >>> encode(".bmp", np.zeros((4, 4, 3), np.uint8))[:2]
    b'BM'
    """
    path = f"image{suffix}"
    check_writable(path, depth)
    _check(path, rgb, quality)
    buffer = io.BytesIO()
    _write(buffer, suffix, rgb, alpha, quality, depth, exif, profile)
    return buffer.getvalue()


def check_writable(path: str | os.PathLike, depth: int = 8) -> None:
    """Raise `ValueError` if an image of `depth` bits cannot be written with the path's suffix."""
    if depth not in (8, 16):
        raise ValueError(f"a channel has 8 or 16 bits, not {depth}")
    suffix = as_path(path).suffix.lower()
    if suffix not in WRITABLE:
        known = " ".join(sorted(WRITABLE))
        raise ValueError(f"cannot write {path}: its suffix is none of {known}")
    if depth == 16 and suffix not in DEEP:
        raise ValueError(f"cannot write {path} with 16 bits: only {' and '.join(DEEP)} have them")


def check_fits(path: str | os.PathLike, height: int, width: int) -> None:
    """Raise `ValueError` if an image of this size cannot be written with the path's suffix.

    >>> check_fits("a.png", 20_000, 30)
    """
    check_writable(path)
    kind, _, _ = WRITABLE[as_path(path).suffix.lower()]
    most = _LONGEST.get(kind)
    if most and max(height, width) > most:
        raise ValueError(
            f"cannot write {path}: {width} x {height} pixels, but a side has at most {most} in "
            f"{kind}: choose .png or .tif, or a smaller size"
        )


class _Unnumbered(io.BufferedWriter):
    """A file without a descriptor, so that Pillow notices that the disk is full.

    To a descriptor, Pillow's encoders of JPEG and BMP write only as much as there is room for.
    """

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


def _check_size(size: int) -> None:
    if not isinstance(size, int | np.integer) or size < 0:
        raise ValueError(f"size is a number of pixels, or 0, not {size!r}")


def _check(path: str | os.PathLike, rgb: np.ndarray, quality: int | None) -> None:
    if np.ndim(rgb) != 3 or np.shape(rgb)[-1] != 3:
        raise ValueError(f"an image is (H, W, 3), not {np.shape(rgb)}")
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality is between 1 and 100, not {quality}")
    check_fits(path, *np.shape(rgb)[:2])


def _write(
    file: IO[bytes],
    suffix: str,
    rgb: np.ndarray,
    alpha: np.ndarray | None,
    quality: int | None,
    depth: int,
    exif: Image.Exif | None,
    profile: bool,
) -> None:
    rgb = np.asarray(rgb)
    format_name, has_alpha, options = WRITABLE[suffix.lower()]
    alpha = np.asarray(alpha) if alpha is not None and has_alpha else None
    tags = exif_data.fitted(exif, rgb.shape[1], rgb.shape[0]) if exif else None
    icc = srgb.profile() if profile else None
    if format_name == "TIFF":
        _write_tiff(file, rgb, alpha, depth, tags, icc)
        return
    options = {**options, "icc_profile": icc}
    if quality is not None and "quality" in options:
        options["quality"] = quality
    if tags and not (format_name == "JPEG" and len(tags.tobytes()) > _JPEG_EXIF):
        options["exif"] = tags
    pixels.to_image(rgb, alpha).save(file, format_name, **options)


def _write_tiff(
    file: IO[bytes],
    rgb: np.ndarray,
    alpha: np.ndarray | None,
    depth: int,
    exif: Image.Exif | None,
    profile: bytes | None,
) -> None:
    convert = pixels.to_words if depth == 16 else pixels.to_bytes
    parts = [rgb] if alpha is None else [rgb, alpha[..., None]]
    tiff.write(
        file,
        (np.dstack([convert(part[rows]) for part in parts]) for rows in pixels.strips(len(rgb))),
        width=rgb.shape[1],
        height=rgb.shape[0],
        channels=3 if alpha is None else 4,
        bits=depth,
        rows=pixels.ROWS,
        exif=exif,
        profile=profile,
    )


def _scale(image: Image.Image, size: int, square: bool) -> Image.Image:
    factor = size / min(image.size) if size else 1.0
    if factor == 1:
        return image
    if factor > 1:
        if square:  # only the square of a thin image needs to be scaled
            image = _center_square(image)
        most = max(_MOST_PIXELS, _MOST_SQUARES * size**2)
        factor = min(factor, max(1.0, math.sqrt(most / (image.width * image.height))))
    width, height = (max(1, round(side * factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _center_square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))
