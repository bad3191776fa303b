"""Cameras, and files played in their place."""

import time
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from adain_jax.files import camera
from tests.clips import pan, write


@pytest.fixture
def clip(tmp_path):
    """Four frames, of which the second lasts longest; a quarter of a second in all."""
    pts = [0, 1, 10, 11]
    return write(tmp_path / "clip.mp4", pan(4), pts, time_base=Fraction(1, 50), last=2)


def test_a_file_s_frames_come_at_their_times(clip):
    begin, moments = time.monotonic(), []
    for _ in camera.opened(clip, 0, again=False).frames(lambda: False):
        moments.append(time.monotonic() - begin)
    assert len(moments) == 4
    assert all(found >= pts / 50 for found, pts in zip(moments, [0, 1, 10, 11], strict=True))
    assert time.monotonic() - begin >= 13 / 50  # the last is shown for its time, too


def test_a_file_begins_again(clip):
    frames = list(islice(camera.opened(clip, 0).frames(lambda: False), 6))
    np.testing.assert_array_equal(frames[:2], frames[4:])


def test_it_stops_when_it_is_told_to(clip):
    seen = []
    for frame in camera.opened(clip, 0).frames(lambda: len(seen) == 3):
        seen.append(frame)
    assert len(seen) == 3


def test_no_camera_is_one_line(capfd):
    with pytest.raises(ValueError, match=r"camera 63 cannot be opened.*--camera N takes another"):
        camera.opened(None, 63)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", [(20, 30), (10, 15), (40, 60)])
def test_fit(size):
    image = np.full((20, 30, 3), 7, np.uint8)
    np.testing.assert_array_equal(camera.fit(image, size), np.full((*size, 3), 7))
