import subprocess
import sys

import pytest

from adain_jax.reproduce.page import check_plots
from tests.conftest import ROOT


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
def test_one_line_for_what_is_wrong(args, message, tmp_path):
    command = [sys.executable, ROOT / "scripts/reproduce.py", *args, "--out", tmp_path / "out"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("reproduce.py: error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'adain-jax\[reproduce\]'"):
        check_plots()
