"""GIFs and animated WebPs: turned upright, and refused if they are damaged."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from adain_jax.files import animation, image, moving
from adain_jax.files.animation import Animation
from adain_jax.files.clip import Frame, Look
from tests.clips import pan

ORIENTATION = 0x0112


def saved(path, frames, **options):
    first, *rest = [Image.fromarray(frame) for frame in frames]
    first.save(path, save_all=True, append_images=rest, duration=40, **options)
    return path


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * share)])
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_frame_of_a_turned_webp_is_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = saved(tmp_path / "a.webp", pan(3), exif=exif, lossless=True)
    clip = Animation(path)
    frames = [frame.rgb for frame in clip.frames()]
    assert {frame.shape[:2] for frame in frames} == {clip.look.size}
    np.testing.assert_array_equal(frames[0], image.load(path, as_bytes=True).rgb)
    for frame, still in zip(frames, pan(3), strict=True):  # each as a picture by itself
        Image.fromarray(still).save(tmp_path / "b.webp", exif=exif, lossless=True)
        np.testing.assert_array_equal(frame, image.load(tmp_path / "b.webp", as_bytes=True).rgb)


def test_a_truncated_gif_is_refused_when_it_is_opened(tmp_path):
    path = saved(tmp_path / "a.gif", pan(4))
    whole = path.read_bytes()
    last = whole.rindex(b"\x21\xf9\x04")  # the header before the last frame
    for end in (len(whole) * 2 // 3, last + 1, last + 3, last + 12):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"a\.gif is damaged or truncated: ") as caught:
            Animation(path)
        assert "\n" not in str(caught.value)


def test_a_truncated_webp_is_refused_when_it_is_opened(tmp_path):
    with pytest.raises(ValueError, match=r"a\.webp "):
        Animation(cut(saved(tmp_path / "a.webp", pan(4)), 2 / 3))


def test_damage_after_opening_names_the_file(tmp_path):
    path = saved(tmp_path / "a.gif", pan(4))
    clip = Animation(path)
    cut(path, 2 / 3)
    with pytest.raises(ValueError, match=r"a\.gif is damaged or truncated: "):
        list(clip.frames())


def test_errors_of_the_consumer_are_not_the_file_s(tmp_path):
    frames = Animation(saved(tmp_path / "a.gif", pan(2))).frames()
    next(frames)
    with pytest.raises(KeyError):
        frames.throw(KeyError("mine"))  # type: ignore[attr-defined]


def test_the_files_of_a_folder(tmp_path):
    for name in ("f10.png", "f9.png"):
        image.save(tmp_path / name, pan(1)[0])
    (tmp_path / "out.mp4").touch()
    (tmp_path / "inner").mkdir()
    image.save(tmp_path / "inner/f1.png", pan(1)[0])
    assert [path.name for path in animation.files_of(tmp_path)] == ["f9.png", "f10.png"]
    assert animation.Folder(tmp_path).files == animation.files_of(tmp_path)


def test_frames_of_an_earlier_longer_clip_go(tmp_path):
    """Or they would follow those of this one; other files stay."""
    frames = [Frame(np.zeros((8, 8, 3), np.uint8), i, 1) for i in range(5)]
    animation.save_folder(tmp_path, frames)
    (tmp_path / "frame_000009.png").touch()
    animation.save_folder(tmp_path, frames[:3])
    left = [f"frame_00000{i}.png" for i in (1, 2, 3, 9)]
    assert sorted(x.name for x in tmp_path.iterdir()) == left


def test_a_gif_of_one_picture_for_too_long(tmp_path):
    """Pillow adds up the durations of equal frames."""
    look = Look((8, 8), Fraction(1), Fraction(1, 100))
    frames = [Frame(np.zeros((8, 8, 3), np.uint8), 100 * i, 100) for i in range(8)]
    with pytest.raises(ValueError, match=r"a\.gif: a picture of a GIF is shown for 655 s at most"):
        animation.save_animation(tmp_path / "a.gif", frames, look)
    assert not list(tmp_path.iterdir())


def test_a_gif_of_one_picture_does_not_move(tmp_path):
    saved(tmp_path / "still.gif", pan(1))
    saved(tmp_path / "moves.gif", pan(2))
    assert [moving.is_clip(tmp_path / f"{name}.gif") for name in ("still", "moves")] == [0, 1]
