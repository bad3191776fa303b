import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adain_jax.ops.color import LUMA, coral, keep_chroma, match_histogram

SOURCE, TARGET = (
    np.random.default_rng(i).beta(2, i + 1, (12, 9, 3)).astype(np.float32) for i in (1, 2)
)
OTHER = np.random.default_rng(3).beta(3, 2, (7, 11, 3)).astype(np.float32)  # another size

# Values far enough apart to keep their order.
APART = np.random.default_rng(4).permutation(np.linspace(0, 1, 36, dtype=np.float32))
APART = APART.reshape(3, 4, 3)

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 9)


def numpy_coral(source, target):
    def parts(image):
        flat = image.reshape(-1, 3).astype(np.float64)
        mean, std = flat.mean(0), flat.std(0, ddof=1)
        standard = (flat - mean) / std
        values, vectors = np.linalg.eigh((standard.T @ standard + np.eye(3)) / len(standard))
        root = vectors @ np.diag(np.sqrt(values)) @ vectors.T
        return standard, mean, std, root

    standard, _, _, root = parts(source)
    _, mean, std, target_root = parts(target)
    return (standard @ np.linalg.inv(root) @ target_root * std + mean).reshape(source.shape)


def numpy_match_histogram(source, target):
    """By np.interp between the middles of equal values."""
    matched = np.empty(source.shape)
    for c in range(3):
        values, counts = np.unique(source[..., c], return_counts=True)
        target_values, target_counts = np.unique(target[..., c], return_counts=True)
        steps = np.repeat(target_values, target_counts)
        middles = (np.cumsum(counts) - counts / 2) / counts.sum()
        places = (np.arange(len(steps)) + 0.5) / len(steps)
        matched[..., c] = np.interp(source[..., c], values, np.interp(middles, places, steps))
    return matched


def slope_and_difference(function, at, step=1e-3):
    """The derivative of a sum of `function` in some direction: by JAX, and by differences."""

    def scalar(x):
        return jnp.sum(jnp.sin(3 * function(x)))

    gradient = np.asarray(jax.grad(scalar)(at))
    # Partly along the gradient, where the difference is larger than the rounding of float32.
    direction = np.random.default_rng(5).normal(size=at.shape) + gradient / gradient.std()
    direction = direction.astype(np.float32)
    ahead, behind = scalar(at + step * direction), scalar(at - step * direction)
    return np.vdot(gradient, direction), (ahead - behind) / (2 * step)


def test_coral_equals_numpy():
    np.testing.assert_allclose(coral(SOURCE, TARGET), numpy_coral(SOURCE, TARGET), atol=1e-5)
    np.testing.assert_allclose(coral(SOURCE, OTHER), numpy_coral(SOURCE, OTHER), atol=1e-5)


def test_coral_gives_the_mean_and_covariance_of_the_target():
    result = np.asarray(coral(SOURCE, TARGET)).reshape(-1, 3)
    target = TARGET.reshape(-1, 3)
    np.testing.assert_allclose(result.mean(0), target.mean(0), atol=1e-5)
    np.testing.assert_allclose(np.cov(result.T), np.cov(target.T), atol=1e-3)


def test_coral_of_a_large_flat_image_by_numpy():
    """Its sums are of millions of numbers, which float32 would not hold to the last digit."""
    noise = np.random.default_rng(7).random((600, 600, 3), np.float32)
    flat = np.full((2000, 2000, 3), 180 / 255, np.float32)
    flat[:500] = 0
    for source, target in ((noise, flat), (flat, noise)):
        result = coral(source, target, xp=np)
        means = (image.mean((0, 1), dtype=np.float64) for image in (result, target))
        np.testing.assert_allclose(*means, atol=1e-5)
    stds = (image.std((0, 1), dtype=np.float64) for image in (coral(noise, flat, xp=np), flat))
    np.testing.assert_allclose(*stds, rtol=1e-5)


