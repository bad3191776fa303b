import struct

import numpy as np
import pytest
from PIL import ExifTags, Image

from adain_jax.files import image

EXPOSURE, WIDTH, HEIGHT, MAKER_NOTE = 0x829A, 0xA002, 0xA003, 0x927C
TURNED = 6  # a quarter to the right when shown


@pytest.fixture
def exif():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = TURNED
    exif[ExifTags.Base.Artist] = "Käthe".encode()
    exif[ExifTags.Base.ImageDescription] = "a ramp"
    exif[ExifTags.IFD.Exif] = {EXPOSURE: 0.01, WIDTH: 30, HEIGHT: 20, MAKER_NOTE: b"private" * 9}
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (50.0, 6.0, 53.0)}
    return exif


def read(path):
    """The outer tags, and those of the exposure and the place."""
    with Image.open(path) as opened:
        exif = opened.getexif()
        return dict(exif), *(dict(exif.get_ifd(tag)) for tag in (34665, 34853))


@pytest.mark.parametrize("source", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".tif"])
def test_what_a_picture_keeps_of_its_photograph(tmp_path, exif, source, suffix):
    pixels = np.arange(20 * 30 * 3, dtype=np.uint32).reshape(20, 30, 3).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / f"photo{source}", exif=exif.tobytes())
    loaded = image.load(tmp_path / f"photo{source}")
    assert loaded.rgb.shape == (30, 20, 3)
    image.save(tmp_path / f"a{suffix}", np.zeros((60, 40, 3), np.uint8), exif=loaded.exif)
    outer, exposure, place = read(tmp_path / f"a{suffix}")
    assert outer.get(ExifTags.Base.Orientation, 1) == 1
    if source != ".tif":  # where Pillow writes question marks
        assert outer[ExifTags.Base.Artist].encode("latin-1") == "Käthe".encode()
    assert outer[ExifTags.Base.ImageDescription] == "a ramp"
    assert exposure == {EXPOSURE: pytest.approx(0.01), WIDTH: 40, HEIGHT: 60}
    assert place == {1: "N", 2: (50.0, 6.0, 53.0)}
    again = image.load(tmp_path / f"a{suffix}")
    assert again.rgb.shape == (60, 40, 3)  # turned once, and not again


def test_none_and_broken_ones(tmp_path):
    blank = Image.new("RGB", (4, 4))
    blank.save(tmp_path / "a.jpg")
    blank.save(tmp_path / "b.png", exif=b"Exif\0\0garbage garbage")
    assert image.load(tmp_path / "a.jpg").exif is None
    assert image.load(tmp_path / "b.png").exif is None


def test_thumbnails_are_left_out(tmp_path, exif):
    """They would show the photograph."""
    blank = Image.new("RGB", (30, 20))
    blank.save(tmp_path / "a.jpg", exif=_with_thumbnail(exif))
    with Image.open(tmp_path / "a.jpg") as opened:
        assert opened.getexif().get_ifd(ExifTags.IFD.IFD1)
    loaded = image.load(tmp_path / "a.jpg")
    image.save(tmp_path / "b.jpg", loaded.rgb, exif=loaded.exif)
    with Image.open(tmp_path / "b.jpg") as opened:
        assert not opened.getexif().get_ifd(ExifTags.IFD.IFD1)
        assert opened.getexif()[ExifTags.Base.ImageDescription] == "a ramp"


def _with_thumbnail(exif):
    """A second directory behind the first, which Pillow reads and does not write."""
    data = exif.tobytes()[6:]  # without "Exif\0\0"; the directory starts at 8
    order = "<" if data[:2] == b"II" else ">"
    (count,) = struct.unpack(f"{order}H", data[8:10])
    link = 10 + 12 * count
    second = struct.pack(f"{order}HHHIII", 1, ExifTags.Base.ImageWidth, 4, 1, 160, 0)
    pad = b"\0" * (len(data) % 2)
    start = struct.pack(f"{order}I", len(data + pad))
    return b"Exif\0\0" + data[:link] + start + data[link + 4 :] + pad + second


def test_too_much_for_a_jpeg(tmp_path, exif):
    exif[ExifTags.Base.ImageDescription] = "long " * 20_000
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png", exif=exif)
    loaded = image.load(tmp_path / "a.png")
    for suffix, kept in ((".jpg", False), (".png", True)):
        image.save(tmp_path / f"b{suffix}", loaded.rgb, exif=loaded.exif)
        assert bool(read(tmp_path / f"b{suffix}")[0]) == kept
