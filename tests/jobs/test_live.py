"""What a camera sees, without a window."""

import time

import numpy as np
import pytest
from PIL import Image

from adain_jax.files import camera, image, video
from adain_jax.jobs.live import Asked, Live
from tests.clips import pan, write


@pytest.fixture
def clip(tmp_path):
    return write(tmp_path / "clip.mp4", pan(12))


@pytest.fixture
def live(clip, painting, photo, tiny, tmp_path):
    """A clip that begins again and again, and two styles."""
    files = [(path, image.load(path, size=32, as_bytes=True).rgb) for path in (painting, photo)]
    folder = tmp_path / "out"
    folder.mkdir()
    made = Live(camera.opened(clip, 0), files, tiny, Asked((1.0, 0.0)), size=48, folder=folder)
    yield made
    made.close()


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def picture(live, number=0):
    """The first picture behind one of this number."""
    return wait_for(lambda: (x := live.after(number)) and x.made and x)


def test_the_camera_s_frames_are_shown_until_there_is_a_picture(live):
    first = wait_for(lambda: live.after(0))
    assert first.number < 0
    assert not first.made
    assert first.rgb.shape == (48, 72, 3)
    assert live.note
    made = picture(live, first.number)
    assert made.rgb.shape == (48, 72, 3)
    assert np.abs(made.rgb.astype(float) - first.rgb).mean() > 2
    assert not live.note


def test_what_is_asked_changes_the_pictures_to_come(live):
    one = picture(live)
    live.asked.turn()
    live.asked.beside = True
    wide = wait_for(lambda: (x := live.after(one.number)) and x.rgb.shape == (48, 144, 3) and x)
    assert live.asked.shares == (0, 1)
    assert wide.number > one.number
    live.asked.share(1, 0.0)  # no style at all
    assert picture(live, live.after(0).number + 1)
    assert live.error is None


def test_snapshots_and_recordings(live):
    live.asked.recording = live.asked.snapshot = True
    wait_for(lambda: (live.recorded or 0) > 0.2)
    live.asked.beside = True  # a recording stays as it is
    wait_for(lambda: live.after(0).rgb.shape[1] == 144)
    assert live.close()
    snapshot, recording = live.saved
    assert image.load(snapshot).rgb.shape == (48, 72, 3)
    assert len(list(video.Video(recording).frames())) > 2
    assert video.Video(recording).look.size == (48, 72)
    assert set(recording.parent.iterdir()) == {snapshot, recording}


def test_what_cannot_be_written_is_told_and_pictures_go_on(live, tmp_path):
    (tmp_path / "out").rmdir()
    (tmp_path / "out").touch()
    for wanted in ("recording", "snapshot"):
        setattr(live.asked, wanted, True)
        wait_for(lambda: str(tmp_path / "out") in live.note)
        assert not getattr(live.asked, wanted)
        live._told = ""
    assert picture(live, live.after(0).number)
    assert not live.saved


def test_a_snapshot_that_fails_leaves_the_recording(live, tmp_path, monkeypatch):
    live.asked.recording = True
    wait_for(lambda: (live.recorded or 0) > 0.1)

    def full(*_):
        raise OSError("cannot write a.png: no space left on device")

    monkeypatch.setattr(image, "save", full)
    live.asked.snapshot = True
    wait_for(lambda: "no space left" in live.note)
    assert live.asked.recording
    assert live.close()
    [recording] = live.saved
    assert len(list(video.Video(recording).frames())) > 2


def test_an_error_of_the_source_ends_it(painting, tiny, tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    Image.fromarray(pan(1)[0]).save(folder / "1.png")
    (folder / "2.png").write_text("no image")
    style = image.load(painting, size=32, as_bytes=True).rgb
    live = Live(camera.opened(folder, 0), [(painting, style)], tiny, Asked((1.0,)))
    wait_for(lambda: live.ended)
    assert "2.png" in str(live.error)
    live.close()


def test_it_ends_with_the_source(clip, painting, tiny):
    style = image.load(painting, size=32, as_bytes=True).rgb
    live = Live(camera.opened(clip, 0, again=False), [(painting, style)], tiny, Asked((1.0,)))
    wait_for(lambda: live.ended)
    wait_for(live.close)
    assert live.error is None
