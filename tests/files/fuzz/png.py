"""PNGs by hand: Pillow writes few of their kinds."""

import struct
import zlib
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.files.fuzz.file import File, turned
from tests.files.fuzz.parts import exif_data, packed, profile_of, shape_of, three, values_of


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


_ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
_ADAM7 += [(1, 0, 2, 1)]  # row, column, and the distances of rows and columns


def png(draw: Any) -> File:
    color, depth = draw(
        st.sampled_from(
            [*((0, d) for d in (1, 2, 4, 8, 16)), *((3, d) for d in (1, 2, 4, 8))]
            + [(c, d) for c in (2, 4, 6) for d in (8, 16)]
        )
    )
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    most = (1 << depth) - 1
    height, width = shape_of(draw)
    samples = np.round(values_of(draw, (height, width, channels)) * most).astype(np.int64)
    before, alpha = [], None
    scaled = samples / most
    if color == 3:
        colors = np.random.default_rng(draw(st.integers(0, 99))).integers(256, size=(most + 1, 3))
        before.append(chunk(b"PLTE", colors.astype(np.uint8).tobytes()))
        rgb = colors[samples[..., 0]] / 255
        if draw(st.booleans()):
            some = np.array(draw(st.lists(st.integers(0, 255), min_size=1, max_size=most + 1)))
            before.append(chunk(b"tRNS", some.astype(np.uint8).tobytes()))
            alpha = np.append(some, [255] * (most + 1 - len(some)))[samples[..., 0]] / 255
    else:
        rgb = scaled[..., :3] if color in (2, 6) else three(scaled[..., 0])
        if color in (4, 6):
            alpha = scaled[..., -1]
        elif draw(st.booleans()):
            key = samples[draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))]
            before.append(chunk(b"tRNS", key.astype(">u2").tobytes()))
            alpha = (samples != key).any(-1).astype(float)
    profile, order = profile_of(draw)
    profile = profile if color in (2, 3, 6) else None  # it is one of colours
    if profile:
        before.insert(0, chunk(b"iCCP", b"name\0\0" + zlib.compress(profile)))
        rgb = rgb[..., list(order)]
    exif, orientation = exif_data(draw)
    after = []
    if draw(st.booleans()):
        (before if draw(st.booleans()) else after).append(chunk(b"eXIf", exif[6:]))
        rgb = turned(rgb, orientation)
        alpha = None if alpha is None else turned(alpha, orientation)
    if draw(st.booleans()):
        after.append(chunk(b"tEXt", b"Title\0a picture"))
    interlaced = draw(st.booleans())
    passes = _ADAM7 if interlaced else [(0, 0, 1, 1)]
    parts = [samples[r::down, c::right] for r, c, down, right in passes]
    rows = b"".join(b"\0" + row for part in parts if part.size for row in packed(part, depth))
    data = zlib.compress(rows, draw(st.sampled_from([0, 6])))
    cut = draw(st.integers(1, len(data)))
    idat = [chunk(b"IDAT", x) for x in (data[:cut], data[cut:])]
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    whole = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), *before, *idat, *after]
    kind = f"PNG of colour type {color}, {depth} bits{', interlaced' * interlaced}"
    return File(
        kind,
        "PNG",
        b"".join([*whole, chunk(b"IEND", b"")]),
        rgb,
        alpha,
        order=order if profile else None,
    )
