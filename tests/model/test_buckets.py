"""Pictures of any size by a bounded number of programs."""

import numpy as np
import pytest

from adain_jax.model import model as module
from adain_jax.model.buckets import bucket

SIZES = [(64, 64), (40, 56), (37, 61), (64, 9), (1, 1), (63, 120), (127, 66)]


@pytest.mark.parametrize("size", SIZES)
def test_as_if_each_ran_alone(tiny, rng, size):
    image, painting = rng.random((2, *size, 3), dtype=np.float32)
    style = tiny.style(painting)
    bucketed = tiny.style_of_any_size(painting)
    scale = float(np.abs(style.mean).max())
    np.testing.assert_allclose(bucketed.mean, style.mean, atol=1e-5 * scale)
    np.testing.assert_allclose(bucketed.std, style.std, atol=1e-5 * scale)
    expected = tiny.stylize(image, style, 0.8)
    np.testing.assert_allclose(tiny.stylize_any_size(image, style, 0.8), expected, atol=1e-3)


def test_the_shipped_model_too(model, rng):
    image = rng.random((72, 56, 3), dtype=np.float32)
    style = model.style(rng.random((48, 48, 3), dtype=np.float32))
    picture = model.prepare().stylize_any_size(image, style)
    np.testing.assert_allclose(picture, model.stylize(image, style), atol=1e-3)


def test_many_sizes_compile_few_programs(tiny, rng):
    style = tiny.style(np.zeros((16, 16, 3), np.uint8))
    sizes = rng.integers(1, 193, size=(40, 2))
    before = module._stylize_in_bucket._cache_size()  # type: ignore[attr-defined]
    for height, width in sizes:
        image = np.zeros((height, width, 3), np.uint8)
        assert tiny.stylize_any_size(image, style).shape == image.shape
    buckets = {(bucket(height), bucket(width)) for height, width in sizes}
    assert module._stylize_in_bucket._cache_size() - before <= len(buckets) <= 9  # type: ignore[attr-defined]


def test_buckets_are_few_and_hold_their_sides():
    sides = np.arange(1, 2049)
    buckets = [bucket(int(side)) for side in sides]
    assert len(set(buckets)) == 16
    assert all(b >= side and b % 64 == 0 for b, side in zip(buckets, sides, strict=True))


def test_a_batch_is_refused(tiny):
    style = tiny.style(np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(ValueError, match="one image"):
        tiny.stylize_any_size(np.zeros((2, 16, 16, 3), np.uint8), style)
    with pytest.raises(ValueError, match="one image"):
        tiny.style_of_any_size(np.zeros((2, 16, 16, 3), np.uint8))
