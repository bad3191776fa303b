"""Every control under every plan: one picture."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adain_jax
from adain_jax import Bucketed, Model, Style, Tiled, Whole
from adain_jax.files import image
from adain_jax.jobs import run as running
from adain_jax.jobs.options import Controls
from adain_jax.jobs.plan import Mixture, plan
from tests.tiny import tiny_fast, tiny_film

H, W, COUNT = 61, 202, 2
PLANS = {"bucketed": Bucketed(), "tiled": Tiled(168), "auto": "auto"}
TILES = {"auto": None, "windows": 96, "at once": 0}  # of the command


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def ramp(height: int = H, width: int = W) -> np.ndarray:
    """From left to right, in the steps of a grey image."""
    across = np.linspace(0, 255, width).astype(np.uint8)
    return np.tile(across, (height, 1)).astype(np.float32) / np.float32(255)


PHOTO, PAINTING, OTHER = noise(0, H, W, 3), noise(1, 40, 33, 3), noise(2, 24, 90, 3) // 2
LEFT = np.arange(W)[None] < np.full((H, 1), 77)
BATCH, EACH = noise(3, COUNT, H, W, 3), noise(4, COUNT, 24, 31, 3)


@dataclass(frozen=True)
class Case:
    """A style and the controls of `stylize`; what the command is told instead, if it can be."""

    style: Any
    options: dict[str, Any] = field(default_factory=dict)
    command: dict[str, Any] | None = field(default_factory=dict)


BOTH = [PAINTING, OTHER]
CASES = {
    "plain": Case(PAINTING),
    "strength": Case(PAINTING, {"alpha": 0.6}, {"alpha": 0.6}),
    "map of strengths": Case(PAINTING, {"alpha": ramp()}, {"alpha_map": ramp()}),
    "extrapolation": Case(
        PAINTING, {"alpha": 1.5, "extrapolate": True}, {"alpha": 1.5, "extrapolate": True}
    ),
    "mixture": Case(BOTH, {"weights": [1, 3]}, {"weights": [1, 3]}),
    "hard mask, and the rest": Case(BOTH, {"masks": LEFT[None]}, {"masks": [LEFT]}),
    "soft masks": Case(
        BOTH, {"masks": np.stack([ramp(), 1 - ramp()])}, {"masks": [ramp(), 1 - ramp()]}
    ),
    "labels": Case(BOTH, {"masks": np.where(LEFT, 1, 2)}, None),
    "the photograph for the rest": Case([OTHER], {"masks": ramp()[None]}, {"masks": [ramp()]}),
    "strengths of regions": Case(
        BOTH,
        {"masks": LEFT[None], "alpha": np.array([0.3, 0.9], np.float32)},
        {"masks": [LEFT], "weights": [0.3, 0.9]},
    ),
    "a map over regions": Case(
        BOTH,
        {"masks": LEFT[None], "alpha": ramp()},
        {"masks": [LEFT], "alpha_map": ramp()},
    ),
    "luminance": Case(PAINTING, {"color": "luminance"}, {"color": "luminance"}),
    "coral": Case(PAINTING, {"color": "coral"}, {"color": "coral"}),
    "histogram of a mixture": Case(
        BOTH,
        {"color": "histogram", "weights": [2, 1]},
        {"color": "histogram", "weights": [2, 1]},
    ),
    "coral of regions": Case(
        BOTH, {"color": "coral", "masks": LEFT[None]}, {"color": "coral", "masks": [LEFT]}
    ),
    "luminance of a region": Case(
        [OTHER],
        {"color": "luminance", "masks": LEFT[None], "alpha": 0.7},
        {"color": "luminance", "masks": [LEFT], "alpha": 0.7},
    ),
}
OF_BATCHES = {
    "plain": (PAINTING, {}),
    "a style each": (EACH, {}),
    "mixtures of a style each": ([EACH, EACH[::-1]], {"weights": [1, 2]}),
    "a strength each": (PAINTING, {"alpha": np.array([0.2, 0.9], np.float32)}),
    "a map for all": (PAINTING, {"alpha": ramp()}),
    "a map each": (PAINTING, {"alpha": np.stack([ramp(), 1 - ramp()])}),
    "regions": (BOTH, {"masks": LEFT[None], "alpha": np.array([0.3, 0.9], np.float32)}),
    "luminance": (PAINTING, {"color": "luminance"}),
    "coral": (PAINTING, {"color": "coral"}),
    "coral of regions": (BOTH, {"color": "coral", "masks": LEFT[None]}),
}


def same(picture: Any, expected: np.ndarray, what: str) -> None:
    """Within one level of 255."""
    picture = np.asarray(picture)
    assert picture.dtype == np.uint8, what
    assert picture.shape == expected.shape, what
    difference = np.abs(picture.astype(int) - expected)
    assert difference.max() <= 1, f"{what}: {difference.max()} levels"


# The quick tests try each control alone; the slow ones also try these combinations.
COMBINED = ("mixtures of a style each", "a map for all", "histogram of a mixture")
# The quick tests try batches on several devices with these controls.
MANY = ("plain", "map of strengths", "hard mask, and the rest", "coral")


def rare(name: str) -> Any:
    """A slow parameter of a test."""
    return pytest.param(name, marks=pytest.mark.slow)


def rarely(names: Iterable[str]) -> list[Any]:
    """Return the names as parameters of tests; combined controls are marked as slow."""
    return [rare(name) if name in COMBINED or " region" in name else name for name in names]


@pytest.fixture(scope="module", params=[tiny_film, pytest.param(tiny_fast, marks=pytest.mark.slow)])
def told(request) -> Model:
    """Models that do all that any does: AdaIN, and a decoder that is told the style.

    The second has another encoder for contents than for styles.
    """
    return request.param()


@pytest.mark.parametrize("name", rarely(CASES))
def test_one_image(name, told):
    case = CASES[name]
    expected = np.asarray(
        adain_jax.stylize(PHOTO, case.style, model=told, plan=Whole(), **case.options)
    )
    plain = np.asarray(adain_jax.stylize(PHOTO, PAINTING, model=told, plan=Whole()))
    assert name == "plain" or (expected != plain).mean() > 0.02
    for what, way in PLANS.items():
        picture = adain_jax.stylize(PHOTO, case.style, model=told, plan=way, **case.options)
        same(picture, expected, what)


@pytest.mark.parametrize("name", [name if name in MANY else rare(name) for name in CASES])
def test_many(name, told):
    """Batches with an image on each device."""
    case = CASES[name]
    expected = adain_jax.stylize(PHOTO, case.style, model=told, plan=Whole(), **case.options)
    [picture] = adain_jax.stylize_many(
        [PHOTO], case.style, model=told, batch_size=4, **case.options
    )
    same(picture, np.asarray(expected), "many")


def test_styles_encoded_before(told):
    """By any plan; they stand wherever an image does."""
    expected = np.asarray(adain_jax.stylize(PHOTO, BOTH, model=told, plan=Whole()))
    for what, way in {"whole": Whole(), **PLANS}.items():
        styles = [adain_jax.encode_style(x, model=told, plan=way) for x in BOTH]
        assert all(isinstance(style, Style) for style in styles)
        same(adain_jax.stylize(PHOTO, styles, model=told, plan=way), expected, what)
        one = [styles[0], OTHER]
        same(adain_jax.stylize(PHOTO, one, model=told, plan=way), expected, what)


@pytest.mark.parametrize("name", rarely(OF_BATCHES))
def test_batches(name, told):
    style, options = OF_BATCHES[name]
    expected = np.asarray(adain_jax.stylize(BATCH, style, model=told, plan=Whole(), **options))
    assert (expected[0] != expected[1]).mean() > 0.5
    for what, way in PLANS.items():
        same(adain_jax.stylize(BATCH, style, model=told, plan=way, **options), expected, what)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.command is not None])
def test_the_command(name, tiny, tmp_path):
    """Files in, files out, at once and in windows."""
    case = CASES[name]
    expected = np.asarray(
        adain_jax.stylize(PHOTO, case.style, model=tiny, plan=Whole(), **case.options)
    )
    options = dict(case.command or {})
    styles = case.style if isinstance(case.style, list) else [case.style]

    def file(stem: str, pixels: np.ndarray) -> Path:
        if pixels.dtype != np.uint8:  # a mask, or a map
            pixels = np.repeat(pixels.astype(np.float32)[..., None], 3, -1)
        image.save(tmp_path / f"{stem}.png", pixels)
        return tmp_path / f"{stem}.png"

    paths = [file(f"style{i}", x) for i, x in enumerate(styles)]
    weights = options.pop("weights", [1.0] * len(paths))
    if "alpha_map" in options:
        options["alpha_map"] = file("map", options["alpha_map"])
    if "masks" in options:
        options["masks"] = tuple(file(f"mask{i}", x) for i, x in enumerate(options["masks"]))
    mixture = Mixture(tuple(zip(paths, map(float, weights), strict=True)))
    [job] = plan([file("photo", PHOTO)], mixture, tmp_path / "out.png").jobs
    for what, tile in TILES.items():
        controls = Controls(tile=tile, **options)
        [result] = running.run([job], tiny, controls, sizes=running.Sizes(style=0))
        assert result.error is None
        same(image.load(job.output, as_bytes=True).rgb, expected, what)


@pytest.mark.slow
def test_a_stream_of_many_sizes(tiny):
    """In their order, of one size and of several, in buckets, whole and in windows."""
    photos = [noise(10 + i, *size, 3) for i, size in enumerate([(61, 90)] * 3 + [(30, 50)] * 2)]
    photos += [noise(20, 130, 64, 3), noise(21, 61, 90, 3), noise(22, 64, 128, 3)]
    several: list[dict[str, Any]] = [
        {},
        {"color": "histogram"},
        {"alpha": 0.4, "color": "luminance"},
    ]
    for options in several:
        expected = [
            adain_jax.stylize(x, PAINTING, model=tiny, plan=Whole(), **options) for x in photos
        ]
        for way in (Whole(), *PLANS.values()):
            pictures = adain_jax.stylize_many(
                photos, PAINTING, model=tiny, plan=way, batch_size=4, **options
            )
            for picture, one in zip(pictures, expected, strict=True):
                same(picture, np.asarray(one), str(way))


def test_a_bad_image_comes_after_the_pictures_before_it(tiny):
    photos = [PHOTO, PHOTO[:30], PHOTO, np.zeros((4, 4), np.uint8), PHOTO]
    pictures = adain_jax.stylize_many(photos, PAINTING, model=tiny, batch_size=8)
    made = []
    with pytest.raises(ValueError, match=r"content 3: content is one RGB image"):
        made.extend(pictures)
    assert [picture.shape for picture in made] == [photo.shape for photo in photos[:3]]
