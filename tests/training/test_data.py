from collections import Counter

import numpy as np
import pytest

from adain_jax.files import image
from adain_jax.training.data import Stream, parse_weights, weights_of
from adain_jax.training.sources import Images


@pytest.fixture
def stream_of(config):
    def make(place=config.content, **fields):
        return Stream(Images(place, 20), 16, **fields)

    return make


def take(batches, count):
    return [next(batches) for _ in range(count)]


def numbers(stream, count):
    return np.concatenate([batch["number"] for batch in take(stream.batches(0, 1), count)])


def assert_same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        for name in ("image", "number"):
            np.testing.assert_array_equal(a[name], b[name])


def test_shapes(stream_of):
    batch = next(stream_of().batches(0, 4))
    assert batch["image"].shape == (4, 16, 16, 3)
    assert batch["image"].dtype == np.uint8
    assert batch["number"].dtype == np.int32


def test_the_seed_alone_decides(stream_of):
    first = take(stream_of().batches(0, 4), 8)
    assert_same(take(stream_of().batches(0, 4), 8), first)
    different = take(stream_of(seed=1).batches(0, 4), 8)
    assert any((a["image"] != b["image"]).any() for a, b in zip(first, different, strict=True))


def test_goes_on_from_a_number_of_crops(stream_of):
    expected = take(stream_of().batches(0, 4), 7)[3:]
    assert_same(take(stream_of().batches(12, 4), 4), expected)
    halves = take(stream_of().batches(12, 2), 8)  # a smaller batch, the same crops
    joined = [
        {name: np.concatenate([a[name], b[name]]) for name in a}
        for a, b in zip(halves[::2], halves[1::2], strict=True)
    ]
    assert_same(joined, expected)


def test_hosts_share_a_batch(stream_of):
    whole = next(stream_of().batches(4, 4))
    parts = [next(stream_of().batches(4, 4, process=i, processes=2)) for i in range(2)]
    for i, part in enumerate(parts):
        np.testing.assert_array_equal(part["image"], whole["image"][i::2])


def test_each_comes_once_before_any_comes_again(stream_of):
    order = numbers(stream_of(), 12)
    assert sorted(order[:6]) == sorted(order[6:]) == list(range(6))
    assert list(order[:6]) != list(order[6:])
    assert list(order) != list(numbers(stream_of(seed=1), 12))


def test_crops_are_of_the_images_with_their_numbers(config):
    images = Images(config.content, 20)
    for batch in take(Stream(images, 16).batches(5, 1), 3):
        whole = images[int(batch["number"][0])]
        windows = np.lib.stride_tricks.sliding_window_view(whole, (16, 16, 3))
        assert (windows == batch["image"][0]).all((-3, -2, -1)).any()


def test_weights_by_pattern(stream_of, config):
    stream = stream_of(config.style, weights="sub/*=4, 1.png=0")
    names = Images(config.style, 20).names
    counts = Counter(names[i] for i in numbers(stream, 350))
    assert counts["1.png"] == 0
    assert counts["sub/0.png"] == pytest.approx(200, abs=5)  # 4 of 4 + 3
    assert counts["2.png"] == pytest.approx(50, abs=5)


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


def test_weights_that_fit_nothing():
    with pytest.raises(ValueError, match=r"no image's name fits the pattern 'nix\*'"):
        weights_of(["a", "b"], "nix*=2")
    with pytest.raises(ValueError, match="leave no image"):
        weights_of(["a", "b"], "*=0")


def test_the_first_pattern_counts():
    assert weights_of(["a", "ab", "c"], "ab=2, a*=3").tolist() == [3, 2, 1]


def test_flips(tmp_path):
    ramp = np.broadcast_to(np.arange(16, dtype=np.uint8)[None, :, None] * 10, (16, 16, 3))
    image.save(tmp_path / "ramp.png", ramp)
    stream = Stream(Images(str(tmp_path), 16), 16, flip=True)
    seen = Counter(bool(x["image"][0, 0, 0, 0]) for x in take(stream.batches(0, 1), 100))
    assert 30 < seen[True] < 70
