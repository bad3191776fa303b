"""No file whose pixels do not decode whole passes; what is not supported is named."""

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageFile

from adain_jax.files import image
from tests.files import fuzz
from tests.files.fuzz.png import chunk

NOISE = np.random.default_rng(0).integers(256, size=(64, 48, 3), dtype=np.uint8)


def encoded(format_name, pixels=NOISE, **options):
    return fuzz.encoded(Image.fromarray(pixels), format_name, **options)


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


@pytest.mark.parametrize(
    "start", [b"\x89PNG", b"II*\0", b"MM\0*", b"MM\0+", b"\xff\xd8\xff", b"GIF8"]
)
def test_the_start_of_a_file_alone(start):
    for data in (start, start[:2], start + bytes(30)):
        with pytest.raises(ValueError, match=r"^a\.image (is|cannot be read)"):
            image.decode(data, "a.image")


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
