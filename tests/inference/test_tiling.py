import itertools
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax import Model, Style, Tiled
from adain_jax.files import image
from adain_jax.inference.tiling import Span, spans
from adain_jax.model.transfer import statistics, transfer
from adain_jax.networks import ARCHITECTURES, PIXELS, TOLD
from adain_jax.networks.film import Told
from adain_jax.ops.statistics import ChannelStats, channel_stats
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def photo():
    return image.load(ROOT / "examples/content/chelsea.jpg").rgb


@pytest.fixture(scope="module")
def painting():
    return image.load(ROOT / "examples/style/cafe_terrace.jpg", size=96).rgb


@pytest.mark.parametrize(
    ("length", "tile", "reach"),
    [(8, 64, 16), (64, 64, 16), (72, 64, 16), (96, 64, 16), (200, 64, 16), (8192, 768, 80)],
)
def test_spans(length, tile, reach):
    """Each pixel is kept once, by a window inside the image that sees all around it."""
    windows = spans(length, tile, reach)
    assert windows[0].first == 0
    assert windows[-1].last == length
    for one, other in itertools.pairwise(windows):
        assert one.last == other.first
        assert one.start + tile - one.last >= reach
        assert other.first - other.start >= reach
    for start, first, last in windows:
        assert 0 <= start <= first < last <= start + tile
        assert start == 0 or start + tile <= length
        assert {start % 8, first % 8, last % 8} == {0}
    assert spans(32, 24, 8) == [Span(0, 0, 16), Span(8, 16, 32)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size", "tile"),
    [
        ("fast", (200, 410), 256),
        ("fast", (270, 333), 192),
        ("vgg16", (197, 261), 192),
    ],
)
def test_equal_to_the_whole_with_real_weights(name, size, tile, photo, painting):
    """Everywhere, at borders of windows and of the image."""
    model = Model.load(name).prepare()
    style, content = model.style(painting), photo[: size[0], : size[1]]
    expected = np.asarray(adain_jax.stylize(content, style, alpha=0.8, model=model))
    ours = adain_jax.stylize(content, style, alpha=0.8, model=model, plan=Tiled(tile))
    assert ours.shape == content.shape
    assert np.abs(ours - expected).max() < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["vgg16", "vgg19", "vgg16_film", "vgg19_film", "vgg16_fast", "tiny", "tiny_film"]
)
def test_reach(name, tiny, rng):
    """Nothing further away than the reach changes a pixel, and something not much nearer does."""
    network = ARCHITECTURES[name]
    assert network.reach is not None
    encoder_reach, reach = network.reach
    encoder, decoder, levels = network.content or network.encoder, network.decoder, network.levels
    encoder, decoder = encoder.clone(method="xla"), decoder.clone(method="xla")
    key = jax.random.key(0)
    width = 2 * reach + 32
    image = jnp.asarray(rng.random((1, 8, width, 3), dtype=np.float32))
    taps, encoded = encoder.init_with_output(key, image)
    maps = {PIXELS: image, **taps}
    stats = {level: Told.of(*channel_stats(maps[level])) for level in network.told}
    features = {level: taps[level] for level in levels}  # type: ignore[index]
    decoded = decoder.init(key, {**features, TOLD: stats})

    def run(image):
        taps = encoder.apply(encoded, image)
        features = {level: taps[level] for level in levels}  # type: ignore[index]
        return features, decoder.apply(decoded, {**features, TOLD: stats})

    column = jnp.zeros_like(image).at[:, :, width // 2].set(1)
    changed_features, changed = jax.jvp(jax.jit(run), (image,), (column,))[1]
    middle = width // 2
    for level in changed_features.values():
        stride = width // level.shape[2]
        columns = np.flatnonzero(np.abs(level).max((0, 1, 3)))
        assert columns.min() * stride >= middle - encoder_reach - stride
        assert columns.max() * stride <= middle + encoder_reach
    columns = np.flatnonzero(np.abs(changed).max((0, 1, 3)))
    assert middle - reach <= columns.min() <= middle - reach + 24
    assert middle + reach - 24 <= columns.max() <= middle + reach


@pytest.mark.parametrize(("height", "width"), [(1, 150), (37, 45), (150, 333), (64, 64)])
def test_any_size(height, width, rng, painting, tiny):
    content, style = rng.random((height, width, 3), dtype=np.float32), tiny.style(painting)
    ours = adain_jax.stylize(content, style, model=tiny, plan=Tiled(128))
    np.testing.assert_allclose(ours, adain_jax.stylize(content, style, model=tiny), atol=1e-3)


def test_bytes_progress_and_out(rng, painting, tiny, tmp_path):
    content = rng.integers(256, size=(100, 300, 3), dtype=np.uint8)
    style, seen = tiny.style(painting), []
    mapped = np.memmap(tmp_path / "content", np.uint8, "w+", shape=content.shape)
    mapped[:] = content
    out = np.memmap(tmp_path / "picture", np.uint8, "w+", shape=content.shape)
    result = adain_jax.stylize(
        mapped,
        style,
        model=tiny,
        plan=Tiled(128, out=out, progress=lambda *done: seen.append(done)),
    )
    assert result is out
    expected = np.asarray(adain_jax.stylize(content, style, model=tiny)).astype(int)
    assert np.abs(out.astype(int) - expected).max() <= 1
    assert seen == [(i, len(seen)) for i in range(1, len(seen) + 1)]
    assert len(seen) > 4


def test_float64_becomes_float32(rng, painting, tiny):
    """As without windows."""
    content, style = rng.random((100, 150, 3)), tiny.style(painting)
    ours = adain_jax.stylize(content, style, model=tiny, plan=Tiled(96))
    assert ours.dtype == np.float32 == adain_jax.stylize(content, style, model=tiny).dtype


@pytest.mark.parametrize("hard", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_masks_and_maps(hard, rng, painting, tiny):
    height, width = 150, 218
    content = rng.random((height, width, 3), dtype=np.float32)
    styles = Style.stack([tiny.style(painting), tiny.style(1 - painting)])
    mask = np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32), (1, height, width))
    mask = mask > 0.37 if hard else mask
    strengths = np.broadcast_to(np.linspace(1, 0, height, dtype=np.float32), (width, height)).T
    for alpha in (np.array([1.0, 0.6], np.float32), strengths):
        ours = adain_jax.stylize(
            content, styles, alpha=alpha, model=tiny, masks=mask, plan=Tiled(96)
        )
        expected = adain_jax.stylize(content, styles, alpha=alpha, masks=mask, model=tiny)
        np.testing.assert_allclose(ours, expected, atol=1e-3)


