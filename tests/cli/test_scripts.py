"""The scripts of a clone are the commands by other names."""

import os
import runpy
import subprocess
import sys

import pytest

from tests.conftest import ROOT

COMMANDS = {
    "train": "train",
    "evaluate": "evaluate",
    "evaluate_video": "evaluate-video",
    "convert_vgg": "convert",
    "reproduce": "reproduce",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_script_is_a_command(name, monkeypatch, capsys):
    script = str(ROOT / f"scripts/{name}.py")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(script, run_name="__main__")
    assert not left.value.code
    assert capsys.readouterr().out.startswith(f"usage: adain-jax {COMMANDS[name]} ")


def test_a_script_from_elsewhere(tmp_path):
    """Which is the clone's, whatever is installed."""
    result = subprocess.run(
        [sys.executable, ROOT / "scripts/train.py", "--config=nix.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert result.returncode == 2
    assert result.stderr == "adain-jax: error: no such file: nix.py\n"
