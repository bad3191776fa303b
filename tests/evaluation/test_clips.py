import math
from fractions import Fraction
from pathlib import Path

import pytest

from adain_jax.evaluation import clips


@pytest.mark.parametrize(
    ("text", "path", "second"),
    [
        ("clip.mp4", "clip.mp4", Fraction(0)),
        ("clip.mp4@2.5", "clip.mp4", Fraction(5, 2)),
        ("clip.mp4@1/25", "clip.mp4", Fraction(1, 25)),
        ("me@home.mp4@0", "me@home.mp4", Fraction(0)),
    ],
)
def test_where_a_clip_begins(text, path, second):
    assert clips._parted(text) == (Path(path), second)


def test_quotients_of_a_clip_that_stands_still():
    assert clips._quotient(3.0, 2.0) == 1.5
    assert clips._quotient(0.0, 0.0) == 1.0
    assert clips._quotient(1.0, 0.0) == math.inf
