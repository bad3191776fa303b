import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import adain_jax
from adain_jax.training.loop import train
from tests.conftest import ROOT

pytestmark = pytest.mark.usefixtures("standard_promotion")


def log_of(config):
    lines = (Path(config.workdir) / "log.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_whole_loop(config, model):
    """Two devices, both phases, log, checkpoints, and a model that stylizes."""
    trained = train(config)
    log = log_of(config)
    assert [line["step"] for line in log] == [1, 2, 3, 4]
    assert [line["phase"] for line in log] == ["reconstruction"] + ["style"] * 3
    assert all(np.isfinite(line["loss"]) for line in log)
    assert {"content_loss", "style_loss", "gradient_norm"} <= set(log[-1])
    folder = Path(config.workdir)
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == ["2", "4"]
    assert trained.fingerprint == model.fingerprint
    images = np.zeros((8, 8, 3), np.uint8)
    path = str(folder / "model.safetensors")
    assert adain_jax.stylize(images, images, model=adain_jax.load(path)).shape == images.shape


def test_goes_on_where_it_stopped(config, tmp_path):
    """The same weights as in one go: state, optimizer and data are all restored."""
    whole = train(config)
    stopped = dataclasses.replace(config, workdir=str(tmp_path / "stopped"), steps=2)
    train(stopped)
    resumed = train(dataclasses.replace(stopped, steps=4))
    jax.tree.map(np.testing.assert_array_equal, resumed.params, whole.params)
    assert [line["step"] for line in log_of(stopped)] == [1, 2, 3, 4]


def test_a_batch_that_devices_cannot_share(config):
    with pytest.raises(ValueError, match="batch_size 3 is no multiple of the 2 devices"):
        train(dataclasses.replace(config, batch_size=3))


def run_script(*args):
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts/train.py"), *args],
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_script(config, tmp_path):
    recipe = ROOT / "configs/smoke.py"
    result = run_script(
        f"--config={recipe}",
        f"--config.content={config.content}",
        f"--config.style={config.style}",
        f"--config.workdir={tmp_path / 'run'}",
        "--config.steps=2",
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "run/model.safetensors").exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--config.batch_size=0"], "batch_size must be positive"),
        (["--config.batchsize=4"], "batchsize"),
        (["--config.content=nix"], "no such folder: nix"),
        (["batch_size=4"], "unexpected 'batch_size=4'"),
    ],
)
def test_the_script_on_bad_input(args, message, tmp_path):
    result = run_script(
        f"--config={ROOT / 'configs/smoke.py'}", f"--config.workdir={tmp_path}", *args
    )
    assert_one_error(result, message)


@pytest.mark.parametrize(
    ("args", "message"),
    [([], "--config configs/base.py"), (["--config=nix.py"], "no such file")],
)
def test_the_script_without_a_recipe(args, message):
    assert_one_error(run_script(*args), message)


def assert_one_error(result, message):
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    line = result.stderr.splitlines()[-1]
    assert line.startswith("train.py: error: ")
    assert message in line
