import dataclasses
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

import adain_jax
from adain_jax.training import clock
from adain_jax.training.checkpoint import Checkpoints, load_params
from adain_jax.training.config import TrainConfig
from adain_jax.training.loop import train
from tests.conftest import ROOT, xla_flags
from tests.training.conftest import SMALL


def log_of(config):
    lines = (Path(config.workdir) / "log.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def assert_equal(ours, theirs):
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


def test_the_whole_loop(config, tiny):
    """Several devices, both phases, validation, pictures, log, checkpoints, a model to use."""
    config = dataclasses.replace(
        config,
        reconstruction_steps=1,
        validation_fraction=0.4,
        validate_every=2,
        validation_samples=3,
        pictures_every=3,
        ema_decay=0.5,
        keep=1,
    )
    trained = train(config)
    log = log_of(config)
    steps = [line for line in log if "loss" in line]
    assert [line["step"] for line in steps] == [1, 2, 3, 4]
    assert [line["phase"] for line in steps] == ["reconstruction"] + ["style"] * 3
    assert all(np.isfinite(line["loss"]) for line in steps)
    told = {"content_loss", "style_loss", "gradient_norm", "learning_rate", "images_per_second"}
    assert told | {"waiting_for_data"} <= set(steps[-1])
    validated = [line for line in log if "validation/loss" in line]
    assert [line["step"] for line in validated] == [2, 4]
    assert validated[0]["validation/reconstruction_loss"] > 0

    folder = Path(config.workdir)
    best = min(validated, key=lambda line: line["validation/loss"])["step"]
    kept = sorted(int(path.name) for path in (folder / "checkpoints").iterdir())
    assert kept == sorted({best, 4})
    assert sorted(path.name for path in (folder / "pictures").iterdir()) == [
        "0000003.png",
        "0000004.png",
    ]
    with Image.open(folder / "pictures/0000004.png") as grid:
        assert grid.size == (5 * 28 - 4, 7 * 28 - 4)
    assert list((folder / "tensorboard").iterdir())
    assert json.loads((folder / "config.json").read_text())["config"]["keep"] == 1

    # The model is the moving average, in float16, with the encoder untouched.
    loaded = adain_jax.load(str(folder / "model.safetensors"))
    average = load_params(folder)["decoder"]
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, atol=1e-3),
        loaded.params["decoder"],
        average,
    )
    assert_equal(trained.params["decoder"], average)
    assert_equal(trained.params["encoder"], tiny.params["encoder"])
    images = np.zeros((8, 8, 3), np.uint8)
    assert adain_jax.stylize(images, images, model=loaded).shape == images.shape


POOL = {"pool_contents": 8, "pool_styles": 8, "renew": 4}
WAYS = {
    "kept": {"reconstruction_steps": 1},
    "kept, in a pool": POOL,
    "streamed": {"device_share": 0.0},
    "streamed, in a pool": {"device_share": 0.0, **POOL, "renew": 3, "renew_every": 3},
}


@pytest.mark.parametrize("way", WAYS)
def test_goes_on_where_it_stopped(config, tmp_path, way):
    """The same weights as in one go: state, optimizer, data and pool are all restored."""
    config = dataclasses.replace(config, **WAYS[way], flip=True, style_gamma=0.5)
    whole = train(config)
    stopped = dataclasses.replace(config, workdir=str(tmp_path / "stopped"), steps=2)
    train(stopped)
    resumed = train(dataclasses.replace(stopped, steps=4))
    assert_equal(resumed.params, whole.params)
    assert [line["step"] for line in log_of(stopped)] == [1, 2, 3, 4]