def test_coral_does_not_depend_on_how_large_images_are():
    """Where the paper's code makes colours as many times as strong as the content is larger."""
    large = np.tile(TARGET, (5, 5, 1))
    np.testing.assert_allclose(coral(SOURCE, large), coral(SOURCE, TARGET), atol=0.02)


@pytest.mark.parametrize("xp", [jnp, np])
def test_coral_of_large_flat_and_grey_images_is_finite(xp):
    """Whose correlations have eigenvalues that rounding makes negative."""
    rng = np.random.default_rng(6)
    grey = np.repeat(rng.random((700, 700, 1), np.float32), 3, -1)
    for color in rng.random((5, 3), np.float32):
        flat = np.broadcast_to(color, (600, 600, 3))
        for pair in ((flat, SOURCE), (SOURCE, flat), (grey, flat)):
            result = coral(*pair, xp=xp)
            assert np.isfinite(result).all()
            assert np.abs(result).max() < 2


@pytest.mark.parametrize("function", [coral, match_histogram, keep_chroma])
def test_its_own_colors_change_nothing(function):
    np.testing.assert_allclose(function(SOURCE, SOURCE), SOURCE, atol=1e-5)


@pytest.mark.parametrize("function", [coral, match_histogram, keep_chroma])
def test_under_jit_and_vmap_and_by_numpy(function):
    expected = function(SOURCE, TARGET)
    np.testing.assert_allclose(jax.jit(function)(SOURCE, TARGET), expected, atol=1e-5)
    pair = jnp.stack([SOURCE, TARGET])
    mapped = jax.vmap(function)(pair, pair[::-1])
    np.testing.assert_allclose(mapped[0], expected, atol=1e-5)
    by_numpy = function(SOURCE, TARGET, xp=np)
    assert isinstance(by_numpy, np.ndarray)
    assert by_numpy.dtype == np.float32
    np.testing.assert_allclose(by_numpy, expected, atol=1e-5)


@pytest.mark.parametrize("function", [coral, match_histogram, keep_chroma])
def test_the_dtype_is_the_first_images(function):
    result = function(jnp.asarray(SOURCE, jnp.bfloat16), TARGET)
    assert result.dtype == jnp.bfloat16
    np.testing.assert_allclose(result.astype(jnp.float32), function(SOURCE, TARGET), atol=0.05)


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda x: coral(x, TARGET), SOURCE),
        (lambda x: coral(SOURCE, x), TARGET),
        (lambda x: match_histogram(SOURCE, x), APART),
        (lambda x: keep_chroma(x, TARGET), SOURCE),
        (lambda x: keep_chroma(SOURCE, x), TARGET),
    ],
)
def test_gradient_equals_finite_differences(function, at):
    slope, difference = slope_and_difference(function, at)
    np.testing.assert_allclose(slope, difference, rtol=2e-2)


def test_gray_images_are_finite():
    """And the gradient of CORAL, whose correlations then have equal eigenvalues."""
    gray = np.repeat(SOURCE[..., :1], 3, axis=-1)
    flat = np.full_like(gray, 0.5)
    for source, target in ((gray, TARGET), (SOURCE, gray), (flat, gray), (gray, flat)):
        for function in (coral, match_histogram, keep_chroma):
            assert np.isfinite(np.asarray(function(source, target))).all()
            gradients = jax.grad(lambda s, t, f=function: jnp.sum(f(s, t)), (0, 1))(source, target)
            assert all(np.isfinite(np.asarray(x)).all() for x in gradients)


def test_the_gradient_of_coral_at_a_gray_source():
    """Along grey: the result stays smooth there."""
    gray = np.repeat(SOURCE[..., :1], 3, axis=-1)

    def along(x):
        return coral(jnp.repeat(x, 3, axis=-1), TARGET)

    slope, difference = slope_and_difference(along, gray[..., :1])
    np.testing.assert_allclose(slope, difference, rtol=2e-2)


