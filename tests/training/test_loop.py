import dataclasses
import itertools
import json
import shutil
import signal
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

import adain_jax
from adain_jax.training import clock, loop
from adain_jax.training.checkpoint import Checkpoints, load_params
from adain_jax.training.loop import train
from adain_jax.weights import store
from tests.tiny import tiny_model
from tests.training.conftest import POOL, WAYS, assert_equal


def log_of(config):
    lines = (Path(config.workdir) / "log.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


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


@pytest.mark.slow
def test_every_checkpoint_is_validated(config):
    """Whatever `validate_every` is, so that the best one is known."""
    fields = {"validation_fraction": 0.4, "validation_samples": 3, "validate_every": 3}
    config = dataclasses.replace(config, **fields, steps=5, learning_rate=1e-3, keep=1)
    train(config)
    losses = {x["step"]: x["validation/loss"] for x in log_of(config) if "validation/loss" in x}
    assert list(losses) == [2, 3, 4, 5]
    best = min((2, 4, 5), key=losses.__getitem__)  # at step 3 there is no checkpoint
    kept = sorted(int(path.name) for path in (Path(config.workdir) / "checkpoints").iterdir())
    assert kept == sorted({best, 5})


@pytest.mark.slow
def test_a_stop_does_not_wait_for_a_validation(config, monkeypatch):
    """A scheduler that sent SIGTERM gives little time."""

    class Stopped(loop.Interrupts):
        def __enter__(self):
            self.received = signal.SIGTERM
            return self

    monkeypatch.setattr(loop, "Interrupts", Stopped)
    fields = {"validation_fraction": 0.4, "validation_samples": 3, "validate_every": 1}
    config = dataclasses.replace(config, **fields, pictures_every=1)
    with pytest.raises(loop.Interrupted, match="stopped at step 1, saved in"):
        train(config)
    assert not any("validation/loss" in line for line in log_of(config))
    assert not any((Path(config.workdir) / "pictures").iterdir())
    assert load_params(config.workdir)


def test_a_finished_training_exports_again(config):
    config = dataclasses.replace(config, steps=1)
    train(config)
    file = Path(config.workdir) / "model.safetensors"
    told, size = store.describe(file).metadata, file.stat().st_size
    train(dataclasses.replace(config, export_dtype="float32"))
    assert file.stat().st_size > 1.5 * size
    assert store.describe(file).metadata["loss"] == told["loss"]
    file.unlink()
    train(config)
    assert file.stat().st_size < 1.5 * size


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=[pytest.mark.slow] * (way != "kept")) for way in WAYS]
)
def test_goes_on_where_it_stopped(config, tmp_path, way):
    """The same weights as in one go: state, optimizer, data and pool are all restored."""
    config = dataclasses.replace(config, **WAYS[way], flip=True, style_gamma=0.5)
    whole = train(config)
    stopped = dataclasses.replace(config, workdir=str(tmp_path / "stopped"), steps=2)
    train(stopped)
    resumed = train(dataclasses.replace(stopped, steps=4))
    assert_equal(resumed.params, whole.params)
    assert [line["step"] for line in log_of(stopped)] == [1, 2, 3, 4]


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_pool_of_another_recipe_is_made_anew(config):
    fields = {**POOL, "steps": 2}
    train(dataclasses.replace(config, **fields))
    for more in ({"crop_size": 8}, {"pool_contents": 0}):
        fields |= {"steps": fields["steps"] + 1, **more}
        train(dataclasses.replace(config, **fields))
    assert [line["step"] for line in log_of(config)] == [1, 2, 3, 4]


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    "way", [pytest.param("kept, in a pool", marks=pytest.mark.slow), "streamed"]
)
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


@pytest.mark.slow
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


@pytest.mark.parametrize("share", [0.0, pytest.param(0.25, marks=pytest.mark.slow)])
def test_images_that_cannot_be_read_are_told(config, tmp_path, folders, capsys, share):
    content = tmp_path / "content"
    content.mkdir()
    for path in (folders / "content").glob("*.png"):
        (content / path.name).write_bytes(path.read_bytes())
    (content / "broken.png").write_text("no picture")
    train(dataclasses.replace(config, content=str(content), steps=3, device_share=share))
    (line,) = (line for line in log_of(config) if "skipped" in line)
    assert list(line["skipped"]) == ["broken.png"]
    assert "an image cannot be used: broken.png is not an image" in capsys.readouterr().out


def test_a_batch_that_devices_cannot_share(config):
    with pytest.raises(ValueError, match="batch_size 3 is no multiple of the 4 devices"):
        train(dataclasses.replace(config, batch_size=3))
    with pytest.raises(ValueError, match="of the 4 devices times accumulate 2"):
        train(dataclasses.replace(config, accumulate=2))


@pytest.mark.parametrize(
    "kind",
    [
        "encoder",
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("fast", "concatenation")),
    ],
)
def test_an_encoder_that_cannot_teach(config, tiny, tmp_path, kind):
    """Nothing is begun; a decoder conditioned on the style can teach, and so can others."""
    encoder = adain_jax.Model.create("tiny", tiny.params["encoder"])
    model = encoder if kind == "encoder" else tiny_model(kind)
    file = tmp_path / "model.safetensors"
    model.save(file)
    taught = dataclasses.replace(config, encoder=str(file), teacher_weight=1.0)
    with pytest.raises(ValueError, match=f"teacher_weight: {file} cannot teach: it is no VGG with"):
        train(taught)
    assert not Path(config.workdir).exists()
    loop._check_teacher(dataclasses.replace(taught, teacher_weight=0.0), model)
    for other in (tiny, tiny_model("film"), tiny_model("batch")):
        loop._check_teacher(taught, other)
