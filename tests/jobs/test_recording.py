import numpy as np
import pytest

from adain_jax.files import video
from adain_jax.jobs.recording import Recording
from tests.clips import pan


def test_pictures_are_shown_at_the_times_they_were_made_at(tmp_path):
    path, pictures = tmp_path / "a.mp4", pan(4, (33, 48))
    recording = Recording(path, (33, 48))
    for picture, moment in zip(pictures, [7.0, 7.05, 7.05, 7.5], strict=True):
        recording.write(picture, moment)
    assert recording.seconds == 0.5
    assert not path.exists()
    recording.close()
    frames = list(video.Video(path).frames())
    base = video.Video(path).look.time_base
    assert [float(frame.pts * base) for frame in frames] == [0, 0.05, 0.051, 0.5]
    for frame, picture in zip(frames, pictures, strict=True):
        assert np.abs(frame.rgb[:33].astype(float) - picture).mean() < 8
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_picture_there_is_no_file(tmp_path):
    Recording(tmp_path / "a.mp4", (32, 48)).close()
    assert not list(tmp_path.iterdir())


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        Recording(tmp_path / "file/a.mp4", (32, 48))
