"""Thin images, whose scale is bounded."""

import numpy as np
import pytest
from PIL import Image

from adain_jax.files import image


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
