"""Calm: cuts, statistics that do not jump, and pictures that are carried along."""

from dataclasses import replace
from itertools import pairwise

import jax
import numpy as np
import pytest

import adain_jax
from adain_jax import Tiled
from adain_jax.inference.request import ask
from adain_jax.video import Artist, begin, cuts, step, stylize_frames
from adain_jax.video.carry import carry
from adain_jax.video.flow import Motion, motion, warp
from adain_jax.video.schedule import Schedule, parse, turns
from tests.clips import pan

PAINTING = np.random.default_rng(1).integers(256, size=(32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def fast():
    """One whose pictures have strokes."""
    return adain_jax.load("fast").prepare()


def noisy(frames, amount=6):
    rng = np.random.default_rng(2)
    return [
        np.clip(x + rng.normal(0, amount, x.shape), 0, 255).round().astype(np.uint8) for x in frames
    ]


def unrest(pictures):
    return np.mean([np.abs(a * 1.0 - b).mean() for a, b in pairwise(pictures)])


def test_without_calm_each_frame_is_a_picture_by_itself(tiny):
    frames = pan(3)
    pictures = list(stylize_frames(frames, PAINTING, alpha=0.7, model=tiny, calm=0))
    for frame, picture in zip(frames, pictures, strict=True):
        alone = adain_jax.stylize(frame, PAINTING, alpha=0.7, model=tiny)
        assert np.abs(picture.astype(int) - np.asarray(alone)).max() <= 1


@pytest.mark.slow
def test_without_calm_a_frame_with_a_soft_mask_is_a_picture_by_itself(fast):
    frame = pan(1)[0]
    soft = np.broadcast_to(np.linspace(0, 1, 96, dtype=np.float32), (1, 64, 96))
    picture = next(stylize_frames([frame], [PAINTING], masks=soft, model=fast, calm=0))
    alone = adain_jax.stylize(frame, [PAINTING], masks=soft, model=fast)
    assert np.abs(picture.astype(int) - np.asarray(alone)).max() <= 1


def test_noise_does_not_move_the_strokes(fast):
    frames = noisy(pan(1) * 10)
    by_itself, calm = (
        list(stylize_frames(frames, PAINTING, model=fast, calm=x))[4:] for x in (0, 0.85)
    )
    assert unrest(calm) < 0.45 * unrest(by_itself)
    assert np.std(calm[-1]) > 0.9 * np.std(by_itself[-1])


def test_strokes_go_with_what_they_are_on(fast):
    frames, errors = noisy(pan(8)), []  # 2 pixels to the right each
    for calm in (0, 0.85):
        pictures = list(stylize_frames(frames, PAINTING, model=fast, calm=calm))[3:]
        moved = [np.abs(a[:, 10:-8] * 1.0 - b[:, 8:-10]).mean() for a, b in pairwise(pictures)]
        errors.append(np.mean(moved))
    assert errors[1] < 0.5 * errors[0]


def test_the_quick_way_is_calm_too(fast):
    style, errors = adain_jax.encode_style(PAINTING, model=fast), []
    frames = noisy(pan(8))
    for artist in (Artist(fast, 0), Artist(fast, quick=True)):
        pictures = []
        for frame in frames:
            artist.look(frame)
            pictures.append(artist.paint(ask(fast, frame, style)))
        moved = [np.abs(a[:, 10:-8] * 1.0 - b[:, 8:-10]).mean() for a, b in pairwise(pictures[3:])]
        errors.append(np.mean(moved))
    assert errors[1] < 0.5 * errors[0]


def test_what_is_begun_anew_has_nothing_of_the_last_picture(tiny):
    style = adain_jax.encode_style(PAINTING, model=tiny)
    frame, artist = pan(1)[0], Artist(tiny)
    made = []
    for alpha in (1.0, 0.2, 0.2):
        artist.look(frame)
        begun = artist.begin(ask(tiny, frame, style, alpha=alpha), anew=len(made) == 1)
        made.append(artist.finish(begun).astype(int))
    np.testing.assert_array_equal(made[1], made[2])
    assert np.abs(made[0] - made[1]).mean() > 1


@pytest.mark.parametrize("calm", [0, 0.85])
def test_the_next_picture_can_be_begun_while_one_is_finished(fast, calm):
    style, frames = adain_jax.encode_style(PAINTING, model=fast), noisy(pan(4))
    alone = list(stylize_frames(frames, style, model=fast, calm=calm))
    artist, waiting, made = Artist(fast, calm), iter(frames), []

    def begin():
        for frame in waiting:
            artist.look(frame)
            begun.append(artist.begin(ask(fast, frame, style)))
            return

    begun = []
    begin()
    while begun:
        made.append(artist.finish(begun.pop(), begin))
    np.testing.assert_array_equal(made, alone)


@pytest.mark.parametrize("calm", [0, 0.85])
def test_it_is_causal(tiny, calm):
    frames = noisy(pan(5))
    every = list(stylize_frames(frames, PAINTING, model=tiny, calm=calm))
    first = list(stylize_frames(iter(frames[:3]), PAINTING, model=tiny, calm=calm))
    np.testing.assert_array_equal(every[:3], first)


def test_frames_may_come_in_one_array(fast):
    """As from a camera that fills the same buffer again and again."""
    frames = pan(3)
    buffer = np.empty_like(frames[0])

    def filled():
        for frame in frames:
            buffer[:] = frame
            yield buffer

    ours, theirs = (list(stylize_frames(x, PAINTING, model=fast)) for x in (filled(), frames))
    np.testing.assert_array_equal(ours, theirs)


def test_nothing_is_left_of_the_scene_before(tiny):
    dark = [np.asarray(frame // 4) for frame in pan(4)]
    light = [255 - frame // 3 for frame in pan(4)]
    joined = list(stylize_frames([*dark, *light], PAINTING, model=tiny))
    alone = list(stylize_frames(light, PAINTING, model=tiny))
    np.testing.assert_array_equal(joined[4:], alone)


def test_every_control(tiny):
    frames = pan(3)
    left = np.arange(96)[None] < np.full((64, 1), 40)
    ramp = np.tile(np.linspace(0, 1, 96, dtype=np.float32), (64, 1))
    other = PAINTING[::-1] // 2
    for options in (
        {"style": [PAINTING, other], "masks": left[None], "alpha": [0.5, 1]},
        {"style": [PAINTING, other], "weights": [1, 3], "alpha": ramp},
        {"style": PAINTING, "color": "luminance"},
        {"style": PAINTING, "color": "coral"},
        {"style": [PAINTING, other], "color": "histogram", "weights": [1, 1]},
        {"style": PAINTING, "plan": Tiled(72)},
    ):
        for calm in (0, 0.85):
            pictures = list(stylize_frames(frames, model=tiny, calm=calm, **options))
            alone = adain_jax.stylize(frames[0], model=tiny, **options)
            assert np.abs(pictures[0].astype(int) - np.asarray(alone)).max() <= 1
            assert len(pictures) == 3


def test_floats_stay_floats(tiny):
    frames = [np.float32(frame / 255) for frame in pan(3)]
    pictures = list(stylize_frames(frames, PAINTING, model=tiny))
    assert all(picture.dtype == np.float32 for picture in pictures)
    bytes_ = list(stylize_frames(pan(3), PAINTING, model=tiny))
    assert np.abs(pictures[2] * 255 - bytes_[2]).max() < 3


def test_an_artist_goes_on_where_another_was(tiny):
    frames = noisy(pan(6))
    style = tiny.style(PAINTING)
    whole, first, second = (Artist(tiny) for _ in range(3))

    def picture(artist, frame):
        artist.look(frame)
        return artist.paint(ask(tiny, frame, style))

    every = [picture(whole, frame) for frame in frames]
    for frame in frames[:3]:
        picture(first, frame)
    second.recall(first.memory)
    np.testing.assert_array_equal(every[3:], [picture(second, x) for x in frames[3:]])


def test_a_clip_in_one_program(tiny):
    clip = np.stack(noisy(pan(4)))
    style = tiny.style(PAINTING)

    @jax.jit
    def whole(model, clip, style):
        request = ask(model, clip[0], style)

        def body(state, frame):
            return step(model, replace(request, content=frame), state, 0.8)

        return jax.lax.scan(body, begin(model, request), clip)[1]

    state, pictures = begin(tiny, ask(tiny, clip[0], style)), []
    for frame in clip:
        state, picture = step(tiny, ask(tiny, frame, style), state, 0.8)
        pictures.append(picture)
    difference = np.asarray(whole(tiny, clip, style)).astype(int) - np.stack(pictures)
    assert np.abs(difference).max() <= 1


def test_statistics_are_smoothed(tiny):
    bright, dim = PAINTING, PAINTING // 2 + 40
    own = [np.asarray(adain_jax.encode_style(x, model=tiny).mean) for x in (bright, dim)]
    state = begin(tiny, ask(tiny, bright, bright))
    seen = cuts.Seen(state.seen.small, jax.device_put(np.float32(10)))  # nothing is a cut
    state, _ = step(tiny, ask(tiny, bright, bright), state, 0.75)
    np.testing.assert_allclose(state.stats.mean, own[0], rtol=1e-3, atol=1e-4)
    state, _ = step(tiny, ask(tiny, dim, bright), state._replace(seen=seen), 0.75)
    between = 0.75 * own[0] + 0.25 * own[1]
    np.testing.assert_allclose(state.stats.mean, between, rtol=1e-2, atol=1e-3)


def test_cuts():
    one, other = pan(12), [np.roll(x[::-1], 1, -1) for x in pan(12)]
    fade = [np.uint8(a * (1 - k) + b * k) for a, b, k in zip(one, other, np.linspace(0, 1, 12))]  # noqa: B905
    seen, found = cuts.nothing(), []
    for number, frame in enumerate([*one, *other, *noisy(one, 10), *fade]):
        seen, cut = cuts.look(seen, frame)
        found += [number] if cut else []
    assert found == [0, 12, 24, 36]


def test_motion_of_a_pan():
    frames = pan(2, (96, 128), step=3)
    found = motion(*frames)
    inside = np.s_[16:-16, 16:-16]
    np.testing.assert_allclose(np.median(found.back[inside], (0, 1)), [3, 0], atol=0.2)
    assert found.known[inside].mean() > 0.9
    assert found.known[:, -2:].mean() < 0.3  # what comes in was not there
    back = warp(frames[0].astype(np.float32), found.back)
    assert np.abs(back - frames[1])[inside].mean() < 2


def test_what_is_carried_keeps_its_contrast():
    rng = np.random.default_rng(0)
    still = Motion(np.zeros((64, 64, 2), np.float32), np.ones((64, 64), np.float32))
    strokes = [(128 + 30 * rng.normal(size=(64, 64, 3))).astype(np.float32) for _ in range(9)]
    last = strokes[0]
    for new in strokes[1:]:
        last = carry(last, new, still, 0.8)
    assert 0.85 < last.std() / strokes[0].std() < 1.15
    unknown = Motion(still.back, np.zeros((64, 64), np.float32))
    np.testing.assert_allclose(carry(last, strokes[0], unknown, 0.8), strokes[0], atol=1e-3)


def test_schedules():
    ramp = Schedule((1.0, 3.0), (0.0, 1.0))
    assert [float(ramp.at(x)) for x in (0, 1, 2, 3, 9)] == [0, 0, 0.5, 1, 1]
    styles = turns([0.0, 2.0], [1.0, 1.0])
    np.testing.assert_allclose(styles.at(0.5), [0.75, 0.25])
    assert parse(["0.5", "me@home.jpg"], "--x") == (["0.5", "me@home.jpg"], [None, None])
    for wrong, words in ((["a@1s", "b"], "each a moment"), (["a@2s", "b@1s"], "increasing order")):
        with pytest.raises(ValueError, match=words):
            parse(wrong, "--styles")


def test_what_is_wrong_is_told(tiny, monkeypatch):
    with pytest.raises(ValueError, match="calm is between 0 and 1, not 2"):
        stylize_frames([], PAINTING, model=tiny, calm=2)
    with pytest.raises(ValueError, match="out is for one content: each frame has a picture"):
        stylize_frames([], PAINTING, model=tiny, plan=Tiled(out=np.zeros((64, 96, 3), np.uint8)))
    with pytest.raises(ValueError, match="a frame is one RGB image"):
        list(stylize_frames([np.stack(pan(2))], PAINTING, model=tiny))
    with pytest.raises(ValueError, match="another model"):
        stylize_frames([], adain_jax.load("fast").style(PAINTING), model=tiny)
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(ValueError, match=r"pip install 'adain-jax\[video\]'"):
        stylize_frames([], PAINTING, model=tiny)
    assert len(list(stylize_frames(pan(2), PAINTING, model=tiny, calm=0))) == 2
