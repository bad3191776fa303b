import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax.baselines import style_swap
from adain_jax.baselines.style_swap import style_patches, swap
from adain_jax.model import Model
from tests.precision import all_exact


def numpy_swap(content, style, size):
    """Of one map (H, W, C), patch by patch."""
    cells = [
        style[i : i + size, j : j + size]
        for i in range(style.shape[0] - size + 1)
        for j in range(style.shape[1] - size + 1)
    ]
    total, count = np.zeros_like(content), np.zeros((*content.shape[:2], 1))
    for i in range(content.shape[0] - size + 1):
        for j in range(content.shape[1] - size + 1):
            patch = content[i : i + size, j : j + size]
            likeness = [np.sum(patch * cell) / np.linalg.norm(cell) for cell in cells]
            total[i : i + size, j : j + size] += cells[int(np.argmax(likeness))]
            count[i : i + size, j : j + size] += 1
    return total / count


@pytest.mark.parametrize("size", [2, 3])
def test_it_equals_numpy(rng, size):
    contents = rng.normal(size=(2, 5, 7, 4)).astype(np.float32)
    style = rng.normal(size=(6, 4, 4)).astype(np.float32)
    ours = jax.jit(swap)(contents, style_patches(style, size=size))
    expected = [numpy_swap(content, style, size) for content in contents]
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_only_the_direction_of_a_patch_counts(rng):
    content = rng.normal(size=(1, 5, 5, 4)).astype(np.float32)
    patches = style_patches(rng.normal(size=(5, 5, 4)).astype(np.float32))
    np.testing.assert_allclose(swap(content, patches), swap(7 * content, patches), atol=1e-5)


def test_pictures(tiny, rng):
    photo = rng.random((28, 35, 3), dtype=np.float32)
    painting = rng.random((40, 32, 3), dtype=np.float32)
    picture = style_swap.stylize(tiny, photo, painting)
    assert picture.shape == photo.shape
    assert 0 <= float(picture.min()) <= float(picture.max()) <= 1
    none = style_swap.stylize(tiny, photo, painting, 0.0)
    expected = adain_jax.stylize(photo, tiny.style(painting), alpha=0.0, model=tiny)
    np.testing.assert_allclose(none, expected, atol=1e-5)
    assert float(jnp.abs(picture - none).max()) > 1e-3
    both = style_swap.stylize(tiny, np.stack([photo, photo]), painting)
    np.testing.assert_allclose(both[1], picture, atol=1e-5)


def test_what_cannot_be(tiny, rng):
    photo = rng.random((32, 32, 3), dtype=np.float32)
    with pytest.raises(ValueError, match="the style is too small: 2 x 4 cells"):
        style_swap.stylize(tiny, photo, photo[:16])
    with pytest.raises(ValueError, match="alpha is between 0 and 1, not 2"):
        style_swap.stylize(tiny, photo, photo, 2.0)
    with pytest.raises(ValueError, match="takes one alpha"):
        style_swap.stylize(tiny, photo, photo, np.ones((32, 32)))
    with pytest.raises(ValueError, match="fast is no VGG"):
        style_swap.stylize(Model({}, "vgg16_fast", ""), photo, photo)
    with pytest.raises(ValueError, match="takes one style"):
        style_swap.stylize(tiny, photo, photo[None])
    with pytest.raises(ValueError, match=r"content features are floating \(N, H, W, C\)"):
        swap(photo, style_patches(photo))


def test_what_is_compared_and_laid_is_exact_on_accelerators(rng):
    content, style = rng.normal(size=(2, 1, 5, 7, 4)).astype(np.float32)
    assert all_exact(lambda x, y: swap(x, style_patches(y)), content, style[0])
