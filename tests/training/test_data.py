import dataclasses
from collections import Counter

import numpy as np
import pytest

from adain_jax.networks import PIXELS
from adain_jax.ops.losses import tap_stats
from adain_jax.training.bank import StyleBank
from adain_jax.training.data import Pairs, parse_weights
from adain_jax.training.sources import Images


@pytest.fixture
def pairs_of(config):
    def make(**fields):
        changed = dataclasses.replace(config, **fields)
        return Pairs(changed, Images(config.content, 20), Images(config.style, 20))

    return make


def take(batches, count):
    return [next(batches) for _ in range(count)]


def assert_same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        for name in ("content", "style"):
            np.testing.assert_array_equal(a[name], b[name])


def test_shapes(pairs_of):
    batch = next(pairs_of().batches(0, 4))
    assert batch["content"].shape == batch["style"].shape == (4, 16, 16, 3)
    assert batch["content"].dtype == np.uint8


def test_the_seed_alone_decides(pairs_of):
    first = take(pairs_of().batches(0, 4), 8)
    assert_same(take(pairs_of().batches(0, 4), 8), first)
    different = take(pairs_of(seed=1).batches(0, 4), 8)
    assert any((a["content"] != b["content"]).any() for a, b in zip(first, different, strict=True))


def test_goes_on_from_a_number_of_pairs(pairs_of):
    expected = take(pairs_of().batches(0, 4), 7)[3:]
    assert_same(take(pairs_of().batches(12, 4), 4), expected)
    halves = take(pairs_of().batches(12, 2), 8)  # a smaller batch, the same pairs
    joined = [
        {name: np.concatenate([a[name], b[name]]) for name in a}
        for a, b in zip(halves[::2], halves[1::2], strict=True)
    ]
    assert_same(joined, expected)


def test_hosts_share_a_batch(pairs_of):
    whole = next(pairs_of().batches(4, 4))
    parts = [next(pairs_of().batches(4, 4, process=i, processes=2)) for i in range(2)]
    for i, part in enumerate(parts):
        np.testing.assert_array_equal(part["content"], whole["content"][i::2])


def test_contents_and_styles_are_shuffled_independently(pairs_of):
    names = pairs_of().names(0, 60)
    contents, styles = Counter(x for x, _ in names), Counter(x for _, x in names)
    assert set(contents.values()) == {10}  # each once in an epoch of 6
    assert set(styles.values()) == {12}
    assert len(set(names)) > 20  # of 30: they do not go in lockstep


def test_names_are_those_of_the_batches(config, folders):
    photos = Images(config.content, 20)
    [(content, _)] = Pairs(config, photos, photos).names(5, 1)
    batch = take(Pairs(config, photos, photos).batches(5, 1), 1)[0]["content"][0]
    whole = photos[photos.names.index(content)]
    windows = np.lib.stride_tricks.sliding_window_view(whole, (16, 16, 3))
    assert (windows == batch).all((-3, -2, -1)).any()


def test_weights_by_pattern(pairs_of):
    names = pairs_of(style_weights="sub/*=4, 1.png=0").names(0, 700)
    counts = Counter(style for _, style in names)
    assert counts["1.png"] == 0
    assert counts["sub/0.png"] == pytest.approx(400, abs=10)  # 4 of 4 + 3
    assert counts["2.png"] == pytest.approx(100, abs=10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a*", "'a\\*' is no pattern=weight"),
        ("a*=x", "no pattern=weight"),
        ("=1", "no pattern=weight"),
        ("a*=-1", "of at least 0"),
        ("a*=inf", "of at least 0"),
    ],
)
def test_weights_that_are_none(text, message):
    with pytest.raises(ValueError, match=message):
        parse_weights(text)


def test_weights_that_fit_nothing(pairs_of):
    with pytest.raises(ValueError, match=r"no image's name fits the pattern 'nix\*'"):
        pairs_of(content_weights="nix*=2")
    with pytest.raises(ValueError, match="leave no image"):
        pairs_of(content_weights="*=0")


