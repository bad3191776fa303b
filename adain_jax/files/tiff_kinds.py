"""The kinds of TIFF that Pillow misreads, and the names of those that it does not read."""

import threading
from typing import IO

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

_WHITE_IS_ZERO, _YCBCR = 0, 6
_COLORS = {
    **{0: "grey", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK", 6: "YCbCr", 8: "LAB"},
    **{9: "LAB", 10: "LAB", 32803: "raw", 34892: "raw", 32844: "LogLuv", 32845: "LogLuv"},
}
_SIGNED = 2
_FORMATS = {2: "signed ", 3: "floating ", 5: "complex ", 6: "complex "}
_READABLE = "save it with channels of 8 or 16 bits, as grey or RGB"
_lock = threading.Lock()


class UnsupportedError(ValueError):
    """A whole image, but of a kind that is not read."""


def unsupported(file: IO[bytes]) -> str | None:
    """What kind a TIFF is of that Pillow refuses; None if it is no TIFF, or damaged."""
    file.seek(0)
    header = file.read(8)
    if header[:4] not in TiffImagePlugin.PREFIXES:
        return None
    try:
        if header[2] == 43 or header[3] == 43:  # BigTIFF
            header += file.read(8)
        tags = TiffImagePlugin.ImageFileDirectory_v2(header)
        file.seek(tags.next)
        tags.load(file)
    except Exception:
        return None
    return _name(tags) if TiffImagePlugin.IMAGEWIDTH in tags else None


def reopened(image: ImageFile.ImageFile, file: IO[bytes]) -> ImageFile.ImageFile:
    """The image, or, where Pillow's own reader errs, the same to be read by libtiff.

    It reads planes as if of 8 bits and not inverted, and knows no subsampled colours.

    Raises:
        UnsupportedError: if it has signed values of 8 or 16 bits, which Pillow takes for unsigned.
    """
    tags = _tags(image)
    if _SIGNED in _several(tags, TiffImagePlugin.SAMPLEFORMAT, 1) and _bits(tags) < 32:
        raise UnsupportedError(_name(tags))
    planes = tags.get(TiffImagePlugin.PLANAR_CONFIGURATION) == 2
    if tags.get(TiffImagePlugin.COMPRESSION, 1) != 1 or not (planes or _color(tags) == _YCBCR):
        return image
    file.seek(0)
    with _lock:  # no argument says it, but a variable of the module; where it is read, it is right
        TiffImagePlugin.READ_LIBTIFF = True
        try:
            return Image.open(file)
        finally:
            TiffImagePlugin.READ_LIBTIFF = False


def mended(image: Image.Image) -> Image.Image:
    """The loaded image with its greys from 0, black, to the whole of its range."""
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
        values = (1 if image.mode == "F" else 65535) - values
    result = Image.fromarray(values)
    result.info = image.info
    return result


def _tags(image: Image.Image) -> TiffImagePlugin.ImageFileDirectory_v2:
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    return image.tag_v2


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
    return (
        f"a TIFF of {''.join(sorted(formats))}{_bits(tags)}-bit {color}{more}{how} which is not "
        f"supported: {_READABLE}"
    )
