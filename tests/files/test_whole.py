"""No file whose pixels do not decode whole passes; what is not supported is named."""

import io
import logging
import os
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageFile

from adain_jax.files import image, tiff_kinds
from tests.files.fuzz import PREMULTIPLIED_GREY

NOISE = np.random.default_rng(0).integers(256, size=(64, 48, 3), dtype=np.uint8)


def encoded(format_name, pixels=NOISE, **options):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, format_name, **options)
    return data.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


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


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0garbage"])
@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_damaged_png_is_refused(tmp_path, exif, as_bytes):
    """Pillow loads its pixels when asked for EXIF data, and hands out half of them afterwards."""
    data = bytearray(encoded("PNG", exif=exif))
    data[len(data) // 3 : len(data) // 3 + 200] = bytes(200)
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.png is a damaged or truncated image: its pixels"):
        image.load(tmp_path / "a.png", as_bytes=as_bytes)


@pytest.mark.parametrize("place", [-30, -16, 60])
def test_every_byte_of_a_pngs_pixels_counts(place):
    """Noise is hardly compressed: a changed byte decodes, but to another picture."""
    data = bytearray(encoded("PNG", compress_level=0))
    data[place] ^= 1
    with pytest.raises(ValueError, match="damaged or truncated"):
        image.decode(bytes(data), "a.png")


def test_a_pngs_remarks_do_not_count():
    """Nor what stands behind its pixels; what stands before may say of which colour they are."""
    data = encoded("PNG")
    remark = bytearray(chunk(b"tEXt", b"Title\0a"))
    remark[-1] ^= 1
    end = len(data) - 12
    loaded = image.decode(data[:end] + bytes(remark) + data[end:], "a.png", as_bytes=True)
    np.testing.assert_array_equal(loaded.rgb, NOISE)
    np.testing.assert_array_equal(image.decode(data[:end], "a.png", as_bytes=True).rgb, NOISE)
    with pytest.raises(ValueError, match=r"damaged .* of PNG by its start: .*checksum in b'tEXt'"):
        image.decode(data[:33] + bytes(remark) + data[33:], "a.png")


FORMATS = {
    "PNG": {},
    "JPEG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "GIF": {},
    "BMP": {},
    "AVIF": {},
    "JPEG2000": {},
    "TGA": {},
    "PPM": {},
}


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.97])
def test_half_a_file_is_refused(format_name, share):
    data = encoded(format_name, **FORMATS[format_name])
    with pytest.raises(ValueError, match=r"^a\.image ") as caught:
        image.decode(data[: int(len(data) * share)], "a.image")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("compression", [None, "zlib", "tiff_lzw", "packbits"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_half_a_tiff_is_refused(tmp_path, compression, share, capfd):
    """Its directory is at its start, as tifffile has it, or at its end."""
    path = tmp_path / "a.tif"
    if compression in (None, "zlib"):
        tifffile.imwrite(path, NOISE, compression=compression)
    else:
        path.write_bytes(encoded("TIFF", compression=compression))
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError, match=r"a\.tif is"):
        image.load(path)
    assert capfd.readouterr().err == ""


def test_a_jpeg_broken_off():
    """libjpeg stops at a marker among the data, and fills what is below it with grey."""
    data = encoded("JPEG", quality=90)
    assert image.decode(data, "a.jpg").rgb.shape == (64, 48, 3)
    middle = len(data) // 2
    other = bytes(range(256)) * 2 + b"\xff\x01"  # as of another file, by a fault of the disk
    with pytest.raises(ValueError, match="broken off at byte"):
        image.decode(data[:middle] + other + data[middle + len(other) :], "a.jpg")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_whole_jpegs(options):
    image.decode(encoded("JPEG", comment=b"\xff\xd8\xff\xd9", **options), "a.jpg")


def test_a_lost_part_of_a_jpeg():
    data = encoded("JPEG", restart_marker_rows=1)
    start, end = (data.rindex(bytes((0xFF, x))) for x in (0xD1, 0xD2))
    with pytest.raises(ValueError, match="a part of its compressed data is missing"):
        image.decode(data[:start] + data[end:], "a.jpg")


def test_a_jpeg_2000_without_its_last_tiles():
    data = encoded("JPEG2000", tile_size=(16, 16))
    assert image.decode(data, "a.jp2").rgb.shape == (64, 48, 3)
    last, first = data.rindex(b"\xff\x90"), data.index(b"\xff\x90")
    for cut in (last, last + 2, last + 8, last + 12, first, first + 2):
        with pytest.raises(ValueError, match=r"it (ends between two|has no) tiles"):
            image.decode(data[:cut], "a.jp2")


def test_nothing_lets_truncated_images_pass():
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


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


@pytest.mark.parametrize(
    "start", [b"\x89PNG", b"II*\0", b"MM\0*", b"MM\0+", b"\xff\xd8\xff", b"GIF8"]
)
def test_the_start_of_a_file_alone(start):
    for data in (start, start[:2], start + bytes(30)):
        with pytest.raises(ValueError, match=r"^a\.image (is|cannot be read)"):
            image.decode(data, "a.image")


def test_warnings_go_to_the_log(capfd, caplog, monkeypatch):
    """Pillow's, which tests would turn into errors, and libtiff's, which prints them itself."""
    data = bytearray(encoded("TIFF", compression="tiff_lzw"))
    data[2000:2200] = bytes(200)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 48 - 1)
    before = list(warnings.filters)
    with caplog.at_level(logging.DEBUG, "adain_jax"):
        image.decode(encoded("PNG"), "a.png")
        with pytest.raises(ValueError, match="damaged"):
            image.decode(bytes(data), "a.tif")
    assert warnings.filters == before
    said = [record.getMessage() for record in caplog.records]
    assert any(text.startswith("Pillow: Image size (3072 pixels)") for text in said)
    assert any(text.startswith("libtiff: LZWDecode: Not enough data at scanline") for text in said)
    assert capfd.readouterr().err == ""


