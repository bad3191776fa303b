"""Writes TIFF with 16-bit colours and EXIF data, which Pillow alone does not write."""

import struct
import zlib
from collections.abc import Iterable
from typing import IO

import numpy as np
from PIL import Image, TiffImagePlugin, TiffTags

_DEFLATE, _RGB, _INTERLEAVED, _TRANSPARENCY = 8, 2, 1, 2  # values of tags
_PROFILE = 34675  # the tag of the ICC profile
_START = 8  # the offset of the directory


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
    """Write an image strip by strip, with lossless compression. Pillow writes the tags.

    Args:
        file: an empty file, open for writing.
        strips: arrays of unsigned integers, each (rows, width, channels), from the top; the last
            may have fewer rows.
        width: the width of the image.
        height: the height of the image.
        channels: 3, or 4 with the transparency as the last.
        bits: the bits of a channel, 8 or 16.
        rows: the rows of a strip.
        exif: additional tags.
        profile: an ICC profile.

    Raises:
        ValueError: if the file gets longer than 4 GB, the limit of a TIFF.
    """
    directory = TiffImagePlugin.ImageFileDirectory_v2()  # little-endian by default
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
            (TiffImagePlugin.STRIPOFFSETS, offsets),  # Pillow adds the end of the directory
            (TiffImagePlugin.STRIPBYTECOUNTS, lengths),
        ):
            directory.tagtype[tag] = TiffTags.LONG
            directory[tag] = tuple(values)
        return directory.tobytes(_START)

    file.write(b"II*\0" + struct.pack("<I", _START))
    file.write(laid_out(places, places))  # as long as the final directory
    end, offsets, lengths = file.tell(), [], []
    for strip in strips:
        offsets.append(file.tell() - end)
        lengths.append(file.write(zlib.compress(strip.astype(f"<u{bits // 8}").tobytes())))
    if file.tell() >= 2**32:
        raise ValueError("the picture is too large for a TIFF: 4 GB at most")
    file.seek(_START)
    file.write(laid_out(offsets, lengths))
