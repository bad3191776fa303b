import dataclasses
import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from orbax.checkpoint import v1 as ocp

from adain_jax.model import Model
from adain_jax.training.calls import Run
from adain_jax.training.checkpoint import Checkpoints, load_params
from adain_jax.training.config import TrainConfig
from adain_jax.training.data import crops_digest
from adain_jax.training.initial import first_params
from adain_jax.training.loop import train
from adain_jax.training.record import Record
from adain_jax.training.sources import Images
from adain_jax.training.step import create_state, make_optimizer
from adain_jax.training.supply import pool_shapes
from tests.training.conftest import POOL, SMALL

# What each field of a recipe may become in a run that goes on, and what it must not: of every
# field one of the two. The fields of the base are those of the fixture `config`, and these.
BASE: dict[str, Any] = {"ema_decay": 0.5}
CHANGES = {
    "content": "{style}",
    "style": "{content}",
    "content_weights": "*.png=2",
    "style_weights": "*.png=2",
    "workdir": "{moved}",
    "content_size": 40,
    "crop_size": 16,
    "style_size": 40,
    "style_crop_size": 16,
    "device_share": 0.0,
    "flip": True,
    "style_gray": 0.5,
    "style_permute": 0.5,
    "style_invert": 0.5,
    "style_hue": 0.5,
    "style_contrast": 0.5,
    "style_gamma": 0.5,
    "style_synthetic": 0.5,
    "style_mix": 0.5,
    "pool_contents": 8,
    "pool_styles": 8,
    "renew": 4,
    "renew_every": 2,
    "minutes": 1.0,
    "steps_per_call": 2,
    "validation_fraction": 0.4,
    "validate_every": 1,
    "validation_samples": 2,
    "content_weight": 2.0,
    "style_weight": 2.0,
    "style_warmup_steps": 3,
    "style_layers": (1.0, 0.0, 1.0, 1.0),
    "content_layers": (0.0, 0.0, 1.0, 1.0),
    "style_reduction": "sum",
    "tv_weight": 1.0,
    "gram_weight": 1.0,
    "identity_weight": 1.0,
    "perceptual_weight": 1.0,
    "mesh_weight": 1.0,
    "cosine_weight": 1.0,
    "shift_weight": 1.0,
    "teacher_weight": 1.0,
    "feature_weight": 1.0,
    "freeze_encoder": True,
    "batch_size": 8,
    "accumulate": 2,
    "steps": 3,
    "reconstruction_steps": 1,
    "learning_rate": 1e-5,
    "schedule": "cosine",
    "lr_decay": 1e-3,
    "lr_warmup_steps": 5,
    "gradient_clip": 1.0,
    "ema_decay": 0.9,
    "compute": "bfloat16",
    "seed": 1,
    "log_every": 2,
    "pictures_every": 1,
    "checkpoint_every": 1,
    "keep": 1,
    "export_dtype": "float32",
    "cache_share": 0.0,
}
REFUSED = {
    "encoder": ("{other}", r"encoder '\w+' there, '\w+' here"),
    "variant": ("instance", "network 'tiny' there, 'tiny_instance' here"),
    "init_from": ("{tiny}", "init_from '' there, '.+' here"),
    "ema_decay": (0.0, "moving_average True there, False here"),
}
# Of the variant `fast`: no step is made with these.
OF_FAST = ("feature_weight", "freeze_encoder")
# These do not go together with all others.
LATER = ("style_mix", "batch_size", "accumulate", "steps", "device_share", "renew")
CHECKPOINT = "run/checkpoints/1"


@pytest.fixture(scope="module")
def trained(folders, tiny, tiny_file, tmp_path_factory):
    """A training of one step, and what the placeholders above stand for."""
    root = tmp_path_factory.mktemp("resume")
    config = TrainConfig(
        **BASE,
        content=str(folders / "content"),
        style=str(folders / "style"),
        workdir=str(root / "run"),
        encoder=tiny_file,
        **SMALL,
        steps=1,
        log_every=1,
        pictures_every=0,
    )
    train(config)
    twice = jax.tree.map(lambda x: x * 2, tiny.params["encoder"])
    Model.create("tiny", twice, tiny.params["decoder"]).save(root / "other.safetensors")
    shutil.copytree(config.workdir, root / "moved")
    places = {
        "content": config.content,
        "style": config.style,
        "moved": root / "moved",
        "other": root / "other.safetensors",
        "tiny": tiny_file,
    }
    return config, places


@pytest.fixture
def changed(trained):
    """Makes the recipe with fields changed."""
    config, places = trained

    def make(**fields):
        filled = {k: v.format(**places) if type(v) is str else v for k, v in fields.items()}
        return dataclasses.replace(config, **filled)

    return make


