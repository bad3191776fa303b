import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageCms

from adain_jax.files import image
from tests.files.fuzz.png import chunk
from tests.files.ramp import RAMP, assert_shows


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".ppm"])
def test_lossless_formats(tmp_path, suffix):
    Image.fromarray(RAMP).save(tmp_path / f"a{suffix}")
    assert assert_shows(tmp_path / f"a{suffix}", RAMP, 0).alpha is None


@pytest.mark.parametrize("suffix", [".webp", ".avif", ".jpg"])
def test_lossy_formats(tmp_path, suffix):
    Image.fromarray(RAMP).save(tmp_path / f"a{suffix}", quality=100)
    assert_shows(tmp_path / f"a{suffix}", RAMP, 0.06)


def test_exif_rotation(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter to the right when shown
    Image.fromarray(RAMP).save(tmp_path / "a.png", exif=exif)
    assert_shows(tmp_path / "a.png", np.rot90(RAMP, -1), 0)


def test_grayscale(tmp_path):
    Image.fromarray(RAMP[..., 0]).save(tmp_path / "a.png")
    assert_shows(tmp_path / "a.png", RAMP[..., :1].repeat(3, -1), 0)


def test_16_bit_grayscale(tmp_path):
    deep = RAMP[..., 0].astype(np.uint16) * 257 + 100
    Image.fromarray(deep).save(tmp_path / "a.png")
    assert_shows(tmp_path / "a.png", (deep / 257)[..., None].repeat(3, -1), 1e-5)


def test_16_bit_grayscale_is_scaled_like_any_other(tmp_path):
    Image.fromarray(np.full((20, 30), 65535, np.uint16)).save(tmp_path / "a.png")
    loaded = image.load(tmp_path / "a.png", size=10)
    assert loaded.rgb.shape == (10, 15, 3)
    np.testing.assert_allclose(loaded.rgb, 1, atol=1e-5)


def test_16_bit_color(tmp_path):
    _write_png_rgb16(tmp_path / "a.png", RAMP.astype(np.uint16) * 257)
    assert_shows(tmp_path / "a.png", RAMP, 1 / 255)


def test_black_and_white(tmp_path):
    Image.fromarray(RAMP[..., 0] > 100).save(tmp_path / "a.png")
    assert_shows(tmp_path / "a.png", ((RAMP[..., :1] > 100) * 255).repeat(3, -1), 0)


def test_palette(tmp_path):
    Image.fromarray(RAMP).quantize(256).save(tmp_path / "a.png")
    assert_shows(tmp_path / "a.png", RAMP, 0.1)


def test_palette_with_transparency(tmp_path):
    paletted = Image.fromarray(RAMP).quantize(200)
    paletted.save(tmp_path / "a.png", transparency=paletted.getpixel((0, 0)))
    alpha = image.load(tmp_path / "a.png").alpha
    assert alpha is not None
    assert alpha[0, 0] == 0
    assert alpha[-1, -1] == 1


def test_grayscale_with_alpha(tmp_path):
    gray = Image.fromarray(RAMP[..., 0])
    gray.putalpha(Image.fromarray(RAMP[..., 1]))
    gray.save(tmp_path / "a.png")
    loaded = assert_shows(tmp_path / "a.png", RAMP[..., :1].repeat(3, -1), 0)
    assert loaded.alpha is not None
    np.testing.assert_allclose(loaded.alpha, RAMP[..., 1] / 255, atol=1e-6)


def test_cmyk(tmp_path):
    Image.fromarray(RAMP).convert("CMYK").save(tmp_path / "a.jpg", quality=100)
    assert_shows(tmp_path / "a.jpg", RAMP, 0.06)


def test_transparency_is_no_matter_of_profiles(tmp_path):
    """Nor is it lost where colours are converted in place."""
    pixels = np.dstack([RAMP, RAMP[..., 1]])
    Image.fromarray(pixels).save(tmp_path / "a.png", icc_profile=_swapped_primaries())
    loaded = image.load(tmp_path / "a.png", as_bytes=True)
    assert loaded.has_profile
    np.testing.assert_array_equal(loaded.alpha, RAMP[..., 1])
    Image.fromarray(RAMP).save(tmp_path / "b.png", icc_profile=_swapped_primaries())
    np.testing.assert_array_equal(loaded.rgb, image.load(tmp_path / "b.png", as_bytes=True).rgb)
    assert np.abs(loaded.rgb.astype(int) - RAMP).max() > 20


def _swapped_primaries():
    """sRGB's profile with red for green."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (
        profile.replace(b"rXYZ\0", b"tXYZ\0")
        .replace(b"gXYZ\0", b"rXYZ\0")
        .replace(b"tXYZ\0", b"gXYZ\0")
    )


def test_color_profiles_are_converted(tmp_path):
    """The bytes of a LAB image are far from those of its colours in sRGB."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.createProfile("sRGB")
    swapped = ImageCms.profileToProfile(Image.fromarray(RAMP), srgb, lab, outputMode="LAB")
    assert swapped is not None
    swapped.save(tmp_path / "a.tif", icc_profile=lab.tobytes())
    assert_shows(tmp_path / "a.tif", RAMP, 0.08)  # 8-bit LAB is coarse in the darks


def test_a_broken_profile_is_passed_over(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.png", icc_profile=b"no profile at all")
    assert_shows(tmp_path / "a.png", RAMP, 0)


def test_the_first_frame_of_an_animation(tmp_path):
    frames = [Image.fromarray(RAMP), Image.fromarray(RAMP[::-1])]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert_shows(tmp_path / "a.webp", RAMP, 0)


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"size": 8}, (12, 8)),
        ({"size": 32}, (48, 32)),
        ({"square": True}, (16, 16)),
        ({"size": 8, "square": True}, (8, 8)),
    ],
)
def test_sizes(tmp_path, options, shape):
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    loaded = image.load(tmp_path / "a.png", **options)
    assert loaded.rgb.shape == (*shape, 3)
    assert loaded.original_size == (24, 16)