def test_a_large_painting(rng, tiny):
    painting = rng.random((150, 301, 3), dtype=np.float32)
    ours, expected = (
        adain_jax.encode_style(painting, model=tiny, plan=Tiled(96)),
        tiny.style(painting),
    )
    np.testing.assert_allclose(ours.mean, expected.mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.std, expected.std, rtol=1e-4, atol=1e-5)
    assert ours.fingerprint == tiny.fingerprint


def test_one_program_for_all_sizes(rng, painting, tiny):
    from adain_jax.inference import render

    style = tiny.style(painting)
    adain_jax.stylize(
        rng.random((140, 200, 3), dtype=np.float32), style, model=tiny, plan=Tiled(104)
    )
    made = render.picture._cache_size()  # type: ignore[attr-defined]
    for shape in ((150, 333, 3), (211, 137, 3)):
        adain_jax.stylize(rng.random(shape, dtype=np.float32), style, model=tiny, plan=Tiled(104))
    assert render.picture._cache_size() == made  # type: ignore[attr-defined]


def test_statistics_from_elsewhere(rng, tiny, painting):
    features = tiny.encode(jnp.asarray(rng.random((1, 32, 48, 3), dtype=np.float32)))
    own, style = statistics(features), tiny.style(painting)
    target = ChannelStats(style.mean, style.std)
    given = transfer(features, target, content=own)
    np.testing.assert_allclose(
        given["relu4_1"], transfer(features, target)["relu4_1"], rtol=1e-4, atol=1e-4
    )


