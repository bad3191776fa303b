"""Styles over time."""

import pytest

from adain_jax.video.schedule import turns


def test_a_moment_without_weights():
    with pytest.raises(ValueError, match="--styles: at 2 s all weights are 0"):
        turns([0.0, 2.0, 2.0], [1.0, 0.0, 0.0])
    assert turns([2.0, 2.0], [0.0, 1.0]).values == ((0.0, 1.0),)
