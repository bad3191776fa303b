import math
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from adain_jax.evaluation import clips, unrest


@pytest.mark.parametrize(
    ("text", "path", "second"),
    [
        ("clip.mp4", "clip.mp4", Fraction(0)),
        ("clip.mp4@2.5", "clip.mp4", Fraction(5, 2)),
        ("clip.mp4@1/25", "clip.mp4", Fraction(1, 25)),
        ("me@home.mp4@0", "me@home.mp4", Fraction(0)),
    ],
)
def test_where_a_clip_begins(text, path, second):
    assert clips._parted(text) == (Path(path), second)


def test_quotients_of_a_clip_that_stands_still():
    assert clips._quotient(3.0, 2.0) == 1.5
    assert clips._quotient(0.0, 0.0) == 1.0
    assert clips._quotient(1.0, 0.0) == math.inf


@pytest.mark.parametrize("shape", [(90, 70), (70, 90), (64, 200)])
def test_the_motion_of_a_pan_is_exact(shape):
    """Also after the camera has come to an edge."""
    y, x = np.indices(shape)
    grey = 128 + 60 * np.sin(x / 4) + 60 * np.cos(y / 5 + x / 9)
    picture = np.stack([grey.astype(np.uint8)] * 3, -1)
    clip = unrest.pan(picture, (40, 56), 40, 3.3, 1.2)
    still = unrest.Clip(clip.frames, [clip.motions[0]._replace(back=0 * clip.motions[0].back)] * 39)
    error = unrest.warp_error(clip.frames, clip)
    assert error < 0.1 * unrest.warp_error(clip.frames, still)
    for i in range(39):  # no frame is worse than the others
        one = unrest.Clip(clip.frames[i : i + 2], clip.motions[i : i + 1])
        assert unrest.warp_error(one.frames, one) < 2


def test_names_of_pictures(tmp_path, painting):
    """They are checked before anything is measured."""
    (tmp_path / "b").mkdir()
    for name in ("a.png", "b/a.png", "a_b.png", "b_c.png", "c.png"):
        shutil.copy(painting, tmp_path / name)
    pair = (tmp_path / "a.png", tmp_path / "b/a.png")
    parts = (tmp_path / "b_c.png", tmp_path / "c.png")
    for photos, styles, message in (
        (pair[:1], pair, "--style: 2 are called a"),
        (pair[:1] * 4, pair[:1], "--clips and --photos: 2 are called pan_a"),
        ((pair[0], *parts, tmp_path / "a_b.png"), parts, "pictures: 2 are called pan_a_b_c.png"),
        (pair[:1], (tmp_path / "nix.png",), "nix.png"),
    ):
        task = clips.Task((), photos, styles, size=64)
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            clips.run(task, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_clip_is_made_when_its_turn_comes(tmp_path, painting):
    """All of them, with their motions, would not fit into memory."""
    task = clips.Task((), (painting, painting), (painting,), size=64, frames=6)
    (first, make), (second, _) = clips._sources(task)
    assert (first, second) == ("pan_painting", "zoom_painting")
    assert len(make().frames) == 6
