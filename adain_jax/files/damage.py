"""Checks of image files for damage that Pillow's decoders ignore.

Not all damage can be found: only PNG and the deflated data of a TIFF have checksums. If damaged
data still decode to a picture, as mostly within a JPEG's compressed data or among uncompressed
pixels, this picture is read. A truncated file is found in any format except a PPM of text, whose
last number may be cut in two.
"""

import re
import struct
import zlib
from collections.abc import Callable
from typing import IO

from PIL import TiffImagePlugin

from adain_jax.files import tiff_kinds

_PIECE = 1 << 20  # the bytes read at once

# A marker that ends a JPEG's compressed data. FF 00 is an FF in the data, FF FF is a filler, and
# FF D0 to FF D7 are restarts within the data.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JPEG_RESTART = re.compile(rb"\xff([\xd0-\xd7])")
_START, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", b"\xff\xda"
# The markers that may follow a scan: tables, number of lines, restart interval, another scan,
# APP0-15, a comment.
_JPEG_NEXT = {
    _SCAN,
    *(bytes((0xFF, x)) for x in (0xC4, 0xDB, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xFE)),
}

_DEFLATED = (8, 32946)  # the two numbers of the deflate compression in a TIFF
_PARTS = (  # the tags of the offsets and lengths of strips and of tiles
    (TiffImagePlugin.STRIPOFFSETS, TiffImagePlugin.STRIPBYTECOUNTS),
    (TiffImagePlugin.TILEOFFSETS, TiffImagePlugin.TILEBYTECOUNTS),
)

# The start of a JPEG 2000 code stream, and the start of a tile in it.
_J2K_START, _J2K_TILE = b"\xff\x4f\xff\x51", b"\xff\x90"


def check(file: IO[bytes], format_name: str) -> None:
    """Raise `ValueError` if the pixels in `file` are damaged; otherwise keep its position."""
    if format_name not in _CHECKS:
        return
    position = file.tell()
    file.seek(0)
    _CHECKS[format_name](file)
    file.seek(position)


def _check_png(file: IO[bytes]) -> None:
    """Compare the pixels with their checksums, which Pillow does not do."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return
        if kind != b"IDAT":
            file.seek(length + 4, 1)
            continue
        checksum = zlib.crc32(kind)
        while length and (piece := file.read(min(length, _PIECE))):
            checksum = zlib.crc32(piece, checksum)
            length -= len(piece)
        if length or file.read(4) != struct.pack(">I", checksum):
            raise ValueError("its pixels are not those of their checksum")


def _check_jpeg(file: IO[bytes]) -> None:
    """Look for markers that are invalid in compressed data.

    libjpeg stops at such a marker, and the rest of the image would be grey.
    """
    data = file.read()
    if data[:2] != _START:
        return
    position = 2
    while True:
        position = data.find(b"\xff", position)
        marker = data[position : position + 2]
        if position < 0 or len(data) < position + 4 or marker == _END:
            return  # the decoder itself reports a file that is too short
        if marker == b"\xff\xff":
            position += 1
            continue
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker != _SCAN:
            continue
        found = _JPEG_MARKER.search(data, position)
        if not found:
            return
        restarts = _JPEG_RESTART.findall(data[position : found.start()])
        if any(number[0] - 0xD0 != i % 8 for i, number in enumerate(restarts)):
            raise ValueError("a part of its compressed data is missing")
        if found[0] == _END:
            return
        if found[0] not in _JPEG_NEXT:
            raise ValueError(f"its compressed data are broken off at byte {found.start()}")
        position = found.start()


def _check_jpeg2000(file: IO[bytes]) -> None:
    """Look for the end of the code stream.

    Without this check, a file that is cut between two tiles would be read without the rest.
    """
    data = file.read()
    position = data.find(_J2K_START) + 2
    while data[position : position + 2] != _J2K_TILE:
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if position < 2 or not length:
            raise ValueError("it has no tiles")
        position += 2 + length
    while data[position : position + 2] == _J2K_TILE:
        length = int.from_bytes(data[position + 6 : position + 10], "big")
        if not length:  # the tile extends to the end
            position = len(data) - 2
            break
        position += length
    if data[position : position + 2] != _END:
        raise ValueError("it ends between two tiles")


def _check_tiff(file: IO[bytes]) -> None:
    """Inflate up to the checksum, which libtiff does not check once it has all pixels."""
    tags = tiff_kinds.read_tags(file)
    if tags is None or tags.get(TiffImagePlugin.COMPRESSION) not in _DEFLATED:
        return
    for places, lengths in _PARTS:
        if places in tags:
            for offset, length in zip(tags[places], tags[lengths], strict=True):
                file.seek(offset)
                try:
                    zlib.decompress(file.read(length))
                except zlib.error:
                    raise ValueError("its pixels are not those of their checksum") from None


_CHECKS: dict[str, Callable[[IO[bytes]], None]] = {
    "PNG": _check_png,
    "JPEG": _check_jpeg,
    "JPEG2000": _check_jpeg2000,
    "MPO": _check_jpeg,
    "TIFF": _check_tiff,
}
