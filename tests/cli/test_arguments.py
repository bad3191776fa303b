"""Types of arguments."""

from argparse import ArgumentTypeError
from fractions import Fraction

import pytest

from adain_jax.cli.arguments import rate


def test_rates_fit_into_the_numbers_of_ffmpeg():
    assert rate("29.97002997") == rate("30000/1001") == Fraction(30000, 1001)
    assert rate("23.976") == Fraction(2997, 125)
    assert rate("0.01") == Fraction(1, 100)
    assert rate("999.9999999999").numerator < 1 << 31


@pytest.mark.parametrize("text", ["0", "0.001", "1000.1", "1001"])
def test_rates_that_are_refused(text):
    with pytest.raises(ArgumentTypeError, match=f"must be between 0.01 and 1000, not {text}"):
        rate(text)