def test_several_steps_in_a_call_are_those_steps(config, tmp_path):
    """Up to the next thing to do: log, checkpoint, the end of a phase."""
    fields = {"steps": 7, "reconstruction_steps": 1, "checkpoint_every": 5, **POOL}
    config = dataclasses.replace(config, **fields, learning_rate=1e-6)
    one = train(config)
    several = dataclasses.replace(
        config, workdir=str(tmp_path / "several"), steps_per_call=4, log_every=4
    )
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, atol=1e-5), train(several).params, one.params
    )
    losses = [line["loss"] for line in log_of(config)]
    lines = [(line["step"], line["loss"]) for line in log_of(several)]
    expected = [(4, sum(losses[:4]) / 4), (7, sum(losses[4:]) / 3)]
    np.testing.assert_allclose(lines, expected, rtol=1e-3)


def test_for_so_many_minutes(config, monkeypatch):
    """A minute that is over after four steps, in two runs; schedules and phases follow it."""
    hand = itertools.count(step=7)  # seconds; each look at the clock takes some
    monkeypatch.setattr(clock, "monotonic", lambda: next(hand))
    fields = {"minutes": 1.0, "schedule": "cosine", "reconstruction_steps": 25, "steps": 100}
    config = dataclasses.replace(config, **fields, checkpoint_every=100)
    train(config)
    log = log_of(config)
    assert 3 < len(log) < 12
    rates = [line["learning_rate"] for line in log]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(1e-4, rel=0.1)
    assert rates[-1] < 2e-5
    phases = [line["phase"] for line in log]
    assert phases == sorted(phases)  # "reconstruction" before "style"
    assert len(set(phases)) == 2
    assert (Path(config.workdir) / "model.safetensors").exists()
    train(config)  # nothing is left of the minute
    assert log_of(config) == log
    train(dataclasses.replace(config, minutes=1.5))
    assert 0 < len(log_of(config)) - len(log) < len(log)


def test_a_pool_of_another_recipe_is_made_anew(config):
    fields = {**POOL, "steps": 2}
    train(dataclasses.replace(config, **fields))
    for more in ({"crop_size": 8}, {"pool_contents": 0}):
        fields |= {"steps": fields["steps"] + 1, **more}
        train(dataclasses.replace(config, **fields))
    assert [line["step"] for line in log_of(config)] == [1, 2, 3, 4]


def test_a_checkpoint_of_another_training_is_refused(config, tiny, tmp_path):
    config = dataclasses.replace(config, steps=1)
    train(config)
    with pytest.raises(ValueError, match=r"'tiny' there, 'tiny_fast' here.*another workdir"):
        train(dataclasses.replace(config, variant="fast"))
    other = tmp_path / "other.safetensors"
    encoder = jax.tree.map(lambda x: x * 2, tiny.params["encoder"])
    adain_jax.Model.create("tiny", encoder).save(other)
    with pytest.raises(ValueError, match=r"encoder '\w+' there, '\w+' here"):
        train(dataclasses.replace(config, encoder=str(other)))
    with pytest.raises(ValueError, match="moving_average False there, True here"):
        train(dataclasses.replace(config, ema_decay=0.9))


def test_a_half_written_checkpoint_is_none(config, tmp_path):
    train(dataclasses.replace(config, steps=2))
    folder = Path(config.workdir) / "checkpoints"
    # What orbax writes into until everything is there; a run that is killed leaves it behind.
    shutil.copytree(folder / "2", folder / "9.orbax-checkpoint-tmp")
    checkpoints = Checkpoints(folder, 3)
    assert checkpoints.latest == 2
    checkpoints.close()


def test_begins_with_given_weights(config, tiny, tiny_file, tmp_path):
    config = dataclasses.replace(config, steps=1, learning_rate=1e-12, reconstruction_steps=0)
    from_file = train(dataclasses.replace(config, init_from=tiny_file))
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, atol=1e-6), from_file.params, tiny.params
    )
    again = dataclasses.replace(config, workdir=str(tmp_path / "again"), init_from=config.workdir)
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, atol=1e-6),
        train(again).params,
        from_file.params,
    )
    with pytest.raises(ValueError, match=r"init_from: .*conv3_2"):
        train(dataclasses.replace(again, workdir=str(tmp_path / "x"), init_from="vgg16"))
    with pytest.raises(FileNotFoundError, match="no checkpoint in"):
        train(dataclasses.replace(again, workdir=str(tmp_path / "x"), init_from=str(tmp_path)))