def test_match_histogram_equals_numpy():
    coarse = np.round(SOURCE * 8) / np.float32(8)  # of many equal values
    for source, target in ((SOURCE, OTHER), (OTHER, SOURCE), (coarse, OTHER), (OTHER, coarse)):
        expected = numpy_match_histogram(source, target)
        np.testing.assert_allclose(match_histogram(source, target), expected, atol=1e-5)


def test_match_histogram_does_not_follow_the_values_of_the_source():
    gradient = jax.grad(lambda source: jnp.sum(match_histogram(source, OTHER)))(SOURCE)
    assert not np.asarray(gradient).any()
    np.testing.assert_allclose(
        match_histogram(SOURCE**3, OTHER), match_histogram(SOURCE, OTHER), atol=1e-5
    )


@settings(max_examples=25, deadline=None)
@given(seeds, sides, sides, sides, sides)
def test_match_histogram_properties(seed, height, width, target_height, target_width):
    rng = np.random.default_rng(seed)
    source = rng.integers(4, size=(height, width, 3)).astype(np.float32)
    target = rng.random((target_height, target_width, 3)).astype(np.float32)
    matched = match_histogram(source, target, xp=np)
    for c in range(3):
        before, after = source[..., c].ravel(), matched[..., c].ravel()
        assert after.min() >= target[..., c].min() - 1e-6
        assert after.max() <= target[..., c].max() + 1e-6
        order = np.argsort(before, kind="stable")
        assert (np.diff(after[order]) >= -1e-6).all()  # monotone
        assert all(np.ptp(after[before == value]) == 0 for value in np.unique(before))
    same_size = rng.permutation(target.reshape(-1, 3)).reshape(target.shape)
    np.testing.assert_allclose(  # distinct values: the very histogram
        np.sort(match_histogram(same_size, 1 - target, xp=np), axis=None),
        np.sort(1 - target, axis=None),
        atol=1e-6,
    )


@settings(max_examples=25, deadline=None)
@given(seeds, sides, sides)
def test_keep_chroma_properties(seed, height, width):
    rng = np.random.default_rng(seed)
    # With the ends of the range, where there is no room.
    picture, photo = (rng.random((2, height, width, 3)) * 1.4 - 0.2).clip(0, 1).astype(np.float32)
    result = keep_chroma(picture, photo, xp=np)
    assert result.min() >= 0
    assert result.max() <= 1
    np.testing.assert_allclose(result @ LUMA, picture @ LUMA, atol=1e-5)
    before, after = (x - (x @ LUMA)[..., None] for x in (photo, result))
    np.testing.assert_allclose(np.cross(before, after), 0, atol=1e-5)  # one hue
    assert ((before * after).sum(-1) >= -1e-5).all()
    assert (np.linalg.norm(after, axis=-1) <= np.linalg.norm(before, axis=-1) + 1e-5).all()


def test_keep_chroma_is_that_of_ycbcr():
    """Where all fits, by the matrix of JFIF."""
    to_ycbcr = np.array(
        [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
    )
    picture, photo = 0.45 + 0.1 * SOURCE, 0.45 + 0.1 * TARGET
    result = np.asarray(keep_chroma(picture, photo)) @ to_ycbcr.T
    np.testing.assert_allclose(result[..., 0], (picture @ to_ycbcr.T)[..., 0], atol=1e-5)
    np.testing.assert_allclose(result[..., 1:], (photo @ to_ycbcr.T)[..., 1:], atol=1e-5)


def test_wrong_shape():
    for function in (coral, match_histogram):
        with pytest.raises(ValueError, match="source is floating"):
            function(SOURCE[None], TARGET)
        with pytest.raises(ValueError, match=r"target is floating .* not uint8"):
            function(SOURCE, np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match=r"of one shape, not float32 \(12, 9, 3\) and"):
        keep_chroma(SOURCE, OTHER)