@pytest.mark.parametrize("size", [-1, 1.5, "16", None])
def test_what_is_no_size(tmp_path, size):
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="size is a number of pixels, or 0, not"):
        image.load(tmp_path / "a.png", size=size)


def test_one_pixel_wide(tmp_path):
    Image.fromarray(RAMP[:, :1]).save(tmp_path / "a.png")
    assert image.load(tmp_path / "a.png", size=2).rgb.shape == (48, 2, 3)


def _truncated(fmt):
    data = io.BytesIO()
    noise = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(data, fmt)
    return data.getvalue()[: len(data.getvalue()) // 2]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.png", b"", "empty"),
        ("a.png", b"this is no image", "not an image"),
        ("a.png", _truncated("PNG"), "damaged or truncated"),
        ("a.jpg", _truncated("JPEG"), "damaged or truncated"),
        ("a.webp", _truncated("WEBP"), "damaged or truncated|cannot be read"),
        ("a.avif", _truncated("AVIF"), "damaged or truncated|cannot be read|not an image"),
        ("a.tif", _truncated("TIFF"), "damaged or truncated|cannot be read|not an image"),
    ],
)
def test_bad_files(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        image.load(tmp_path / name)
    assert name in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nix\.png"):
        image.load(tmp_path / "nix.png")
    with pytest.raises(ValueError, match="is a folder"):
        image.load(tmp_path)


def _write_png_rgb16(path, array):
    """Pillow does not write RGB of 16 bits, so by hand."""
    import struct
    import zlib

    height, width, _ = array.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def test_broken_exif_data_are_passed_over(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.png", exif=b"Exif\0\0garbage garbage")
    assert_shows(tmp_path / "a.png", RAMP, 0)


def test_palette_with_partial_transparency(tmp_path):
    paletted = Image.fromarray(RAMP).quantize(8)
    paletted.save(tmp_path / "a.png", transparency=bytes([0, 128, *[255] * 6]))
    assert image.load(tmp_path / "a.png").alpha is not None


@pytest.mark.parametrize("name", ["rgb.png", "rgba.png", "gray.png", "deep.png"])
def test_as_bytes(tmp_path, name):
    """The same picture, to rounding, in a quarter of the memory."""
    pixels = {
        "rgb.png": RAMP,
        "rgba.png": np.dstack([RAMP, RAMP[..., 0]]),
        "gray.png": RAMP[..., 0],
        "deep.png": RAMP[..., 0].astype(np.uint16) * 257 + 100,
    }[name]
    Image.fromarray(pixels).save(tmp_path / name)
    small, usual = (image.load(tmp_path / name, as_bytes=as_bytes) for as_bytes in (True, False))
    assert small.rgb.dtype == np.uint8
    np.testing.assert_allclose(small.rgb / 255, usual.rgb, atol=0.502 / 255)
    assert (small.alpha is None) == (usual.alpha is None) == (name != "rgba.png")
    if small.alpha is not None and usual.alpha is not None:
        assert small.alpha.dtype == np.uint8
        np.testing.assert_allclose(small.alpha / 255, usual.alpha, atol=1e-6)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("options", ["as_bytes=True", ""])
def test_memory(tmp_path, options):
    """Beside the array Pillow's 4 bytes a pixel, when reading and when writing."""
    side = 3000
    Image.fromarray(np.resize(RAMP, (side, side, 3))).save(tmp_path / "a.jpg")
    Image.fromarray(RAMP).save(tmp_path / "small.jpg")
    code = f"""
from pathlib import Path
from adain_jax.files import image
def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
image.save("b.jpg", image.load("small.jpg").rgb)  # what is imported once
before = peak()
loaded = image.load("a.jpg", {options})
print(peak() - before, loaded.rgb.nbytes)
image.save("b.jpg", loaded.rgb)
print(peak() - before)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    reading, array, both = map(int, result.stdout.split())
    most = array + side * side * 4 + (16 << 20)
    assert array < reading < most
    assert both < most
