"""TIFF as others read it; through `image.save`, which is the way to it."""

import numpy as np
import pytest
import tifffile

from adain_jax.files import image


@pytest.fixture
def pixels(rng):
    """Higher than a strip of rows, and no multiple of one."""
    return rng.random((300, 20, 4), np.float32)


@pytest.mark.parametrize(("depth", "dtype"), [(8, np.uint8), (16, np.uint16)])
@pytest.mark.parametrize("channels", [3, 4])
def test_what_is_written_is_read(tmp_path, pixels, depth, dtype, channels):
    alpha = pixels[..., 3] if channels == 4 else None
    image.save(tmp_path / "a.tif", pixels[..., :3], alpha, depth=depth, profile=True)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        page = file.pages.first
        assert len(page.dataoffsets) == 3
        read = page.asarray()
    assert read.dtype == dtype
    expected = np.round(pixels[..., :channels] * (2**depth - 1))
    np.testing.assert_array_equal(read, expected)


def test_16_bits_of_bytes(tmp_path):
    image.save(tmp_path / "a.tif", np.full((4, 4, 3), 200, np.uint8), depth=16)
    assert (tifffile.imread(tmp_path / "a.tif") == 200 * 257).all()


def test_one_strip_and_a_single_pixel(tmp_path):
    for height in (1, 128, 129):
        image.save(tmp_path / "a.tif", np.full((height, 1, 3), 0.5), depth=16)
        assert (tifffile.imread(tmp_path / "a.tif") == 32768).all()


def test_pillow_reads_it_too(tmp_path, pixels):
    image.save(tmp_path / "a.tif", pixels[..., :3], pixels[..., 3], depth=16)
    loaded = image.load(tmp_path / "a.tif")
    np.testing.assert_allclose(loaded.rgb, pixels[..., :3], atol=1 / 255)
    assert loaded.alpha is not None
    np.testing.assert_allclose(loaded.alpha, pixels[..., 3], atol=1 / 255)
