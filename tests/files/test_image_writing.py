import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from adain_jax.files import image
from tests.files.ramp import RAMP


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif", ".tif"])
def test_alpha_survives_a_round_trip(tmp_path, suffix):
    alpha = np.linspace(0, 1, 24 * 16, dtype=np.float32).reshape(24, 16)
    image.save(tmp_path / f"a{suffix}", RAMP, alpha)
    loaded = image.load(tmp_path / f"a{suffix}")
    assert loaded.alpha is not None
    np.testing.assert_allclose(loaded.alpha, alpha, atol=0.03)


@pytest.mark.parametrize("suffix", sorted(image.WRITABLE))
def test_every_format_is_written(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    image.save(path, RAMP.astype(np.float32) / 255, np.ones((24, 16), np.float32))
    np.testing.assert_allclose(image.load(path).rgb, RAMP / 255, atol=0.08)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_an_unknown_suffix_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match=r"\.jpg"):
        image.save(tmp_path / "a.gif", RAMP)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def fail(self, file, *args, **kwargs):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    (tmp_path / "a.png").write_bytes(b"old")
    with pytest.raises(OSError, match="disk full"):
        image.save(tmp_path / "a.png", RAMP)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"old"


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_quality(tmp_path, suffix):
    noise = np.random.default_rng(0).random((32, 32, 3))
    sizes = [len(image.encode(suffix, noise, quality=quality)) for quality in (10, 50, 100)]
    assert sizes == sorted(sizes)
    assert sizes[0] * 2 < sizes[2]


@pytest.mark.parametrize("suffix", sorted(image.WRITABLE))
def test_encode_is_save(tmp_path, suffix):
    image.save(tmp_path / f"a{suffix}", RAMP, quality=80)
    assert image.encode(suffix, RAMP, quality=80) == (tmp_path / f"a{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("suffix", "options", "message"),
    [
        (".png", {"depth": 16}, r"a\.png with 16 bits: only \.tif"),
        (".png", {"depth": 12}, "8 or 16 bits, not 12"),
        (".jpg", {"quality": 0}, "between 1 and 100, not 0"),
        (".jpg", {"quality": 101}, "between 1 and 100, not 101"),
    ],
)
def test_what_cannot_be_written(tmp_path, suffix, options, message):
    with pytest.raises(ValueError, match=message):
        image.save(tmp_path / f"a{suffix}", RAMP, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("suffix", "most"), [(".webp", 16_383), (".avif", 32_768), (".jpg", 65_500)]
)
def test_the_longest_sides(tmp_path, suffix, most):
    longest = np.zeros((most, 1, 3), np.uint8)
    assert image.decode(image.encode(suffix, longest), "a").rgb.shape == longest.shape
    words = rf"a\{suffix}: 1 x {most + 1} pixels, but a side has at most {most} in [A-Z]+: choose"
    with pytest.raises(ValueError, match=words):
        image.save(tmp_path / f"a{suffix}", np.zeros((most + 1, 1, 3), np.uint8))
    with pytest.raises(ValueError, match=rf"image\{suffix}: {most + 1} x 1 pixels"):
        image.encode(suffix, np.zeros((1, most + 1, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_a_profile_is_embedded_if_asked_for(tmp_path):
    for suffix in (".jpg", ".png", ".webp", ".avif", ".tif"):
        image.save(tmp_path / f"a{suffix}", RAMP, profile=True)
        assert image.load(tmp_path / f"a{suffix}").has_profile
        image.save(tmp_path / f"b{suffix}", RAMP)
        assert not image.load(tmp_path / f"b{suffix}").has_profile
    with Image.open(tmp_path / "a.tif") as opened:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(opened.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
