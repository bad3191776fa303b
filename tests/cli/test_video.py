"""adain-jax video, as its users run it."""

import os
import signal
import time

import av
import numpy as np
import pytest

from adain_jax.cli import controls
from adain_jax.jobs import clip as clips
from adain_jax.video import CALM
from tests.cli.common import assert_one_error
from tests.clips import decoded, packets, pan, write

SMALL = ("--model", "fast", "--style-size", "32")


@pytest.fixture
def clip(tmp_path):
    """Two segments, and a part of one."""
    return write(tmp_path / "clip.mp4", pan(110, step=0.5), sound=True)


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
def test_killed_in_the_middle_and_resumed(run, start, clip, painting, tmp_path):
    options = (clip, painting, *SMALL)
    run("video", *options, "-o", "whole.mp4")
    process = start("video", *options, "-o", "out.mp4")
    wait_for(lambda: (tmp_path / "out.mp4.parts/state.safetensors").exists())
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out.mp4").exists()
    result = run("video", *options, "-o", "out.mp4", "--resume")
    assert result.stdout.splitlines() == ["out.mp4"]
    whole, resumed = (decoded(tmp_path / name) for name in ("whole.mp4", "out.mp4"))
    assert len(whole) == 110
    np.testing.assert_array_equal(whole, resumed)
    for kind in ("video", "audio"):
        assert packets(tmp_path / "whole.mp4", kind) == packets(tmp_path / "out.mp4", kind)
    assert not (tmp_path / "out.mp4.parts").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_what_was_made_can_be_played(run, start, clip, painting, tmp_path, number):
    process = start("video", clip, painting, "-o", "out.mp4", *SMALL)
    wait_for(lambda: (tmp_path / "out.mp4.parts/000000.nut").exists())
    process.send_signal(number)
    _, stderr = process.communicate()
    assert process.returncode == 128 + number
    lines = [line for line in stderr.decode().splitlines() if line.startswith("adain-jax:")]
    assert len(lines) == 1
    assert "of 110 frames made" in lines[0]
    assert "out.mp4 has what was made, --resume goes on" in lines[0]
    made = decoded(tmp_path / "out.mp4")
    assert 0 < len(made) < 110
    with av.open(str(tmp_path / "out.mp4")) as container:  # the sound is as long
        seconds = [float((x.duration or 0) * (x.time_base or 0)) for x in container.streams]
    assert abs(seconds[0] - seconds[1]) < 0.1
    run("video", clip, painting, "-o", "out.mp4", "--resume", *SMALL)
    assert len(decoded(tmp_path / "out.mp4")) == 110


@pytest.mark.parametrize("error", [clips.Stopped, KeyboardInterrupt])
def test_an_interruption_tells_only_of_a_file_that_is_there(
    main, clip, painting, monkeypatch, error
):
    def run(*args, **options):
        yield clips.Progress(3, 10)
        os.kill(os.getpid(), signal.SIGINT)
        raise error

    monkeypatch.setattr(clips, "run", run)
    told = main("video", clip, painting, "-o", "out.mp4", *SMALL, code=130).err
    assert "interrupted: 3 of 10 frames made" in told
    assert ("out.mp4 has what was made" in told) == (error is clips.Stopped)


def test_moments(main, painting, photo, tmp_path):
    clip = write(tmp_path / "short.mp4", pan(6))
    styles = ("--styles", f"{painting}@0s", f"{photo}@0.4s")
    main("video", clip, *styles, "--alpha", "0@0s", "1@0.3s", "-o", "out.gif", *SMALL)
    assert (tmp_path / "out.gif").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("clip.mp4",), "give one clip and one style"),
        (("clip.mp4", "p.jpg", "--alpha", "2"), "--alpha must be between 0 and 1, not 2"),
        (("clip.mp4", "p.jpg", "--alpha", "x"), "--alpha is a number, not x"),
        (("clip.mp4", "p.jpg", "--alpha", "0", "1"), "with moments, such as 0@0s 1@3s"),
        (("clip.mp4", "p.jpg", "--calm", "2"), "--calm is between 0 and 1"),
        (("clip.mp4", "p.jpg", "--masks", "m.png"), "--masks need --styles"),
        (("clip.mp4", "--styles", "a.jpg@0s", "b.jpg"), "--styles: give each a moment"),
        (("clip.mp4", "p.jpg", "--crf", "99"), "must be a whole number between 0 and 63"),
        (("clip.mp4", "p.jpg", "--start", "soon"), "must be a number, not soon"),
        (("none.mp4", "p.jpg"), "no such file: none.mp4"),
        (("clip.mp4", "--styles", "p.jpg:0.5"), "p.jpg:0.5: the only style has no share"),
        (("clip.mp4", "--crf", "9", "p.jpg"), "p.jpg: name all files one after another"),
        (("text.mp4", "p.jpg", "--fps", "9"), "--fps is for folders of frames"),
        (("none.mp4", "p.jpg", "--fps", "9"), "no such file: none.mp4"),
        (("--alpha", "1", "clip.mp4", "p.jpg"), "--alpha takes all words up to the next option"),
        (("--styles", "a", "b", "--alpha", "1", "clip.mp4"), ": --alpha takes all words"),
        (("--alpha", "1"), "arguments are required: CLIP STYLE (see"),
        (("text.mp4", "p.jpg"), "text.mp4 is no video, or damaged"),
    ],
)
def test_what_is_wrong_is_one_line(main, tmp_path, arguments, words):
    (tmp_path / "text.mp4").write_text("no video")
    printed = main("video", *arguments, "-o", "out.mp4", *SMALL, code=2)
    assert_one_error(printed.out, printed.err, words)
    assert not (tmp_path / "out.mp4").exists()


def test_standard_output_is_for_pictures(main, painting, tmp_path):
    clip = write(tmp_path / "short.mp4", pan(3))
    printed = main("video", clip, painting, "-o", "-", *SMALL, code=2)
    assert_one_error(printed.out, printed.err, "not written to standard output: name a file")
    assert not (tmp_path / "-").exists()


def test_without_the_extra_one_line_says_how_to_install_it(main, monkeypatch, painting):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    printed = main("video", painting, painting, "-o", "out.mp4", *SMALL, code=2)
    assert_one_error(printed.out, printed.err, "pip install 'adain-jax[video]'")


def test_defaults_agree():
    assert controls.CALM == CALM
