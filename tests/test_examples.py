"""The programs of examples/, as their users run them."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
def test_texture_shift(tmp_path):
    """A few images and steps: the table is whole, and every number an accuracy."""
    pytest.importorskip("pyarrow")
    arguments = ("-o", tmp_path / "out", "--images", "2", "--steps", "2", "--seeds", "1")
    result = subprocess.run(
        [sys.executable, ROOT / "examples/texture_shift.py", *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    table = [line.split(" | ") for line in result.stdout.splitlines() if " | " in line]
    assert table[0] == ["trained on", "test images", "shifted test images"]
    assert [row[0] for row in table[2:]] == [
        "images as they are",
        "in random colours",
        "and stylized copies",
        "and stylized copies, in random colours",
    ]
    for row in table[2:]:
        assert all(0 <= float(cell.split(" ± ")[0]) <= 1 for cell in row[1:])
    assert len(list((tmp_path / "out/stylized").rglob("*.png"))) == 24
