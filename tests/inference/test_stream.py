import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax.inference import request, stream
from adain_jax.inference.plan import Tiled
from tests.tiny import tiny_model


@pytest.fixture
def painting(rng):
    return rng.integers(256, size=(16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("count", [1, 4, 7, 9])
@pytest.mark.parametrize("devices", [1, 4])
def test_equals_one_by_one(tiny, rng, painting, count, devices):
    photos = rng.integers(256, size=(count, 16, 24, 3), dtype=np.uint8)
    style = tiny.style(painting)
    pictures = adain_jax.stylize_many(
        photos, style, alpha=0.8, model=tiny, batch_size=3, devices=jax.devices()[:devices]
    )
    pictures = np.stack(list(pictures))
    assert pictures.dtype == np.uint8
    assert pictures.shape == photos.shape
    for photo, picture in zip(photos, pictures, strict=True):
        expected = np.asarray(adain_jax.stylize(photo, style, alpha=0.8, model=tiny)).astype(int)
        assert np.abs(expected - picture).max() <= 1


def test_batch_normalization_does_not_see_the_other_images(rng, painting):
    """Neither in one call of the devices, nor on the other devices."""
    model = tiny_model("batch")
    style = model.style(painting)
    photos = rng.integers(256, size=(3, 64, 64, 3), dtype=np.uint8)
    options = {"model": model, "batch_size": 4, "devices": jax.devices()[:2]}
    many = adain_jax.stylize_many(photos, style, **options)
    requests = [request.Request(photo, style, np.float32(1)) for photo in photos]
    for photo, *pictures in zip(
        photos, many, stream.rendered(requests=requests, **options), strict=True
    ):
        [alone] = adain_jax.stylize_many(photo[None], style, **options)
        for picture in pictures:
            assert np.abs(alone.astype(int) - picture).max() <= 1


def test_one_program_for_all_batches(tiny, painting):
    before = stream._whole._cache_size()  # type: ignore[attr-defined]
    photos = (np.full((24, 16, 3), i, np.uint8) for i in range(11))
    assert len(list(adain_jax.stylize_many(photos, painting, model=tiny, batch_size=4))) == 11
    assert stream._whole._cache_size() == before + 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("alpha", [0.5, np.full((16, 16), 0.5)])
def test_what_contents_have_in_common_is_checked_once(tiny, painting, monkeypatch, alpha):
    check, asked = request.check_alpha, []

    def counted(*args, **options):
        asked.append(args)
        return check(*args, **options)

    monkeypatch.setattr(request, "check_alpha", counted)
    photos = np.zeros((5, 16, 16, 3), np.uint8)
    assert len(list(adain_jax.stylize_many(photos, painting, alpha=alpha, model=tiny))) == 5
    assert len(asked) == 1


def test_images_may_come_in_one_array(tiny, painting, rng):
    photos = rng.integers(256, size=(3, 16, 16, 3), dtype=np.uint8)
    buffer = np.empty_like(photos[0])

    def filled():
        for photo in photos:
            buffer[:] = photo
            yield buffer

    options = {"model": tiny, "batch_size": 2, "devices": jax.devices()[:1]}
    ours = list(adain_jax.stylize_many(filled(), painting, **options))
    theirs = list(adain_jax.stylize_many(photos, painting, **options))
    np.testing.assert_array_equal(ours, theirs)


def test_an_error_of_the_contents_comes_after_the_pictures_before_it(tiny, painting):
    def broken():
        yield from np.zeros((3, 16, 16, 3), np.uint8)
        raise OSError("the disk is gone")

    pictures = adain_jax.stylize_many(broken(), painting, model=tiny, batch_size=2)
    assert [next(pictures).shape for _ in range(3)] == [(16, 16, 3)] * 3
    with pytest.raises(OSError, match="the disk is gone"):
        next(pictures)


def test_an_image_of_another_size_than_the_map(tiny, painting):
    photos = [np.zeros((side, 16, 3), np.uint8) for side in (16, 16, 24)]
    pictures = adain_jax.stylize_many(photos, painting, alpha=np.ones((16, 16)), model=tiny)
    assert [next(pictures).shape for _ in range(2)] == [(16, 16, 3)] * 2
    with pytest.raises(ValueError, match=r"content 2: alpha is a number, or .* not of shape"):
        next(pictures)


def test_an_endless_stream_is_read_no_further_than_needed(tiny, painting):
    read = 0

    def stream():
        nonlocal read
        while True:
            read += 1
            yield np.zeros((16, 16, 3), np.float32)

    pictures = adain_jax.stylize_many(
        stream(), painting, model=tiny, batch_size=2, devices=jax.devices()[:2]
    )
    picture = next(pictures)
    assert picture.dtype == np.float32
    assert read == 4  # one batch ahead


@pytest.mark.parametrize("sides", [(16, 24), (16, 24, 24, 24, 24, 24, 24, 24, 24)])
def test_an_endless_stream_of_two_sizes(tiny, painting, sides):
    """An image that waits for others of its size holds up no more than a few batches."""
    read = 0

    def stream():
        nonlocal read
        yield np.zeros((40, 40, 3), np.uint8)  # the only one of its size
        for side in itertools.cycle(sides):
            read += 1
            yield np.zeros((side, 16, 3), np.uint8)

    options = {"model": tiny, "batch_size": 2, "devices": jax.devices()[:1]}
    pictures = adain_jax.stylize_many(stream(), painting, **options)
    shown = [next(pictures).shape[0] for _ in range(12)]
    assert shown == [40, *itertools.islice(itertools.cycle(sides), 11)]
    assert read < 12 + 6 * 2


def test_an_image_that_a_window_finds_wrong(tiny, painting):
    photos = [np.full((48, 48, 3), value, np.float32) for value in (0.5, 0.2, 99, 0.5)]
    pictures = adain_jax.stylize_many(photos, painting, model=tiny, plan=Tiled(72))
    assert [next(pictures).shape for _ in range(2)] == [(48, 48, 3)] * 2
    with pytest.raises(ValueError, match="content 2: "):
        next(pictures)


def test_nothing_in_nothing_out(tiny, painting):
    assert list(adain_jax.stylize_many([], painting, model=tiny)) == []


def test_the_contents_are_left_alone(tiny, painting, rng):
    photos = jnp.asarray(rng.random((4, 16, 16, 3), dtype=np.float32))
    list(adain_jax.stylize_many(photos, painting, model=tiny, batch_size=4))
    photos.block_until_ready()
    assert np.isfinite(photos).all()


def test_bfloat16(tiny, painting, rng):
    photos = rng.integers(256, size=(2, 16, 16, 3), dtype=np.uint8)
    half = tiny.prepare(dtype=jnp.bfloat16)
    assert half.dtype == jnp.bfloat16
    style = half.style(painting)
    assert style.mean.dtype == jnp.float32
    pictures = np.stack(list(adain_jax.stylize_many(photos, style, model=half, batch_size=4)))
    expected = np.asarray(adain_jax.stylize(photos, tiny.style(painting), model=tiny))
    assert np.abs(pictures.astype(int) - expected).mean() < 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 0}, "batch_size is at least 1"),
        ({"model": "vgg16"}, "model is a Model"),
        ({"style": np.zeros((2, 16, 16, 3), np.uint8)}, "style is one, not a batch of 2"),
        ({"alpha": 2.0}, "alpha is between 0 and 1"),
        ({"alpha": [0.5, 1]}, r"a number, or one map \(H, W\) for all images, not of shape \(2,\)"),
        ({"alpha": np.ones((2, 8, 8))}, r"one map \(H, W\) for all images, not of shape \(2, 8, 8"),
        ({"contents": [np.zeros((8, 8))]}, "content 0: content is one RGB image"),
        (
            {"contents": [np.zeros((1, 8, 8, 3))]},
            r"content 0: content is one RGB image \(H, W, 3\), not",
        ),
        (
            {"masks": np.ones((1, 9, 8), bool), "style": [np.zeros((8, 8, 3))]},
            r"content 0: masks are .* \(K, 8, 8\)",
        ),
        ({"plan": "whole"}, 'plan is "auto", Whole'),
        ({"batch_size": "a"}, "batch_size is at least 1, a whole number, not 'a'"),
        ({"contents": 3}, "contents are an array or yield images, not int"),
        ({"devices": []}, "devices is empty"),
        ({"devices": "cpu"}, "devices is a list"),
        ({"devices": b"x"}, "devices is a list"),
        ({"devices": [0]}, "devices is a list"),
    ],
)
def test_what_is_wrong(tiny, painting, change, message):
    arguments = {"contents": np.zeros((2, 8, 8, 3), np.uint8), "style": painting, "model": tiny}
    arguments |= change
    with pytest.raises(ValueError, match=message):
        list(adain_jax.stylize_many(arguments.pop("contents"), arguments.pop("style"), **arguments))


def test_each_with_a_style_and_a_strength_of_its_own(tiny, rng):
    """In its bucket or filling it, whatever comes with it."""
    sizes = [(16, 24), (64, 64), (20, 30), (64, 64), (40, 40)]
    styles = tiny.style(rng.integers(256, size=(5, 16, 16, 3), dtype=np.uint8))
    styles = [jax.tree.map(lambda x, i=i: np.asarray(x[i]), styles) for i in range(5)]
    requests = [
        request.Request(
            rng.integers(256, size=(*size, 3), dtype=np.uint8), style, np.float32(i / 5)
        )
        for i, (size, style) in enumerate(zip(sizes, styles, strict=True))
    ]
    made = list(stream.rendered(tiny, requests, batch_size=4))
    for asked, picture in zip(requests, made, strict=True):
        expected = adain_jax.stylize(asked.content, asked.style, alpha=asked.alpha, model=tiny)
        assert np.abs(np.asarray(expected).astype(int) - picture).max() <= 1
        [alone] = stream.rendered(tiny, [asked], batch_size=4)
        np.testing.assert_array_equal(alone, picture)
