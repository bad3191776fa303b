"""Trainings as processes: killed, told to stop, on other devices, and several of them at once."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from adain_jax.training.checkpoint import load_params
from adain_jax.training.config import TrainConfig
from tests.conftest import ROOT, xla_flags
from tests.training.conftest import SMALL, WAYS, assert_equal

SMOKE = ROOT / "configs/smoke.py"
_RUN = "import runpy, sys, tests.tiny; runpy.run_path(sys.argv[0], run_name='__main__')"


def command(recipe, *args, **fields):
    code = f"import sys; sys.argv[0] = {str(ROOT / 'scripts/train.py')!r}; {_RUN}"
    overrides = [f"--config.{name}={value}" for name, value in fields.items()]
    return [sys.executable, "-c", code, f"--config={recipe}", *overrides, *args]


def overrides(config: TrainConfig, **fields):
    """The fields that differ from those of configs/smoke.py."""
    names = ("content", "style", "encoder", "content_size", "crop_size", "style_size", "workdir")
    return {
        **{name: getattr(config, name) for name in (*names, "style_crop_size")},
        "pool_contents": 0,
        "pool_styles": 0,
        "batch_size": 4,
        "schedule": "inverse_time",  # which does not know how long the training is
        **fields,
    }


ENVIRONMENT = {**os.environ, "XLA_FLAGS": xla_flags(1), "PYTHONPATH": str(ROOT)}


def start(*args, devices=1, **fields):
    return subprocess.Popen(
        command(SMOKE, *args, **fields),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, "XLA_FLAGS": xla_flags(devices)},
    )


def finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out + err


def wait_for(condition, process):
    for _ in range(3000):
        if condition():
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.1)
    raise TimeoutError


@pytest.fixture(scope="module", params=["streamed", "kept, in a pool"])
def uninterrupted(folders, tiny_file, tmp_path_factory, request):
    """Twelve steps in one go, and how they were asked for."""
    config = TrainConfig(
        content=str(folders / "content"),
        style=str(folders / "style"),
        encoder=tiny_file,
        workdir=str(tmp_path_factory.mktemp("whole") / "run"),
        **SMALL,
    )
    fields = overrides(
        config, steps=12, checkpoint_every=3, pictures_every=0, **WAYS[request.param]
    )
    finish(start(**fields))
    return fields, load_params(config.workdir)


def losses_of(workdir):
    lines = map(json.loads, (Path(workdir) / "log.jsonl").read_text().splitlines())
    return {line["step"]: line["loss"] for line in lines}


@pytest.mark.slow
def test_killed_and_taken_up_again(uninterrupted, tmp_path):
    """SIGKILL at any moment: the same batches, and bit for bit the same weights."""
    fields, expected = uninterrupted
    ours = {**fields, "workdir": tmp_path / "killed"}
    for step in (4, 8):
        process = start(**ours)
        log = tmp_path / "killed/log.jsonl"
        wait_for(
            lambda log=log, step=step: log.exists() and f'"step": {step},' in log.read_text(),
            process,
        )
        process.kill()
        process.communicate()
    assert "going on from step" in finish(start(**ours))
    assert_equal(load_params(ours["workdir"]), expected)
    assert losses_of(ours["workdir"]) == losses_of(fields["workdir"])


@pytest.mark.slow
@pytest.mark.parametrize("uninterrupted", ["streamed"], indirect=True)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_told_to_stop(uninterrupted, tmp_path, number, code):
    fields, expected = uninterrupted
    ours = {**fields, "workdir": tmp_path / "stopped", "checkpoint_every": 100}
    process = start(**ours)
    log = tmp_path / "stopped/log.jsonl"
    wait_for(lambda: log.exists() and '"step": 5,' in log.read_text(), process)
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert "stopped at step" in err
    assert "the same command goes on" in err
    if number == signal.SIGTERM:  # the rest is the same for both
        finish(start(**ours))
        assert_equal(load_params(ours["workdir"]), expected)


@pytest.mark.slow
def test_goes_on_with_another_number_of_devices(uninterrupted, tmp_path):
    fields, _ = uninterrupted
    ours = {**fields, "workdir": tmp_path / "devices"}
    finish(start(devices=2, **{**ours, "steps": 5}))
    assert "going on from step 5" in finish(start(**{**ours, "steps": 8}))
    losses, expected = losses_of(ours["workdir"]), losses_of(fields["workdir"])
    assert list(losses) == list(range(1, 9))
    for step, loss in losses.items():
        assert loss == pytest.approx(expected[step], rel=1e-2)


def train_in_two_processes(fields):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    processes = [
        start(
            *(f"--coordinator=localhost:{port}", "--num-processes=2", f"--process-id={i}"),
            **fields,
        )
        for i in range(2)
    ]
    for process in processes:
        finish(process)


@pytest.mark.slow
@pytest.mark.parametrize("uninterrupted", ["streamed"], indirect=True)
def test_two_processes_do_what_two_devices_do(uninterrupted, tmp_path):
    fields = {**uninterrupted[0], "steps": 4, "learning_rate": 1e-6, "checkpoint_every": 2}
    together = {**fields, "workdir": tmp_path / "processes"}
    train_in_two_processes(together)
    one = {**fields, "workdir": tmp_path / "devices"}
    finish(start(devices=2, **one))
    for a, b in zip(
        jax.tree.leaves(load_params(together["workdir"])),
        jax.tree.leaves(load_params(one["workdir"])),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)
    losses, theirs = losses_of(together["workdir"]), losses_of(one["workdir"])
    assert list(losses) == [1, 2, 3, 4]
    np.testing.assert_allclose(list(losses.values()), list(theirs.values()), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("uninterrupted", ["kept, in a pool"], indirect=True)
def test_two_processes_with_a_share_of_the_images_each(uninterrupted, tmp_path):
    """In one go, and in two: to the bit."""
    fields = {**uninterrupted[0], "steps": 4, "checkpoint_every": 2}
    whole, parts = ({**fields, "workdir": tmp_path / name} for name in ("whole", "parts"))
    train_in_two_processes(whole)
    for steps in (2, 4):
        train_in_two_processes({**parts, "steps": steps})
    assert losses_of(parts["workdir"]) == losses_of(whole["workdir"])
    assert_equal(load_params(parts["workdir"]), load_params(whole["workdir"]))
