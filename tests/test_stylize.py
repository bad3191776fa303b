import inspect
import subprocess
import sys
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax import Bucketed, Style, Whole
from adain_jax.files import image
from adain_jax.model.transfer import transfer
from tests.conftest import ROOT

H, W = 20, 29


@pytest.fixture(scope="module")
def photo():
    return image.load(ROOT / "examples/content/chelsea.jpg", size=32).rgb[:H, :W]


@pytest.fixture(scope="module")
def painting():
    return image.load(ROOT / "examples/style/cafe_terrace.jpg", size=40).rgb


@pytest.fixture(scope="module")
def shipped(photo, painting):
    """What the default model makes of them."""
    return np.asarray(adain_jax.stylize(photo, painting))


@pytest.fixture
def expected(photo, painting, tiny):
    return np.asarray(adain_jax.stylize(photo, painting, model=tiny))


@pytest.mark.parametrize("statement", ["import adain_jax", "import adain_jax.stylize"])
def test_either_import_gives_the_function_and_nothing_heavy(statement, tmp_path):
    code = f"""
{statement}
print(adain_jax.stylize.__name__, callable(adain_jax.stylize))
import sys, adain_jax.cli
heavy = {{"tensorflow", "grain", "tensorflow_datasets", "orbax", "torch", "optax"}}
print(sorted(heavy & set(sys.modules)))
"""
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    assert result.stdout == "stylize True\n[]\n"


def test_same_size_and_kind(photo, painting, shipped, tiny):
    assert shipped.shape == photo.shape
    assert shipped.dtype == np.float32
    assert shipped.min() >= 0
    assert shipped.max() <= 1
    assert shipped.std() > 0.02
    as_bytes = np.round(photo * 255).astype(np.uint8)
    result = adain_jax.stylize(as_bytes, np.round(painting * 255).astype(np.uint8))
    assert result.dtype == jnp.uint8
    np.testing.assert_allclose(np.asarray(result) / 255, shipped, atol=0.05)
    for dtype in (jnp.float16, jnp.bfloat16):
        assert adain_jax.stylize(jnp.asarray(photo, dtype), painting, model=tiny).dtype == dtype


@pytest.mark.parametrize("size", [(1, 1), (17, 3), (8, 8), (3, 40), (23, 64)])
def test_any_size(size, painting, rng, tiny):
    content = rng.random((*size, 3), dtype=np.float32)
    result = adain_jax.stylize(content, painting, model=tiny)
    assert result.shape == content.shape
    assert np.isfinite(np.asarray(result)).all()
    as_style = adain_jax.stylize(painting, content, model=tiny)
    assert np.isfinite(np.asarray(as_style)).all()


def test_padding_does_not_change_what_needs_none(painting, tiny, rng):
    """A picture whose sides are multiples of 8 is what the networks make of it, unpadded."""
    content = rng.random((16, 24, 3), dtype=np.float32)
    style = tiny.style(painting)
    features = transfer(tiny.encode(jnp.asarray(content)[None]), style)
    direct = jnp.clip(tiny.decode(features)[0], 0, 1)
    np.testing.assert_allclose(adain_jax.stylize(content, style, model=tiny), direct, atol=1e-4)


def test_batches_equal_single_images(photo, painting, expected, tiny):
    stylize = partial(adain_jax.stylize, model=tiny)
    contents = np.stack([photo, photo[::-1]])
    one_style = stylize(contents, painting)
    np.testing.assert_allclose(one_style[0], expected, atol=1e-4)
    styles = np.stack([painting, 1 - painting])
    each = stylize(contents, styles)
    np.testing.assert_allclose(each[0], expected, atol=1e-4)
    np.testing.assert_allclose(each[1], stylize(contents[1], styles[1]), atol=1e-4)
    np.testing.assert_allclose(stylize(contents, painting[None]), one_style, atol=1e-4)


def test_a_style_made_once(photo, painting, shipped, model):
    style = model.style(painting)
    np.testing.assert_allclose(adain_jax.stylize(photo, style), shipped, atol=1e-4)
    np.testing.assert_allclose(adain_jax.stylize(photo, style, model=model), shipped, atol=1e-4)


@pytest.fixture(scope="module")
def by_alpha():
    """All photographs, and their pictures by the default model at strengths 0, 0.5 and 1."""
    painting = image.load(ROOT / "examples/style/cafe_terrace.jpg", size=128, square=True).rgb
    paths = sorted((ROOT / "examples/content").glob("*.jpg"))
    photos = [image.load(path, size=128, square=True).rgb for path in paths]
    style = adain_jax.encode_style(painting)
    return photos, *(
        [np.asarray(adain_jax.stylize(photo, style, alpha=alpha)) for photo in photos]
        for alpha in (0.0, 0.5, 1.0)
    )


