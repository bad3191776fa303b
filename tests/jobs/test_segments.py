"""The folder of segments: made late, and never at the cost of another's files."""

from fractions import Fraction

import numpy as np
import pytest

from adain_jax.files.clip import Frame, Look
from adain_jax.files.segment import Writer
from adain_jax.jobs.segments import Segments
from tests.clips import pan

LOOK = Look((64, 96), Fraction(1, 12), Fraction(12))
MEMORY = {"mean": np.zeros(3, np.float32)}


def segments(folder, resume=False):
    return Segments(folder, LOOK, ("ffv1", None), zero=0, key="key", resume=resume)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "out.mp4.parts"


@pytest.fixture
def interrupted(folder):
    """A folder with one segment and its state, and one that nothing continues from."""
    parts = segments(folder)
    for i, frame in enumerate(pan(3)):
        parts.write(Frame(frame, i, 1), MEMORY if i == 1 else None)
    parts.end()
    (folder / ".0123456789ab.safetensors").touch()
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("name", ["notes.txt", "holiday.nut", ".git/config"])
def test_another_s_folder_is_refused(folder, name, resume):
    path = folder / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(ValueError, match=r"out\.mp4\.parts is for segments, but holds "):
        segments(folder, resume)
    assert path.read_text() == "mine"


def test_a_file_in_place_of_the_folder_is_refused(folder):
    folder.write_text("mine")
    with pytest.raises(NotADirectoryError, match=r"out\.mp4\.parts is not a folder"):
        segments(folder)
    assert folder.read_text() == "mine"


def test_what_comes_in_later_is_kept(interrupted):
    parts = segments(interrupted, resume=True)
    (interrupted / "notes.txt").write_text("mine")
    parts.remove()
    assert names(interrupted) == ["notes.txt"]


@pytest.mark.parametrize("resume", [False, True])
def test_nothing_is_changed_before_the_first_frame(interrupted, resume):
    before = names(interrupted)
    segments(interrupted, resume).close()
    assert names(interrupted) == before


def test_no_folder_is_made_before_the_first_frame(folder):
    segments(folder).close()
    assert not folder.exists()


def test_a_first_frame_that_fails_leaves_no_folder(folder, monkeypatch):
    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(Writer, "write", fail)
    parts = segments(folder)
    with pytest.raises(OSError, match="no space left"):
        parts.write(Frame(pan(1)[0], 0, 1), None)
    parts.close()
    assert not folder.exists()


def test_beginning_anew_removes_the_old_segments(interrupted):
    parts = segments(interrupted)
    parts.write(Frame(pan(1)[0], 0, 1), None)
    parts.end()
    assert names(interrupted) == ["000000.nut"]
    parts.remove()
    assert not interrupted.exists()


def test_going_on_removes_only_what_is_not_gone_on_from(interrupted):
    parts = segments(interrupted, resume=True)
    assert (parts.done, parts.last) == (2, 1)
    parts.write(Frame(pan(3)[2], 2, 1), None)
    parts.end()
    assert names(interrupted) == ["000000.nut", "000001.nut", "state.safetensors"]


def test_a_segment_that_is_lost(tmp_path):
    options = {"zero": 0, "key": "a"}
    look = Look((16, 16), Fraction(1, 25), Fraction(25))
    first = Segments(tmp_path / "parts", look, ("ffv1", None), resume=False, **options)
    first.write(Frame(np.zeros((16, 16, 3), np.uint8), 0, 1), {"a": np.zeros(1)})
    (tmp_path / "parts/000000.nut").unlink()
    with pytest.raises(ValueError, match=r"000000\.nut is missing: leave --resume out"):
        Segments(tmp_path / "parts", look, ("ffv1", None), resume=True, **options)
