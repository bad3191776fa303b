"""`adain-jax reproduce`: what it refuses. Tests of the figures make them."""

import sys

import pytest

from adain_jax.reproduce.page import check_plots
from tests.cli.common import assert_one_error


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["fig2"], "fig2 is none of all, table1, fig1"),
        (["fig1", "--budget", "0", "--crop", "30"], "the budget is positive, and finite, not 0 s"),
        (["all", "fig2"], "fig2 is none of all"),
        (["fig1", "--budget", "inf"], "positive, and finite, not inf s"),
        (["fig7", "--model", "fast"], "fast is no VGG"),
        (["fig1", "--content", "nowhere"], "no such folder: nowhere"),
        (["table1", "--style", "nowhere"], "no such folder: nowhere"),
    ],
)
def test_one_line_for_what_is_wrong(main, args, message, tmp_path):
    assert_one_error(*main("reproduce", *args, "--out", "out", code=2), message)
    assert not (tmp_path / "out").exists()


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'adain-jax\[reproduce\]'"):
        check_plots()
