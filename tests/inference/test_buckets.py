"""Pictures of any size by a bounded number of programs."""

import jax
import numpy as np
import pytest

import adain_jax
from adain_jax import Bucketed, Whole
from adain_jax.inference import render
from adain_jax.inference.buckets import bucket

SIZES = [(40, 56), (37, 61), (64, 9), (1, 1), (127, 66)]


@pytest.mark.parametrize("size", SIZES)
def test_as_if_each_ran_alone(tiny, rng, size):
    image, painting = rng.random((2, *size, 3), dtype=np.float32)
    style = tiny.style(painting)
    bucketed = adain_jax.encode_style(painting, model=tiny, plan=Bucketed())
    scale = float(np.abs(style.mean).max())
    np.testing.assert_allclose(bucketed.mean, style.mean, atol=1e-5 * scale)
    np.testing.assert_allclose(bucketed.std, style.std, atol=1e-5 * scale)
    expected = adain_jax.stylize(image, style, alpha=0.8, model=tiny, plan=Whole())
    np.testing.assert_allclose(
        adain_jax.stylize(image, style, alpha=0.8, model=tiny, plan=Bucketed()), expected, atol=1e-3
    )


@pytest.mark.slow
def test_the_shipped_model_too(model, rng):
    image = rng.random((72, 56, 3), dtype=np.float32)
    style = model.style(rng.random((48, 48, 3), dtype=np.float32))
    picture = adain_jax.stylize(image, style, model=model.prepare(), plan=Bucketed())
    np.testing.assert_allclose(picture, adain_jax.stylize(image, style, model=model), atol=1e-3)


def test_many_sizes_compile_few_programs(tiny, rng):
    style = tiny.style(np.zeros((16, 16, 3), np.uint8))
    sizes = rng.integers(1, 129, size=(20, 2))
    before = render.picture._cache_size()  # type: ignore[attr-defined]
    for height, width in sizes:
        image = np.zeros((height, width, 3), np.uint8)
        assert adain_jax.stylize(image, style, model=tiny, plan=Bucketed()).shape == image.shape
    buckets = {(bucket(height), bucket(width)) for height, width in sizes}
    assert render.picture._cache_size() - before <= len(buckets) <= 4  # type: ignore[attr-defined]


def test_buckets_are_few_and_hold_their_sides():
    sides = np.arange(1, 2049)
    buckets = [bucket(int(side)) for side in sides]
    assert len(set(buckets)) == 16
    assert all(b >= side and b % 64 == 0 for b, side in zip(buckets, sides, strict=True))


def test_a_batch(tiny, rng):
    """Of one size: each image as if it ran alone."""
    images = rng.random((2, 20, 70, 3), dtype=np.float32)
    styles = adain_jax.encode_style(images, model=tiny, plan=Bucketed())
    np.testing.assert_allclose(styles.mean, tiny.style(images).mean, rtol=1e-4, atol=1e-5)
    pictures = adain_jax.stylize(images, styles, model=tiny, plan=Bucketed())
    for image, picture, k in zip(images, pictures, range(2), strict=True):
        style = jax.tree.map(lambda x, k=k: x[k], styles)
        expected = adain_jax.stylize(image, style, model=tiny, plan=Whole())
        np.testing.assert_allclose(picture, expected, atol=1e-3)