@pytest.mark.parametrize("way", ["kept, in a pool", "streamed"])
def test_a_loss_that_is_not_finite(config, way):
    """Stops, names step and images, and keeps the last good checkpoint."""
    fields = {"steps": 12, "learning_rate": 3e4, "reconstruction_steps": 0}
    config = dataclasses.replace(config, **fields, **WAYS[way], checkpoint_every=1, log_every=3)
    with pytest.raises(
        ValueError, match=r"is not finite at step \d+, with .*png in .*png"
    ) as error:
        train(config)
    params = load_params(config.workdir)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(params))
    step = int(str(error.value).split("at step ")[1].split(",")[0])
    kept = max(int(x.name) for x in (Path(config.workdir) / "checkpoints").iterdir())
    assert kept == step - 1


def test_the_step_that_was_not_finite_is_found_in_a_call(config):
    fields = {"steps": 12, "learning_rate": 3e4, "reconstruction_steps": 0, "style_synthetic": 1.0}
    config = dataclasses.replace(config, **fields, steps_per_call=12, log_every=12)
    with pytest.raises(ValueError, match=r"not finite at step \d+, with .*png in a made style"):
        train(config)


def test_images_in_memory_need_no_loader_and_a_log_no_tensorboard(config, monkeypatch):
    """As on a machine that has JAX and little else."""
    for name in ("grain", "tensorboardX", "tensorflow_datasets", "ml_collections"):
        monkeypatch.setitem(sys.modules, name, None)
    train(config)
    assert "loss" in log_of(config)[-1]
    assert not (Path(config.workdir) / "tensorboard").exists()


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_images_that_cannot_be_read_are_told(config, tmp_path, folders, capsys, share):
    content = tmp_path / "content"
    content.mkdir()
    for path in (folders / "content").glob("*.png"):
        (content / path.name).write_bytes(path.read_bytes())
    (content / "broken.png").write_text("no picture")
    train(dataclasses.replace(config, content=str(content), steps=3, device_share=share))
    (line,) = (line for line in log_of(config) if "skipped" in line)
    assert list(line["skipped"]) == ["broken.png"]
    assert "1 image cannot be used" in capsys.readouterr().out


def test_a_batch_that_devices_cannot_share(config):
    with pytest.raises(ValueError, match="batch_size 3 is no multiple of the 4 devices"):
        train(dataclasses.replace(config, batch_size=3))
    with pytest.raises(ValueError, match="of the 4 devices times accumulate 2"):
        train(dataclasses.replace(config, accumulate=2))


# ---------------------------------------------------------------------- the script, as a process

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


SMOKE = ROOT / "configs/smoke.py"
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


SLOWER = pytest.param("kept, in a pool", marks=pytest.mark.slow)


@pytest.fixture(scope="module", params=["streamed", SLOWER])
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


@pytest.mark.parametrize("uninterrupted", ["streamed"], indirect=True)
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 0), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)],
)
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


def run_script(*args):
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts/train.py"), *args],
        capture_output=True,
        text=True,
        timeout=300,
        env=ENVIRONMENT,
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--config.batch_size=0"], "batch_size must be positive"),
        (["--config.batch_size=four"], "invalid literal"),
        (["--config.batchsize=4"], "batchsize"),
        (["--config.content=nix"], "no such folder: nix"),
        (["--num-processes=2"], "go together"),
        (["batch_size=4"], "unexpected 'batch_size=4'"),
    ],
)
def test_the_script_on_bad_input(args, message, tmp_path):
    result = run_script(f"--config={SMOKE}", f"--config.workdir={tmp_path}", *args)
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
