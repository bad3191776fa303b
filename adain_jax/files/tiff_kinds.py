"""Handles the kinds of TIFF that Pillow misreads, and names those that are not supported."""

import threading
from typing import IO

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

_WHITE_IS_ZERO, _YCBCR = 0, 6
_COLORS = {
    **{0: "inverted grey", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK", 6: "YCbCr"},
    **{8: "LAB", 9: "LAB", 10: "LAB", 32803: "raw", 34892: "raw", 32844: "LogLuv", 32845: "LogLuv"},
}
_SIGNED = 2  # the format of samples that are signed integers
_FORMATS = {2: "signed ", 3: "floating ", 5: "complex ", 6: "complex "}
_BIG = 43  # the version in the header of a BigTIFF, whose offsets have 64 bits
_LARGE = 64 << 20  # the bytes of a strip above which Pillow's own reader is preferred
_READABLE = "save it as grey or RGB of 8 or 16 bits"
# Pillow's raw modes of these kinds, and those with the machine's byte order. libtiff returns values
# in this order, but Pillow assumes the file's.
_NATIVE = {"F;32F": "F;32NF", "F;32BF": "F;32NF", "I;32S": "I;32NS", "I;32BS": "I;32NS"}
_lock = threading.Lock()


class UnsupportedError(ValueError):
    """The image may be whole, but its kind is not supported."""


def opened(file: IO[bytes]) -> ImageFile.ImageFile | None:
    """Open a TIFF, mostly to be read by libtiff; return None for any other file.

    Pillow's own reader assumes that planes have 8 bits and are not inverted, does not support
    subsampled colours, and ignores the lengths of strips and the data after them. But unlike
    libtiff, it needs no memory for a strip in addition to the pixels. So it is used for files with
    large strips that it reads correctly.

    Raises:
        UnsupportedError: if neither reads this kind of TIFF correctly.
    """
    file.seek(0)
    if file.read(4) not in TiffImagePlugin.PREFIXES:
        return None
    try:
        image = _open(file, by_libtiff=True)
        tags = _tags(image)
    except Image.UnidentifiedImageError:
        tags = read_tags(file)
        if tags is None or _is_common(tags):
            raise
        raise UnsupportedError(_name(tags)) from None
    signed = _SIGNED in _several(tags, TiffImagePlugin.SAMPLEFORMAT, 1) and _bits(tags) < 32
    if signed or (image.mode in ("LA", "La", "PA") and _in_planes(tags)):
        raise UnsupportedError(_name(tags))
    if _is_simple(tags) and max(_several(tags, TiffImagePlugin.STRIPBYTECOUNTS, 0)) > _LARGE:
        return _open(file, by_libtiff=False)
    (tile,) = image.tile
    assert isinstance(tile.args, tuple)
    image.tile = [tile._replace(args=(_NATIVE.get(tile.args[0], tile.args[0]), *tile.args[1:]))]
    return image


def _open(file: IO[bytes], *, by_libtiff: bool) -> ImageFile.ImageFile:
    file.seek(0)
    with _lock:  # it can be chosen only by a variable of the module
        TiffImagePlugin.READ_LIBTIFF = by_libtiff
        try:
            return Image.open(file)
        finally:
            TiffImagePlugin.READ_LIBTIFF = False


def read_tags(file: IO[bytes]) -> TiffImagePlugin.ImageFileDirectory_v2 | None:
    """Read the tags of any TIFF; return None if it is damaged.

    Raises:
        UnsupportedError: if it is a BigTIFF in big-endian order.
    """
    file.seek(0)
    header = file.read(8)
    if header[3] == _BIG:
        raise UnsupportedError("a BigTIFF in big-endian order, which is not supported")
    try:
        header += file.read(8) if header[2] == _BIG else b""
        tags = TiffImagePlugin.ImageFileDirectory_v2(header)
        file.seek(tags.next)
        tags.load(file)
    except Exception:  # Pillow raises errors of many kinds
        return None
    return tags if TiffImagePlugin.IMAGEWIDTH in tags else None


def mended(image: Image.Image) -> Image.Image:
    """Return a loaded image with greys that begin at 0, black, and use the whole range.

    Inverted greys, and greys of 12 bits, are converted.
    """
    tags = _tags(image)
    if image.mode not in ("I;16", "I;16B", "F"):
        return image
    inverted, bits = _color(tags) == _WHITE_IS_ZERO, _bits(tags)
    if not inverted and bits != 12:
        return image
    values = np.asarray(image)
    if bits == 12:
        values = (values.astype(np.uint32) * 65535 // 4095).astype(np.uint16)
    if inverted:
        with np.errstate(invalid="ignore"):  # `srgb` will refuse them
            values = (1 if image.mode == "F" else 65535) - values
    result = Image.fromarray(values)
    result.info = image.info
    return result


def _tags(image: Image.Image) -> TiffImagePlugin.ImageFileDirectory_v2:
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    return image.tag_v2


def _in_planes(tags: TiffImagePlugin.ImageFileDirectory_v2) -> bool:
    return tags.get(TiffImagePlugin.PLANAR_CONFIGURATION) == 2


def _is_simple(tags: TiffImagePlugin.ImageFileDirectory_v2) -> bool:
    """Whether Pillow's own reader reads the file correctly."""
    compressed = tags.get(TiffImagePlugin.COMPRESSION, 1) != 1
    return not (compressed or _in_planes(tags) or _color(tags) == _YCBCR)


def _is_common(tags: TiffImagePlugin.ImageFileDirectory_v2) -> bool:
    """Whether a whole file of this kind, grey or RGB of 8 bits, could be read."""
    known = tags.get(TiffImagePlugin.COMPRESSION, 1) in TiffImagePlugin.COMPRESSION_INFO
    more = TiffImagePlugin.EXTRASAMPLES in tags or TiffImagePlugin.SAMPLEFORMAT in tags
    return known and not more and _bits(tags) == 8 and _color(tags) in (1, 2)


def _several(tags: TiffImagePlugin.ImageFileDirectory_v2, tag: int, default: int) -> tuple:
    values = tags.get(tag, default)
    return values if isinstance(values, tuple) else (values,)


def _bits(tags: TiffImagePlugin.ImageFileDirectory_v2) -> int:
    return max(_several(tags, TiffImagePlugin.BITSPERSAMPLE, 1))


def _color(tags: TiffImagePlugin.ImageFileDirectory_v2) -> int:
    return tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION, _WHITE_IS_ZERO)


def _name(tags: TiffImagePlugin.ImageFileDirectory_v2) -> str:
    formats = {_FORMATS.get(x, "") for x in _several(tags, TiffImagePlugin.SAMPLEFORMAT, 1)}
    color = _COLORS.get(_color(tags), f"colours of kind {_color(tags)}")
    extra = len(_several(tags, TiffImagePlugin.EXTRASAMPLES, 0)) if 338 in tags else 0
    more = f" with {extra} more channel{'s' if extra > 1 else ''}" if extra else ""
    compression = tags.get(TiffImagePlugin.COMPRESSION, 1)
    how = ""
    if compression not in TiffImagePlugin.COMPRESSION_INFO:
        how = f", compressed by method {compression},"
    planes = " in planes" if _in_planes(tags) else ""
    what = f"{''.join(sorted(formats))}{_bits(tags)}-bit {color}{more}{planes}{how}"
    return f"a TIFF of {what} which is not supported: {_READABLE}"