def test_warnings_of_others_go_where_they_went(monkeypatch):
    """Also while images are decoded in other threads, and afterwards."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 48 - 1)
    data, stop = encoded("PNG"), threading.Event()

    def work():
        while not stop.is_set():
            image.decode(data, "a.png")

    threads = [threading.Thread(target=work) for _ in range(3)]
    before = list(warnings.filters)
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            with pytest.raises(UserWarning, match="ours"):
                warnings.warn("ours", stacklevel=1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert warnings.filters == before


def test_what_pillow_logs_is_not_printed(tmp_path):
    """Without a handler, Python prints what a library logs as an error."""
    pixels = np.zeros((8, 9, 20), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", planarconfig="contig")
    code = "from adain_jax.files import image; image.load('a.tif')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert "More samples" not in done.stderr
    assert "ValueError: a.tif is a TIFF of 8-bit RGB with 17 more channels" in done.stderr


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((3, 6000), 512, (46, 91589)),  # 4 megapixels
        ((6000, 3), 512, (91589, 46)),
        ((3, 6000), 2, (2, 4000)),  # scaled down
        ((10, 100), 512, (512, 5120)),
        ((15, 10), 2200, (3300, 2200)),  # more than 4 megapixels, as asked for
        ((1, 50), 2200, (622, 31113)),  # four squares of that size
    ],
)
def test_thin_images_are_scaled_within_bounds(tmp_path, shape, size, expected):
    Image.fromarray(np.zeros(shape, np.uint8)).save(tmp_path / "a.png")
    loaded = image.load(tmp_path / "a.png", size=size, as_bytes=True)
    assert loaded.rgb.shape == (*expected, 3)
    assert loaded.original_size == shape


def test_a_square_of_a_thin_image_has_its_size(tmp_path):
    Image.fromarray(np.zeros((2, 50_000), np.uint8)).save(tmp_path / "a.png")
    loaded = image.load(tmp_path / "a.png", size=512, square=True, as_bytes=True)
    assert loaded.rgb.shape == (512, 512, 3)


def test_links_to_folders_are_followed_once(tmp_path):
    top, elsewhere = tmp_path / "top", tmp_path / "elsewhere"
    for path in (top / "real" / "a.png", elsewhere / "b.png", elsewhere / "in" / "c.png"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    links = {
        "again": top / "real",  # which is there by its own name
        "data": elsewhere,
        "also": elsewhere / "in",
        ".hidden": elsewhere,
        "real/loop": top,
        "nowhere": tmp_path / "nix",
    }
    for name, target in links.items():
        (top / name).symlink_to(target)
    (elsewhere / "up").symlink_to(tmp_path)
    found = [path.relative_to(top).as_posix() for path in image.find(top)]
    assert found == ["also/c.png", "data/b.png", "real/a.png"]
    (tmp_path / "link").symlink_to(top)
    found = [path.relative_to(tmp_path / "link") for path in image.find(tmp_path / "link")]
    assert [str(path) for path in found] == ["also/c.png", "data/b.png", "real/a.png"]


@pytest.mark.skipif(os.name != "posix", reason="modes of folders")
def test_what_cannot_be_entered_is_passed_over(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "closed").mkdir(mode=0)
    try:
        assert image.find(tmp_path) == [tmp_path / "a.png"]
    finally:
        (tmp_path / "closed").chmod(0o700)


@pytest.mark.parametrize("options", [{}, {"tile": (64, 64)}])
def test_zeros_in_a_deflated_tiff(tmp_path, options):
    """Which libtiff reads to the last pixel, and no further, where the checksum would be."""
    y, x = np.mgrid[:192, :256]
    pixels = np.stack([x, y, x + y], -1).astype(np.uint8)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, compression="zlib", photometric="rgb", **options)
    np.testing.assert_array_equal(image.load(path, as_bytes=True).rgb, pixels)
    whole = path.read_bytes()
    for start in range(len(whole) // 4, len(whole) - 600, len(whole) // 5):
        path.write_bytes(whole[:start] + bytes(400) + whole[start + 400 :])
        with pytest.raises(ValueError, match=r"a\.tif is a damaged or truncated image"):
            image.load(path)


@pytest.mark.parametrize("compression", ["tiff_adobe_deflate", "tiff_lzw", "raw"])
def test_a_tiff_without_its_last_byte_is_damaged(tmp_path, compression):
    path = tmp_path / "a.tif"
    Image.fromarray(NOISE).save(path, compression=compression)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="damaged or truncated"):
        image.load(path)