def test_half_the_style_is_nearer_to_the_whole_than_none(by_alpha):
    for _, none, half, whole in zip(*by_alpha, strict=True):
        assert 0 < np.abs(half - whole).mean() < np.abs(none - whole).mean()


def test_without_a_style_more_of_the_photographs_is_left(by_alpha):
    photos, none, _, whole = by_alpha

    def likeness(photo, picture):
        """Of light and dark: colours and contrast are the decoder's own."""
        return np.corrcoef(picture.mean(-1).ravel(), photo.mean(-1).ravel())[0, 1]

    of_none, of_whole = (np.mean(list(map(likeness, photos, x))) for x in (none, whole))
    assert of_none > of_whole + 0.1


FLOATS = np.zeros((8, 8, 3), np.float32)


@pytest.mark.parametrize(
    ("content", "style", "alpha", "message"),
    [
        (np.zeros((8, 8), np.uint8), FLOATS, 1.0, r"content is one RGB image .* not \(8, 8\)"),
        ("photo.jpg", FLOATS, 1.0, r"not the name of a file: load it first"),
        (np.zeros((8, 8, 4), np.uint8), FLOATS, 1.0, r"not \(8, 8, 4\)"),
        (np.zeros((0, 8, 3), np.uint8), FLOATS, 1.0, r"not \(0, 8, 3\)"),
        (np.zeros((8, 8, 3), np.int32), FLOATS, 1.0, "content is uint8, or floating"),
        (np.full((8, 8, 3), 255.0), FLOATS, 1.0, "content has values from 255 to 255"),
        (np.full((8, 8, 3), np.nan), FLOATS, 1.0, "nan"),
        (FLOATS, FLOATS - 1, 1.0, "style has values from -1 to -1"),
        (FLOATS, np.zeros((2, 8, 8, 3), np.uint8), 1.0, "2 styles for one image"),
        (FLOATS, FLOATS, 1.5, "alpha is between 0 and 1, not 1.5"),
        (FLOATS, FLOATS, np.zeros(2), r"alpha is a number, or .* not of shape \(2,\)"),
    ],
)
def test_wrong_arguments(content, style, alpha, message, tiny):
    with pytest.raises(ValueError, match=message):
        adain_jax.stylize(content, style, alpha=alpha, model=tiny)


def test_names_in_place_of_what_they_name(model):
    with pytest.raises(ValueError, match=r"load it by adain_jax\.load"):
        adain_jax.stylize(FLOATS, FLOATS, model="vgg16")  # type: ignore[arg-type]
    for style in ("a.jpg", ["a.jpg"], None):
        with pytest.raises(ValueError, match="style is an array of numbers"):
            adain_jax.stylize(FLOATS, style, model=model)  # type: ignore[arg-type]


def test_the_defaults_of_the_command_are_those_of_the_functions():
    from adain_jax.cli.parser import parse
    from adain_jax.jobs import run as batch

    args = parse(["stylize", "a", "b"])
    assert args.alpha == inspect.signature(adain_jax.stylize).parameters["alpha"].default
    assert args.model == inspect.signature(adain_jax.load).parameters["name_or_path"].default
    assert batch.Sizes(args.size, args.style_size) == batch.Sizes()


@pytest.mark.parametrize(("name", "share"), [("vgg16", 0.6), ("fast", 0.4)])
def test_a_real_picture_takes_the_colors_of_the_style(name, share):
    """The Church at Auvers is bluer than the harvest, and so are the pictures, by as much."""
    model = adain_jax.load(name)
    photo = image.load(ROOT / "examples/content/astronaut.jpg", size=128).rgb

    def blueness(rgb):
        return float(np.mean(rgb[..., 2]) - np.mean(rgb[..., :2]))

    pictures, paintings = [], []
    for style in ("church_at_auvers", "harvest_at_la_crau"):
        path = ROOT / f"examples/style/{style}.jpg"
        paintings.append(image.load(path, size=192, square=True).rgb)
        pictures.append(np.asarray(adain_jax.stylize(photo, paintings[-1], model=model)))
    assert blueness(pictures[0]) > blueness(pictures[1]) + 0.05
    for picture, painting in zip(pictures, paintings, strict=True):
        assert abs(blueness(picture) - blueness(painting)) < 0.1
        assert picture.std() > share * painting.std()  # no grey veil