@pytest.fixture
def copied(trained, tmp_path):
    """The recipe in a copy of its folder, and the checkpoint in it."""
    config, _ = trained
    shutil.copytree(config.workdir, tmp_path / "run")
    return dataclasses.replace(config, workdir=str(tmp_path / "run")), tmp_path / CHECKPOINT


@pytest.fixture(scope="module")
def params(trained, tiny):
    return first_params(trained[0], tiny)


def restored_run(config, params):
    """What the first lines of a training restore."""
    images = {
        "content": Images(config.content, config.content_size),
        "style": Images(config.style, config.style_size),
    }
    shown, model = (images["content"], images["style"]), Model.load(config.encoder)
    with Record(config, model, images, shown, write=True) as record:
        state = create_state(config, params, make_optimizer(config))
        return record.restore(Run(state, pool_shapes(config, model.architecture, model.params)))


def restored(config, params):
    run, progress = restored_run(config, params)
    return run.state, progress.pairs


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(TrainConfig)])
def test_every_field_may_change_or_is_refused(changed, params, name):
    """Whoever adds a field decides here which."""
    assert name in CHANGES or name in REFUSED
    if name in REFUSED:
        value, message = REFUSED[name]
        with pytest.raises(ValueError, match=f"{message}.*: choose another workdir; init_from"):
            restored(changed(**{name: value}), params)


def test_what_may_change_changes_nothing_of_the_structure(changed):
    """For an encoder of its own, too."""

    def structure(**fields):
        config = changed(variant="fast", **fields)
        state = jax.eval_shape(
            lambda params: create_state(config, params, make_optimizer(config)),
            {"content": np.zeros(3), "decoder": np.zeros(4)},
        )
        return jax.tree.structure(state), [x.shape for x in jax.tree.leaves(state)]

    for name in OF_FAST:
        assert structure(**{name: CHANGES[name]}) == structure()


def test_all_that_may_change_at_once(changed, params):
    """In three goes: not all fields go together."""
    fields = {k: v for k, v in CHANGES.items() if k not in (*OF_FAST, *LATER, "minutes")}
    pools = {"pool_contents": 8, "pool_styles": 8}
    later = {name: CHANGES[name] for name in LATER}
    for these in (fields, later | pools, {"minutes": CHANGES["minutes"]}):
        state, pairs = restored(changed(**{"steps": 3, **these}), params)
        assert (int(state.step), pairs) == (1, 4)


def test_a_finished_training_does_not_take_other_images(changed, params):
    """Its model would be the old one, with the new recipe in its header."""
    before = (Path(changed().workdir) / "config.json").read_text()
    config = changed(style=changed().content)
    with pytest.raises(ValueError, match="has a finished training with other images or augm"):
        restored(config, params)
    assert (Path(config.workdir) / "config.json").read_text() == before


def test_a_finished_training_keeps_the_recipe_of_its_steps(changed, copied, params):
    config, _ = copied
    restored(dataclasses.replace(config, style_weight=7.0, export_dtype="float32"), params)
    told = json.loads((Path(config.workdir) / "config.json").read_text())["config"]
    assert (told["style_weight"], told["export_dtype"]) == (config.style_weight, "float32")


def test_the_digest_of_crops(changed):
    config, names = changed(), {"content": ["a.png"], "style": ["b.png"]}
    assert crops_digest(config, names) == crops_digest(config, dict(reversed(names.items())))
    assert crops_digest(config, names) != crops_digest(config, {**names, "style": ["c.png"]})
    assert crops_digest(config, names) != crops_digest(changed(style_hue=0.5), names)


@pytest.mark.slow
def test_a_pool_of_other_data_is_filled_again(changed, copied, params):
    config, _ = copied
    kept = changed(**POOL, workdir=config.workdir, steps=2)
    train(kept)
    more = dataclasses.replace(kept, steps=3)
    for fields in ({}, {"style_weight": 2.0, "seed": 1}):
        run, _ = restored_run(dataclasses.replace(more, **fields), params)
        assert run.pool
    for fields in ({"style": kept.content}, {"style_weights": "*=2"}, {"style_hue": 0.5}):
        run, _ = restored_run(dataclasses.replace(more, **fields), params)
        assert run.state.step == 2
        assert not run.pool


@pytest.mark.slow
def test_the_source_of_the_first_weights_may_be_gone(changed, copied, tiny_file, tmp_path):
    first = tmp_path / "first.safetensors"
    shutil.copy(tiny_file, first)
    config = changed(init_from=str(first), workdir=str(tmp_path / "here"))
    train(config)
    first.unlink()
    train(dataclasses.replace(config, steps=2))
    assert (tmp_path / "here/checkpoints/2").is_dir()


