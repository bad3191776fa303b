"""The colour of a PNG that means transparency, at its own depth."""

import struct
import zlib

import numpy as np
import pytest

from adain_jax.files import image
from tests.files.fuzz.png import chunk


def png(pixels, depth, color, *, key=None, palette=None, extra=b""):
    """A PNG of rows without filters, of any depth, which Pillow does not write."""
    height, width = pixels.shape[:2]
    if depth == 16:
        rows = pixels.reshape(height, -1).astype(">u2").view(np.uint8)
    else:
        shifts = np.arange(depth)[::-1]
        bits = (pixels.reshape(height, -1, 1) >> shifts & 1).reshape(height, -1)
        rows = np.packbits(bits.astype(np.uint8), axis=1)
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)), extra]
    parts += [chunk(b"PLTE", palette)] if palette else []
    parts += [chunk(b"tRNS", np.asarray(key, ">u2").tobytes())] if key is not None else []
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join([*parts, chunk(b"IDAT", data), chunk(b"IEND", b"")])


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_grey_that_means_transparency(depth):
    most = (1 << depth) - 1
    values = np.random.default_rng(0).integers(most + 1, size=(9, 7))
    key = values[3, 3]
    loaded = image.decode(png(values, depth, 0, key=[key]), "a.png")
    assert loaded.alpha is not None
    np.testing.assert_array_equal(loaded.alpha, values != key)
    np.testing.assert_allclose(loaded.rgb[..., 0], values / most, atol=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_colour_that_means_transparency(depth):
    """At all of its depth: neighbours of 16 bits are the same in 8."""
    values = np.random.default_rng(0).integers(1 << depth, size=(9, 7, 3))
    values[0] = values[3, 3]
    values[0, 1:, 1] ^= 1
    loaded = image.decode(png(values, depth, 2, key=values[3, 3]), "a.png")
    assert loaded.alpha is not None
    np.testing.assert_array_equal(loaded.alpha, (values != values[3, 3]).any(-1))
    np.testing.assert_allclose(loaded.rgb, values / ((1 << depth) - 1), atol=1 / 255)
