"""Optical flow of frames of any size."""

import subprocess
import sys

import numpy as np
import pytest

from adain_jax.video import flow

# One process for all sizes: where OpenCV crashes, the process ends without a word.
CODE = """
import numpy as np
from adain_jax.video.flow import motion

rng = np.random.default_rng(0)
for height, width in {sizes}:
    frames = rng.integers(256, size=(2, height, width, 3), dtype=np.uint8)
    back, known = motion(*frames, quick={quick})
    assert back.shape == (height, width, 2) and known.shape == (height, width), (height, width)
    assert np.isfinite(back).all() and np.isfinite(known).all(), (height, width)
"""
SIZES = (
    *((1, 1), (8, 8), (31, 88), (20, 80), (90, 1600), (108, 1920), (16, 468), (20, 600)),
    *((600, 20), (33, 1600), (1, 400)),
)


@pytest.mark.parametrize("quick", [False, True])
def test_narrow_frames(quick):
    code = CODE.format(sizes=SIZES, quick=quick)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert not ended.returncode, ended.stderr


def test_a_side_that_opencv_cannot_move():
    frame = np.zeros((4, 32_767, 3), np.uint8)
    with pytest.raises(ValueError, match="at most 32766 pixels a side, not 32767 x 4"):
        flow.motion(frame, frame)