def test_styles_in_a_list_are_mixed(photo, painting, tiny):
    """Of any sizes, as images or styles; the mixture lies between."""
    other = np.ascontiguousarray(painting[::-1, :24])
    styles = [tiny.style(painting), tiny.style(other)]
    mixed = adain_jax.stylize(photo, [painting, other], weights=[1, 3], model=tiny)
    expected = adain_jax.stylize(photo, Style.mix(styles, [0.25, 0.75]), model=tiny)
    np.testing.assert_allclose(mixed, expected, atol=1e-5)
    again = adain_jax.stylize(photo, [styles[0], other], weights=[2, 6], model=tiny)
    np.testing.assert_allclose(again, expected, atol=1e-5)
    alone = adain_jax.stylize(photo, [painting, other], weights=[1, 0], model=tiny)
    np.testing.assert_allclose(alone, adain_jax.stylize(photo, styles[0], model=tiny), atol=1e-4)
    with pytest.raises(ValueError, match="only one"):
        adain_jax.stylize(photo, painting, weights=[1.0], model=tiny)
    with pytest.raises(ValueError, match="at least one style"):
        adain_jax.stylize(photo, [], model=tiny)


def test_strengths_for_each_image(photo, painting, tiny):
    batch, style = np.stack([photo, photo[::-1]]), tiny.style(painting)
    both = adain_jax.stylize(batch, style, alpha=np.array([0.3, 0.8], np.float32), model=tiny)
    np.testing.assert_allclose(
        both[0], adain_jax.stylize(batch[0], style, alpha=0.3, model=tiny), atol=1e-4
    )
    np.testing.assert_allclose(
        both[1], adain_jax.stylize(batch[1], style, alpha=0.8, model=tiny), atol=1e-4
    )


@pytest.mark.parametrize("plan", [Whole(), Bucketed()])
def test_a_map_of_strengths(rng, painting, tiny, plan):
    content, style = rng.random((70, 133, 3), dtype=np.float32), tiny.style(painting)
    level = np.full((70, 133), 0.4, np.float32)
    expected = adain_jax.stylize(content, style, alpha=0.4, model=tiny)
    np.testing.assert_allclose(
        adain_jax.stylize(content, style, alpha=level, model=tiny, plan=plan), expected, atol=1e-3
    )
    half = np.zeros((70, 133), np.float32)
    half[:, 64:] = 1
    picture = adain_jax.stylize(content, style, alpha=half, model=tiny, plan=plan)
    # Away from the line between them, where the other side is out of sight.
    none, full = (
        adain_jax.stylize(content, style, alpha=0.0, model=tiny),
        adain_jax.stylize(content, style, model=tiny),
    )
    np.testing.assert_allclose(picture[:, :16], none[:, :16], atol=1e-3)
    np.testing.assert_allclose(picture[:, -16:], full[:, -16:], atol=1e-3)


def test_extrapolation_must_be_asked_for(photo, painting, tiny):
    more = adain_jax.stylize(photo, painting, alpha=1.5, extrapolate=True, model=tiny)
    full = adain_jax.stylize(photo, painting, model=tiny)
    assert np.abs(np.asarray(more) - np.asarray(full)).max() > 1e-3
    with pytest.raises(ValueError, match=r"between 0 and 1, not 1\.5"):
        adain_jax.stylize(photo, painting, alpha=1.5, model=tiny)
    with pytest.raises(ValueError, match=r"between 0 and 2, not 2\.5"):
        adain_jax.stylize(photo, painting, alpha=2.5, extrapolate=True, model=tiny)
    strengths = np.array([0.5, np.nan], np.float32)
    with pytest.raises(ValueError, match="not nan"):
        adain_jax.stylize(np.stack([photo, photo]), painting, alpha=strengths, model=tiny)


def test_arrays_of_other_libraries_and_orders(photo, painting, expected, tiny):
    """As far as they can be NumPy's; and one line for those that cannot."""
    swapped = photo.astype(">f4"), painting.astype(">f4")
    np.testing.assert_allclose(adain_jax.stylize(*swapped, model=tiny), expected, atol=1e-4)
    listed: Any = [jnp.float32(0.5), 1.0]
    batch = np.stack([photo, photo])
    assert adain_jax.stylize(batch, painting, alpha=listed, model=tiny).shape == batch.shape

    class Stubborn:
        def __array__(self, *args, **kwargs):
            raise RuntimeError("detach it first")

    style: Any = tiny.style(painting)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"content": Stubborn()}, "content is no array: detach it first"),
        ({"content": style}, "content is an array of numbers, not Style"),
        ({"alpha": "0.5"}, "alpha is an array of numbers"),
        ({"alpha": 1j}, "alpha is a number between 0 and 1, not complex128"),
        ({"style": [painting, style], "weights": "ab"}, "weights is an array of numbers"),
        ({"masks": "left", "style": [style]}, "masks is an array of numbers"),
    ]
    for change, message in wrong:
        with pytest.raises(ValueError, match=message):
            adain_jax.stylize(**{"content": photo, "style": style, "model": tiny, **change})
    with pytest.raises(ValueError, match="images is an array of numbers, not Style"):
        adain_jax.encode_style(style, model=tiny)
