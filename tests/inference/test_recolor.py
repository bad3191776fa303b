"""`stylize(..., color=...)`."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax.files import image
from adain_jax.inference.recolor import COLORS
from adain_jax.ops.color import LUMA, coral, keep_chroma, match_histogram
from tests.conftest import ROOT

RECOLORINGS = {"coral": coral, "histogram": match_histogram}


@pytest.fixture(scope="module")
def photo():
    return image.load(ROOT / "examples/content/chelsea.jpg", size=32).rgb[:17, :24]


@pytest.fixture(scope="module")
def painting():
    return image.load(ROOT / "examples/style/cafe_terrace.jpg", size=32).rgb


@pytest.fixture
def stylize(tiny):
    return partial(adain_jax.stylize, model=tiny)


def by_hand(photo, painting, color, model):
    if color in RECOLORINGS:
        recolored = np.clip(RECOLORINGS[color](painting, photo), 0, 1)
        return adain_jax.stylize(photo, model.style(recolored), model=model)
    return keep_chroma(adain_jax.stylize(photo, model.style(painting), model=model), photo)


@pytest.mark.parametrize("color", COLORS[1:])
def test_is_what_its_parts_make(photo, painting, stylize, tiny, color):
    picture = stylize(photo, painting, color=color)
    np.testing.assert_allclose(picture, by_hand(photo, painting, color, tiny), atol=1e-4)
    assert np.abs(np.asarray(picture) - np.asarray(stylize(photo, painting))).max() > 1e-3
    half = stylize(photo, painting, color=color, alpha=np.full(photo.shape[:2], 0.5, np.float32))
    assert half.shape == photo.shape


@pytest.mark.parametrize("color", COLORS)
def test_batches_and_lists(photo, painting, stylize, color):
    """Each content has the style in its own colours."""
    contents = np.stack([photo, 1 - photo[::-1] / 2])
    alone = [stylize(x, painting, color=color) for x in contents]
    for style in (painting, painting[None], np.stack([painting, painting]), [painting]):
        np.testing.assert_allclose(stylize(contents, style, color=color), alone, atol=1e-4)
    other = np.ascontiguousarray(painting[::-1, :24])
    mixed = stylize(contents, [painting, other], weights=[1, 3], color=color)
    for picture, content in zip(mixed, contents, strict=True):
        expected = stylize(content, [painting, other], weights=[1, 3], color=color)
        np.testing.assert_allclose(picture, expected, atol=1e-4)


@pytest.mark.parametrize("color", COLORS[1:])
def test_bytes(photo, painting, stylize, color):
    as_bytes, paint = (np.round(x * 255).astype(np.uint8) for x in (photo, painting))
    picture = stylize(as_bytes, paint, color=color)
    assert picture.dtype == jnp.uint8
    floats = stylize(as_bytes / np.float32(255), paint / np.float32(255), color=color)
    np.testing.assert_allclose(np.asarray(picture) / 255, floats, atol=0.51 / 255)
    half = stylize(jnp.asarray(photo, jnp.bfloat16), painting, color=color)
    assert half.dtype == jnp.bfloat16


@pytest.mark.parametrize(
    "color", [COLORS[1], *(pytest.param(color, marks=pytest.mark.slow) for color in COLORS[2:])]
)
def test_transformations(photo, painting, stylize, color):
    def one(content, style):
        return stylize(content, style, color=color)

    expected = one(photo, painting)
    np.testing.assert_allclose(jax.jit(one)(photo, painting), expected, atol=1e-4)
    contents = np.stack([1 - photo, photo])
    mapped = jax.vmap(one, (0, None))(contents, painting)
    np.testing.assert_allclose(mapped[1], expected, atol=1e-4)
    gray = np.repeat(photo[..., :1], 3, -1)
    for content in (photo, gray):
        gradients = jax.grad(lambda c, s: jnp.mean(one(c, s) ** 2), (0, 1))(content, painting)
        for gradient in gradients:
            assert np.isfinite(np.asarray(gradient)).all()
        assert np.asarray(gradients[0]).any()


def test_luminance_keeps_light_and_dark(photo, painting, stylize):
    plain, kept = (stylize(photo, painting, color=color) for color in ("style", "luminance"))
    kept = np.asarray(kept)
    np.testing.assert_allclose(kept @ LUMA, np.asarray(plain) @ LUMA, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("color", COLORS[1:])
def test_a_real_picture_is_nearer_to_the_colors_of_the_photograph(color):
    content, style = (
        image.load(ROOT / f"examples/{name}.jpg", size=96).rgb
        for name in ("content/coffee", "style/church_at_auvers")
    )

    def distance(picture):
        means, target = np.asarray(picture).mean((0, 1)), content.mean((0, 1))
        return np.abs(means - means.mean() - (target - target.mean())).max()

    plain, kept = (distance(adain_jax.stylize(content, style, color=c)) for c in ("style", color))
    assert kept < 0.5 * plain


def test_what_is_refused(photo, painting, stylize, tiny):
    with pytest.raises(ValueError, match="style, luminance, coral, histogram, not 'sepia'"):
        stylize(photo, painting, color="sepia")
    style = tiny.style(painting)
    for color in RECOLORINGS:
        for given in (style, [painting, style]):
            with pytest.raises(ValueError, match=f"color='{color}' recolours the image .* Style"):
                stylize(photo, given, color=color)
        with pytest.raises(ValueError, match="2 styles for 3 images"):
            stylize(np.stack([photo] * 3), np.stack([painting] * 2), color=color)
