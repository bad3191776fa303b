"""Where one video cannot be made of segments."""

import pytest

from adain_jax.files import join, segment, video
from tests.clips import pan, write


def test_a_full_disk_is_told_of_the_output(tmp_path, mount):
    path = write(tmp_path / "a.mp4", pan(24), sound=True)
    clip = video.Video(path)
    writer = segment.Writer(tmp_path / "a.nut", clip.look)
    for frame in clip.frames():
        writer.write(frame)
    writer.close()
    output = mount("size=8k") / "out.mkv"
    with pytest.raises(OSError, match=r"cannot write .*out\.mkv: no space left"):
        join.join([tmp_path / "a.nut"], output, clip.look, 1, path)
    assert not list(output.parent.iterdir())


def test_what_a_file_cannot_hold_is_told_before(tmp_path):
    path = write(tmp_path / "a.mp4", pan(), sound=True)
    join.check_output(tmp_path / "b.mkv", "h264", path)
    with pytest.raises(ValueError, match=r"b\.webm cannot hold h264"):
        join.check_output(tmp_path / "b.webm", "h264")
    with pytest.raises(ValueError, match=r"cannot hold the sound of a\.mp4 \(aac\)"):
        join.check_output(tmp_path / "b.webm", "vp9", path)
    with pytest.raises(ValueError, match="no codec is called h2000"):
        join.check_output(tmp_path / "b.mp4", "h2000")
