"""Writing TIFF with colours of 16 bits and EXIF, where Pillow alone does neither."""

import struct
import zlib
from collections.abc import Iterable
from typing import IO

import numpy as np
from PIL import Image, TiffImagePlugin, TiffTags

_DEFLATE, _RGB, _INTERLEAVED, _TRANSPARENCY = 8, 2, 1, 2  # as the format calls them
_PROFILE = 34675
_START = 8  # of the directory


def write(
    file: IO[bytes],
    strips: Iterable[np.ndarray],
    *,
    width: int,
    height: int,
    channels: int,
    bits: int,
    rows: int,
    exif: Image.Exif | None = None,
    profile: bytes | None = None,
) -> None:
    """Write an image strip by strip, compressed without loss. The tags are written by Pillow.

    Args:
        file: open for writing, and empty.
        strips: of unsigned integers, each (rows, width, channels), from the top; the last may be
            lower.
        width: of the image.
        height: of the image.
        channels: 3, or 4, the last of which is transparency.
        bits: of a channel, 8 or 16.
        rows: height of a strip.
        exif: tags that it has besides.
        profile: an ICC profile.

    Raises:
        ValueError: if it gets longer than the 4 GB that a TIFF can be.
    """
    directory = TiffImagePlugin.ImageFileDirectory_v2()  # little-endian, if not told otherwise
    for tag, value in (exif or {}).items():
        directory[tag] = value
    directory[TiffImagePlugin.IMAGEWIDTH] = width
    directory[TiffImagePlugin.IMAGELENGTH] = height
    directory[TiffImagePlugin.BITSPERSAMPLE] = (bits,) * channels
    directory[TiffImagePlugin.COMPRESSION] = _DEFLATE
    directory[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = _RGB
    directory[TiffImagePlugin.SAMPLESPERPIXEL] = channels
    directory[TiffImagePlugin.PLANAR_CONFIGURATION] = _INTERLEAVED
    directory[TiffImagePlugin.ROWSPERSTRIP] = rows
    if channels == 4:
        directory[TiffImagePlugin.EXTRASAMPLES] = _TRANSPARENCY
    if profile:
        directory.tagtype[_PROFILE] = TiffTags.UNDEFINED
        directory[_PROFILE] = profile
    places = [0] * -(-height // rows)

    def laid_out(offsets: list[int], lengths: list[int]) -> bytes:
        for tag, values in (
            (TiffImagePlugin.STRIPOFFSETS, offsets),  # to which it adds where the directory ends
            (TiffImagePlugin.STRIPBYTECOUNTS, lengths),
        ):
            directory.tagtype[tag] = TiffTags.LONG
            directory[tag] = tuple(values)
        return directory.tobytes(_START)

    file.write(b"II*\0" + struct.pack("<I", _START))
    file.write(laid_out(places, places))  # of the same length as the one that will replace it
    end, offsets, lengths = file.tell(), [], []
    for strip in strips:
        offsets.append(file.tell() - end)
        lengths.append(file.write(zlib.compress(strip.astype(f"<u{bits // 8}").tobytes())))
    if file.tell() >= 2**32:
        raise ValueError("the picture is too large for a TIFF: 4 GB at most")
    file.seek(_START)
    file.write(laid_out(offsets, lengths))