def test_a_run_whose_folder_is_a_number(trained, tmp_path):
    """It is no checkpoint, and nothing in it is damaged."""
    shutil.copytree(trained[0].workdir, tmp_path / "1")
    assert load_params(tmp_path / "1")
    assert load_params(tmp_path / "1/checkpoints/1")
    shutil.rmtree(tmp_path / "1/checkpoints")
    with pytest.raises(FileNotFoundError, match="no checkpoint in"):
        load_params(tmp_path / "1")


def test_a_checkpoint_that_cannot_be_written(copied, tmp_path, monkeypatch):
    """TensorStore tells of a full disk by a ValueError of its own."""
    config, _ = copied

    def full(*_, **__):
        raise ValueError("OUT_OF_RANGE: Error writing: No space left on device")

    monkeypatch.setattr(ocp.training.Checkpointer, "save_checkpointables_async", full)
    with pytest.raises(OSError, match=r"cannot write a checkpoint in .*: OUT_OF_RANGE"):
        train(dataclasses.replace(config, steps=2))


def test_a_model_that_cannot_be_exported_is_in_the_checkpoint(copied, monkeypatch):
    config, checkpoint = copied

    def refuse(*_, **__):
        raise ValueError("decoder.a has weights that float16 cannot hold: take float32")

    with monkeypatch.context() as patch:
        patch.setattr(Model, "save", refuse)
        with pytest.raises(ValueError, match="config: export_dtype"):
            train(dataclasses.replace(config, steps=2))
    assert (checkpoint.parent / "2").is_dir()
    train(dataclasses.replace(config, steps=2, export_dtype="float32"))


@pytest.mark.slow
def test_a_run_goes_on_with_all_that_may_change(changed, copied):
    config, checkpoint = copied
    # In two goes: not all fields go together, and of the clock's no one knows how many steps.
    apart = (*OF_FAST, *LATER, "minutes")
    fields = {k: v for k, v in CHANGES.items() if k not in apart}
    train(changed(**fields | {"workdir": config.workdir, "steps": 2}))
    pools = {"pool_contents": 8, "pool_styles": 8}
    last = changed(**{name: CHANGES[name] for name in LATER} | pools | {"workdir": config.workdir})
    model = train(last)
    assert np.isfinite(model.params["decoder"]["conv1_1"]["bias"]).all()
    assert (checkpoint.parent / "3").is_dir()


@pytest.mark.slow
def test_the_remedy_for_a_loss_that_is_not_finite(copied):
    """Which the message names, works: the same command with it goes on."""
    config, _ = copied
    with pytest.raises(ValueError, match="try a lower learning rate, or gradient_clip"):
        train(dataclasses.replace(config, steps=4, learning_rate=3e4))
    train(dataclasses.replace(config, steps=2, gradient_clip=1e-3))
    params = load_params(config.workdir)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(params))


def arrays_of(folder):
    return max(folder.rglob("d/*"), key=lambda path: path.stat().st_size)


def cut(folder):
    path = arrays_of(folder)
    path.write_bytes(path.read_bytes()[:99])


def flip(folder):
    path = arrays_of(folder)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 64
    path.write_bytes(bytes(data))


def forget(folder):
    (folder / "_CHECKPOINT_METADATA").unlink()


def lose(folder):
    shutil.rmtree(folder / "training")


# Which orbax leaves behind when one array of many cannot be read.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("damage", [cut, flip, forget, lose])
def test_a_damaged_checkpoint(copied, params, damage):
    config, checkpoint = copied
    damage(checkpoint)
    message = f"{CHECKPOINT} is damaged: delete it to go on from the one before$"
    with pytest.raises(ValueError, match=message):
        restored(config, params)
    with pytest.raises(ValueError, match=message):
        load_params(config.workdir)


def test_a_damaged_note_beside_a_checkpoint(copied, params):
    config, checkpoint = copied
    note = checkpoint / "_CHECKPOINT_METADATA"
    note.write_text(note.read_text().replace("performance_metrics", "performance_m"))
    with pytest.raises(ValueError, match=r"a checkpoint in .* is damaged: delete it$"):
        restored(config, params)


@pytest.mark.parametrize(
    ("change", "odd"),
    [
        (lambda state: state._replace(optimizer=state.optimizer[1]), "state.optimizer.0.count"),
        (lambda state: state._replace(params={}), "state.params.decoder.conv1_1.bias"),
        (lambda state: state._replace(step=np.zeros(2, np.int32)), "state.step"),
    ],
)
def test_a_state_of_another_structure(trained, params, change, odd):
    """Such as of an optimizer that versions before this one made, or an architecture changed."""
    config, _ = trained
    state = create_state(config, params, make_optimizer(config))
    with closing(Checkpoints(Path(config.workdir) / "checkpoints", 1)) as checkpoints:
        with pytest.raises(ValueError, match=rf"older version \({odd} is .*choose another workdir"):
            checkpoints.restore(Run(change(state), {}))
        assert checkpoints.restore(Run(state, {}))[1].pairs == 4
