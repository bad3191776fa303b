"""Segments of videos: the same whatever came before, and read again as they were."""

import time
from fractions import Fraction

import numpy as np
import pytest

from adain_jax.files import segment
from adain_jax.files.clip import Frame, Look
from tests.clips import packets, pan


@pytest.mark.slow
def test_a_segment_is_the_same_whatever_came_before(tmp_path):
    """Encoders that read what they never wrote do so now and then: of some fed slowly, in memory
    that others filled, one in ten was another."""
    frames, look = pan(48, step=0.5), Look((64, 96), Fraction(1, 12), Fraction(12))
    rng, junk, made = np.random.default_rng(0), [], set()
    for _ in range(24):
        path = tmp_path / "segment.nut"
        writer = segment.Writer(path, look)
        for i, frame in enumerate(frames):
            writer.write(Frame(frame, i, 1))
            time.sleep(rng.choice([0, 0.001, 0.003]))
            junk = [*junk[-9:], np.full(rng.integers(200_000), rng.integers(256), np.uint8)]
        writer.close()
        made.add(tuple(packets(path, "video")))
    assert len(made) == 1


def test_segments_without_loss(tmp_path):
    look = Look((63, 95), Fraction(1, 1000), Fraction(10))
    frames = [Frame(rgb[:63, :95], 100 * i, 100) for i, rgb in enumerate(pan())]
    frames[-1] = frames[-1]._replace(duration=700)  # the last picture stands longer
    writer = segment.Writer(tmp_path / "a.nut", look, "ffv1")
    for frame in frames:
        writer.write(frame)
    writer.close()
    again = list(segment.read([tmp_path / "a.nut"], look, 700))
    for one, other in zip(frames, again, strict=True):
        assert one[1:] == other[1:]
        np.testing.assert_array_equal(one.rgb, other.rgb)
