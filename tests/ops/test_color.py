import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.ops.color import coral

SOURCE, TARGET = (
    np.random.default_rng(i).beta(2, i + 1, (12, 9, 3)).astype(np.float32) for i in (1, 2)
)


def numpy_coral(source, target):
    def parts(image):
        flat = image.reshape(-1, 3).astype(np.float64)
        mean, std = flat.mean(0), flat.std(0, ddof=1)
        standard = (flat - mean) / std
        values, vectors = np.linalg.eigh(standard.T @ standard + np.eye(3))
        root = vectors @ np.diag(np.sqrt(values)) @ vectors.T
        return standard, mean, std, root

    standard, _, _, root = parts(source)
    _, mean, std, target_root = parts(target)
    return (standard @ np.linalg.inv(root) @ target_root * std + mean).reshape(source.shape)


def test_equals_numpy():
    np.testing.assert_allclose(coral(SOURCE, TARGET), numpy_coral(SOURCE, TARGET), atol=1e-5)


def test_gives_the_mean_and_covariance_of_the_target():
    result = np.asarray(coral(SOURCE, TARGET)).reshape(-1, 3)
    target = TARGET.reshape(-1, 3)
    np.testing.assert_allclose(result.mean(0), target.mean(0), atol=1e-5)
    np.testing.assert_allclose(np.cov(result.T), np.cov(target.T), atol=1e-3)


def test_its_own_colors_change_nothing():
    np.testing.assert_allclose(coral(SOURCE, SOURCE), SOURCE, atol=1e-5)


def test_under_jit_and_vmap():
    expected = coral(SOURCE, TARGET)
    np.testing.assert_allclose(jax.jit(coral)(SOURCE, TARGET), expected, atol=1e-5)
    pair = jnp.stack([SOURCE, TARGET])
    mapped = jax.vmap(coral)(pair, pair[::-1])
    np.testing.assert_allclose(mapped[0], expected, atol=1e-5)


def test_gradient_equals_finite_differences():
    def scalar(source):
        return jnp.sum(jnp.sin(3 * coral(source, TARGET)))

    direction = np.random.default_rng(5).normal(size=SOURCE.shape).astype(np.float32)
    step = 1e-3
    ahead, behind = scalar(SOURCE + step * direction), scalar(SOURCE - step * direction)
    slope = np.vdot(jax.grad(scalar)(SOURCE), direction)
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=2e-2)


def test_gray_images_are_finite():
    gray = np.repeat(SOURCE[..., :1], 3, axis=-1)
    assert np.isfinite(np.asarray(coral(gray, TARGET))).all()
    assert np.isfinite(np.asarray(coral(np.full_like(gray, 0.5), gray))).all()


def test_wrong_shape():
    with pytest.raises(ValueError, match="source is"):
        coral(SOURCE[None], TARGET)