def test_flips(config, tmp_path):
    ramp = np.broadcast_to(np.arange(16, dtype=np.uint8)[None, :, None] * 10, (16, 16, 3))
    from adain_jax.files import image

    image.save(tmp_path / "ramp.png", ramp)
    images = Images(str(tmp_path), 16)
    seen = Counter(
        bool(batch["content"][0, 0, 0, 0])
        for batch in take(
            Pairs(dataclasses.replace(config, flip=True), images, images).batches(0, 1), 100
        )
    )
    assert 30 < seen[True] < 70


def test_recolored_styles(pairs_of):
    plain = next(pairs_of().batches(0, 16))
    gray = next(pairs_of(style_gray=1.0).batches(0, 16))
    np.testing.assert_array_equal(gray["content"], plain["content"])
    np.testing.assert_array_equal(gray["style"][..., 0], gray["style"][..., 2])
    luma = plain["style"] @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(gray["style"][..., 0], luma, atol=0.51)
    inverted = next(pairs_of(style_invert=1.0).batches(0, 16))
    np.testing.assert_array_equal(inverted["style"], 255 - plain["style"])
    permuted = next(pairs_of(style_permute=1.0).batches(0, 16))["style"]
    np.testing.assert_array_equal(np.sort(permuted, -1), np.sort(plain["style"], -1))
    assert (permuted != plain["style"]).any()
    half = next(pairs_of(style_invert=0.5).batches(0, 16))["style"]
    changed = (half != plain["style"]).any((1, 2, 3)).sum()
    assert 3 <= changed <= 13


def test_frozen_styles_are_the_statistics_of_the_squares(config, tiny, tmp_path):
    styles = Images(config.style, 20)
    bank = StyleBank(styles, tiny, 16, tmp_path, batch_size=4)
    assert len(bank) == 5
    top, left = ((side - 16) // 2 for side in styles[4].shape[:2])
    square = styles[4][None, top : top + 16, left : left + 16].astype(np.float32) / 255
    expected = tap_stats({PIXELS: square, **tiny.taps(square)})
    assert bank[4].keys() == expected.keys()
    for name, stats in bank[4].items():
        np.testing.assert_allclose(stats.mean, expected[name].mean[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(stats.std, expected[name].std[0], rtol=1e-4, atol=1e-5)
    pairs = Pairs(config, styles, styles, lambda _: bank)
    assert next(pairs.batches(0, 2))["style_stats"]["relu4_1"].mean.shape == (2, 512)


def test_frozen_styles_are_computed_once(config, tiny, tmp_path, monkeypatch):
    styles = Images(config.style, 20)
    first = StyleBank(styles, tiny, 16, tmp_path)
    with monkeypatch.context() as context:
        context.setattr(Images, "__getitem__", None)
        again = StyleBank(styles, tiny, 16, tmp_path)
    np.testing.assert_array_equal(again[3]["relu1_1"].std, first[3]["relu1_1"].std)
    StyleBank(styles, tiny, 8, tmp_path)  # another crop, another file
    assert len(list(tmp_path.glob("styles-*.safetensors"))) == 2


def test_a_network_of_its_own_gets_the_squares_too(config, tiny, tmp_path):
    """The same pixels that the frozen statistics are of."""
    config = dataclasses.replace(config, network="fast")
    contents, styles = (
        Images(place, size)
        for place, size in (
            (config.content, config.content_size),
            (config.style, config.style_size),
        )
    )
    pairs = Pairs(config, contents, styles, lambda images: StyleBank(images, tiny, 16, tmp_path))
    batch = next(pairs.batches(0, 2))
    expected = tap_stats(tiny.taps(batch["style"].astype(np.float32) / 255))
    for tap, (mean, _) in expected.items():
        np.testing.assert_allclose(batch["style_stats"][tap].mean, mean, rtol=1e-3, atol=1e-5)
