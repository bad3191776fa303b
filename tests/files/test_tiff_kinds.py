"""Kinds of TIFFs: read right, or named."""

import struct
from typing import Any

import numpy as np
import pytest
import tifffile

from adain_jax.files import image, tiff_kinds
from tests.files.fuzz import PREMULTIPLIED_GREY

NOISE = np.random.default_rng(0).integers(256, size=(64, 48, 3), dtype=np.uint8)


@pytest.mark.skipif(not PREMULTIPLIED_GREY, reason="this Pillow refuses it")
def test_grey_with_associated_alpha(tmp_path):
    """Which has been multiplied with it."""
    grey = np.arange(0, 240, 10, dtype=np.uint8)
    alpha = np.full_like(grey, 128)
    premultiplied = (grey.astype(int) * 128 // 255).astype(np.uint8)
    data = np.stack([premultiplied, alpha], axis=-1)[None].repeat(3, 0)
    tifffile.imwrite(
        tmp_path / "a.tif", data, photometric="minisblack", extrasamples=["assocalpha"]
    )
    loaded = image.load(tmp_path / "a.tif")
    assert loaded.alpha is not None
    np.testing.assert_allclose(loaded.alpha, 128 / 255, atol=1e-6)
    np.testing.assert_allclose(loaded.rgb[..., 0], np.tile(grey / 255, (3, 1)), atol=2 / 255)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("options", [{}, {"tile": (16, 16)}, {"compression": "zlib"}])
@pytest.mark.parametrize("photometric", ["rgb", "separated"])
def test_planes(tmp_path, dtype, order, options, photometric):
    channels = 3 if photometric == "rgb" else 4
    most = np.iinfo(dtype).max
    planes = np.random.default_rng(0).random((channels, 20, 30))
    stored = (planes * most).round().astype(dtype)
    options = {
        "photometric": photometric,
        "planarconfig": "separate",
        "byteorder": order,
        **options,
    }
    tifffile.imwrite(tmp_path / "a.tif", stored, **options)
    expected = planes if photometric == "rgb" else (1 - planes[:3]) * (1 - planes[3:])
    loaded = image.load(tmp_path / "a.tif")
    np.testing.assert_allclose(loaded.rgb, expected.transpose(1, 2, 0), atol=0.01)


@pytest.mark.parametrize(("dtype", "most"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)])
@pytest.mark.parametrize("planes", [False, True])
def test_white_is_zero(tmp_path, dtype, most, planes):
    values = np.linspace(0, 1, 300, dtype=np.float32).reshape(15, 20)
    stored = (values * most).round(6 if most == 1 else 0).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="miniswhite")
    if planes:  # one plane, but said to be one of several
        _add_tag(tmp_path / "a.tif", 284, 2)
    loaded = image.load(tmp_path / "a.tif")
    np.testing.assert_allclose(loaded.rgb[..., 0], 1 - values, atol=0.01)


def _add_tag(path, tag, value):
    """In place of the last one, which is of tifffile's own text."""
    data = bytearray(path.read_bytes())
    start = data.index(struct.pack("<HHII", 277, 3, 1, 1))
    data[start : start + 12] = struct.pack("<HHII", tag, 3, 1, value)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("dtype", "shape", "message"),
    [
        (np.uint32, (8, 9, 3), "a TIFF of 32-bit RGB which is not supported: save it as"),
        (np.float32, (8, 9, 3), "a TIFF of floating 32-bit RGB which is not supported"),
        (np.int16, (8, 9), "a TIFF of signed 16-bit grey which is not supported"),
        (np.int8, (8, 9), "a TIFF of signed 8-bit grey which is not supported"),
        (np.float64, (8, 9), "a TIFF of floating 64-bit grey which is not supported"),
        (np.uint8, (2, 8, 9), "a TIFF of 8-bit grey with 1 more channel in planes which is not"),
    ],
)
@pytest.mark.parametrize("bigtiff", [False, True])
def test_kinds_not_supported_are_named(tmp_path, dtype, shape, message, bigtiff):
    options: dict[str, Any] = {"photometric": "rgb" if shape[-1] == 3 else "minisblack"}
    if shape[0] == 2:
        options |= {"planarconfig": "separate", "extrasamples": ["unassalpha"]}
    tifffile.imwrite(tmp_path / "a.tif", np.zeros(shape, dtype), bigtiff=bigtiff, **options)
    with pytest.raises(ValueError, match=f"a.tif is {message}"):
        image.load(tmp_path / "a.tif")


def test_the_order_of_bigtiffs(tmp_path):
    pixels = NOISE.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "<.tif", pixels, bigtiff=True, byteorder="<")
    tifffile.imwrite(tmp_path / ">.tif", pixels, bigtiff=True, byteorder=">")
    np.testing.assert_array_equal(image.load(tmp_path / "<.tif", as_bytes=True).rgb, NOISE)
    with pytest.raises(ValueError, match="is a BigTIFF in big-endian order, which is not supp"):
        image.load(tmp_path / ">.tif")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_floating_grey_in_both_orders(tmp_path, order, compression):
    values = np.linspace(0, 1, 300, dtype=np.float32).reshape(15, 20)
    options = {"byteorder": order, "compression": compression}
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", **options)
    np.testing.assert_array_equal(image.load(tmp_path / "a.tif").rgb[..., 0], values)


def test_large_strips_are_not_held_beside_the_pixels(tmp_path, monkeypatch):
    """Then Pillow's own reader is taken, where it is right."""
    tifffile.imwrite(tmp_path / "a.tif", NOISE, photometric="rgb")
    planes = NOISE.transpose(2, 0, 1).astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "b.tif", planes, photometric="rgb", planarconfig="separate")
    monkeypatch.setattr(tiff_kinds, "_LARGE", 1000)
    for name, codec in (("a.tif", "raw"), ("b.tif", "libtiff")):
        with (tmp_path / name).open("rb") as file:
            opened = tiff_kinds.opened(file)
            assert opened is not None
            assert {tile.codec_name for tile in opened.tile} == {codec}
        np.testing.assert_array_equal(image.load(tmp_path / name, as_bytes=True).rgb, NOISE)
