"""Reads image files by Pillow, whole or not at all: checks for damage, and corrects pixels."""

import struct
from collections.abc import Callable
from contextlib import suppress
from typing import IO, NamedTuple

from PIL import Image, ImageFile

from adain_jax.files import damage, png_key, srgb, tiff_kinds
from adain_jax.files import exif as exif_data
from adain_jax.runtime.text import one_line

# The brands in the first bytes of HEIC files, which share others with AVIF.
_HEIC, _AVIF = {b"heic", b"heix", b"hevc", b"heim", b"heis"}, {b"avif", b"avis"}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Picture(NamedTuple):
    """An image of mode RGB, RGBA or F in sRGB, upright; its EXIF data; whether it had a profile."""

    image: Image.Image
    exif: Image.Exif | None
    has_profile: bool


def read(file: IO[bytes], name: str) -> Picture:
    """Decode a whole image.

    Args:
        file: a seekable file, at its start.
        name: its name in errors.

    Raises:
        ValueError: if the file is not an image, of an unsupported kind, or damaged.
    """
    if not file.read(1):
        raise ValueError(f"{name} is empty (0 bytes)")
    file.seek(0)
    try:
        image = tiff_kinds.opened(file) or Image.open(file)
    except tiff_kinds.UnsupportedError as error:
        raise ValueError(f"{name} is {error}") from None
    except Image.UnidentifiedImageError:
        raise ValueError(f"{name} is {_why_unidentified(file)}") from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise errors of many kinds
        raise ValueError(f"{name} cannot be read as an image: {one_line(error)}") from None
    try:
        damage.check(file, image.format or "")
        return _decode(image, file)
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(f"{name} is a damaged or truncated image: {one_line(error)}") from None


def _why_unidentified(file: IO[bytes]) -> str:
    """Say what a file is that no decoder accepts; Pillow's own error does not say it."""
    file.seek(0)
    start = file.read(64)
    brands = {start[i : i + 4] for i in range(8, len(start), 4)}
    if start[4:8] == b"ftyp" and brands & _HEIC and not brands & _AVIF:
        return "a HEIC image, which cannot be read: convert it to JPEG or PNG first"
    start = start[:16]
    for kind in Image.ID:
        factory, accepts = Image.OPEN[kind]
        with suppress(struct.error, IndexError):  # the file is too short for the check
            if accepts and accepts(start) is True:
                return (
                    f"a damaged or truncated image, of {kind} by its start{_failure(factory, file)}"
                )
    return "not an image, or of an unknown format"


def _failure(factory: Callable[[IO[bytes], str], object], file: IO[bytes]) -> str:
    file.seek(0)
    try:
        factory(file, "")
    except Exception as error:
        return f": {one_line(error)}"
    return ""


def _decode(image: ImageFile.ImageFile, file: IO[bytes]) -> Picture:
    if image.format == "TIFF":
        exif = exif_data.of(image)
        image.load()  # this also turns it upright
        pixels = tiff_kinds.mended(image)
    else:
        pixels = png_key.load(image, file) if image.format == "PNG" else _loaded(image)
        # Not earlier: for a PNG this would load the pixels, and ignore errors in them.
        exif = exif_data.of(pixels)
        pixels = upright(pixels, exif_data.orientation(pixels))
    profile = pixels.info.get("icc_profile")
    return Picture(srgb.convert(pixels, profile), exif, bool(profile))


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn an image upright by its EXIF orientation, from 1 to 8."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _loaded(image: Image.Image) -> Image.Image:
    image.load()
    return image