def test_arrays_of_another_library(rng, painting, tiny):
    """They have a shape, and a dtype that NumPy does not know, as PyTorch's tensors have."""

    class Tensor:
        def __init__(self, array):
            self.array, self.shape, self.dtype = array, array.shape, "torch.uint8"

        def __getitem__(self, place):
            return Tensor(self.array[place])

        def __array__(self, *args, **options):
            return self.array

    photo = rng.integers(256, size=(90, 100, 3), dtype=np.uint8)
    tensor: Any = Tensor(photo)
    ours, theirs = (
        adain_jax.stylize(x, painting, model=tiny, plan=Tiled(72)) for x in (tensor, photo)
    )
    np.testing.assert_array_equal(ours, theirs)


def test_bad_input(rng, painting, tiny):
    content, style = np.zeros((20, 30, 3), np.uint8), tiny.style(painting)
    for tile in (64, 100, -8):
        with pytest.raises(ValueError, match="multiple of 8, and at least 72 for tiny"):
            adain_jax.stylize(content, style, model=tiny, plan=Tiled(tile))
    with pytest.raises(ValueError, match="tiny_instance normalises in its decoder"):
        adain_jax.stylize(
            content, style, model=replace(tiny, architecture="tiny_instance"), plan=Tiled()
        )
    with pytest.raises(ValueError, match="out is like content"):
        adain_jax.stylize(
            content, style, model=tiny, plan=Tiled(out=np.zeros((20, 30, 3), np.float32))
        )
    with pytest.raises(ValueError, match="floating images are in"):
        adain_jax.stylize(np.full((20, 30, 3), 7.0, np.float32), style, model=tiny, plan=Tiled())
    wrong = np.full((20, 30, 3), 7.0, np.float32)
    for images in (wrong, wrong[None]):
        with pytest.raises(ValueError, match="but images has values from 7 to 7"):
            adain_jax.encode_style(images, model=tiny, plan=Tiled())
    with pytest.raises(ValueError, match="but style has values from 7 to 7"):
        adain_jax.stylize(content, wrong, model=tiny, plan=Tiled())
    with pytest.raises(ValueError, match="between 0 and 1"):
        adain_jax.stylize(content, style, alpha=1.5, model=tiny, plan=Tiled())
    with pytest.raises(ValueError, match="model is a Model"):
        adain_jax.stylize(content, style, model="fast", plan=Tiled())  # type: ignore[arg-type]


@pytest.mark.slow
def test_styles_as_for_stylize(rng, painting, tiny):
    """Images, lists of them, and weights."""
    content, other = rng.random((60, 90, 3), dtype=np.float32), 1 - painting
    for style, weights in ((painting, None), ([painting, other], [1, 3])):
        ours = adain_jax.stylize(content, style, weights=weights, model=tiny, plan=Tiled(72))
        expected = adain_jax.stylize(content, style, weights=weights, model=tiny)
        np.testing.assert_allclose(ours, expected, atol=1e-3)
    left = np.arange(90)[None] < np.full((60, 1), 40)
    ours = adain_jax.stylize(
        content, [painting, other], masks=left[None], model=tiny, plan=Tiled(72)
    )
    expected = adain_jax.stylize(content, [painting, other], masks=left[None], model=tiny)
    np.testing.assert_allclose(ours, expected, atol=1e-3)


def test_where_a_picture_may_not_be_written(tiny, tmp_path, rng):
    """Over the content, whose later windows would be read from it; or where nothing can be."""
    content = rng.integers(256, size=(100, 120, 3), dtype=np.uint8)
    style = tiny.style(content[:16])
    maps = [np.memmap(tmp_path / "a", np.uint8, "w+", shape=content.shape) for _ in range(2)]
    for source, out in ((content, content), (content[::-1], content), maps):
        with pytest.raises(ValueError, match="out is the content itself"):
            adain_jax.stylize(source, style, model=tiny, plan=Tiled(96, out=out))
    locked = np.zeros_like(content)
    locked.flags.writeable = False
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"out": locked}, "out is read-only"),
        ({"out": []}, "out is a NumPy array, not list"),
        ({"tile": "a"}, "tile is a number of pixels, not 'a'"),
        ({"progress": 3}, "progress is a function, not 3"),
    ]
    for options, message in wrong:
        with pytest.raises(ValueError, match=message):
            Tiled(**options)
    with pytest.raises(ValueError, match="out is for one content"):
        adain_jax.stylize_many([content], style, model=tiny, plan=Tiled(96, out=locked.copy()))
