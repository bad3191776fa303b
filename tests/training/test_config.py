import dataclasses
import importlib

import numpy as np
import pytest

from adain_jax.training.config import TrainConfig
from adain_jax.training.loop import train
from tests.conftest import ROOT
from tests.training.conftest import SMALL

RECIPES = sorted(path.stem for path in (ROOT / "configs").glob("*.py"))
OFTEN = ("base",)  # each step takes some seconds to compile


def recipe(name):
    return importlib.import_module(f"configs.{name}")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_loads(name):
    module = recipe(name)
    config = module.get_config()
    assert isinstance(config, TrainConfig)
    assert config.workdir == f"runs/{name}"
    assert f"adain-jax train --config {name}" in (module.__doc__ or "")


@pytest.mark.parametrize(
    "name",
    [name if name in OFTEN else pytest.param(name, marks=pytest.mark.slow) for name in RECIPES],
)
def test_every_recipe_makes_a_step(name, folders, tiny_file, tmp_path):
    """Of its own losses, on small images and against a small encoder."""
    config = recipe(name).get_config()
    config = dataclasses.replace(
        config,
        init_from=tiny_file if config.init_from == "vgg16" else config.init_from,
        content=str(folders / "content"),
        style=str(folders / "style"),
        workdir=str(tmp_path / "run"),
        encoder=tiny_file,
        **SMALL,
        pool_contents=4 * (config.pool_contents > 0),
        pool_styles=4 * (config.pool_styles > 0),
        steps=1,
        reconstruction_steps=0,
    )
    trained = train(config)
    assert trained.architecture == config.architecture("tiny")
    assert np.isfinite(trained.params["decoder"]["conv1_1"]["bias"]).all()


def test_the_paper_s_numbers():
    config = recipe("paper").get_config()
    assert (config.learning_rate, config.lr_decay, config.batch_size) == (1e-4, 5e-5, 8)
    assert (config.content_size, config.crop_size, config.steps) == (512, 256, 160_000)
    assert (config.content_weight, config.style_weight) == (1, 10)
    added = ("tv_weight", "gram_weight", "identity_weight", "gradient_clip", "ema_decay")
    added += ("flip", "style_gray", "style_permute", "style_invert", "style_hue", "style_contrast")
    added += ("style_gamma", "style_synthetic", "style_mix", "pool_contents", "pool_styles")
    assert not any(getattr(config, name) for name in added)


def test_base_runs_on_what_ships(monkeypatch):
    monkeypatch.chdir(ROOT)
    from adain_jax.training.sources import Images

    config = recipe("base").get_config()
    assert len(Images(config.content, 32)) >= 2
    assert len(Images(config.style, 32)) >= 2


def test_one_error_names_all_that_is_wrong():
    with pytest.raises(ValueError, match="config:") as caught:
        TrainConfig(batch_size=0, crop_size=100, schedule="linear", style_weight=-1.0)
    assert str(caught.value).count("batch_size") == 1
    for part in ("batch_size", "crop_size must be a multiple of 8", "schedule", "style_weight"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"content_size": 64, "crop_size": 128}, "crop_size 128 exceeds content_size 64"),
        ({"style_size": 64, "style_crop_size": 128}, "style_crop_size 128 exceeds"),
        ({"steps": 10, "reconstruction_steps": 11}, "reconstruction_steps 11 exceeds steps 10"),
        ({"feature_weight": 1.0}, "feature_weight is for variant fast"),
        ({"compute": "float16"}, "compute must be one of float32, bfloat16"),
        ({"export_dtype": "int8"}, "export_dtype must be one of float16, float32"),
        ({"style_layers": (1.0, 1.0)}, "style_layers has 2 weights, not 4"),
        ({"content_layers": (1.0,)}, "content_layers has 1 weights, not 4"),
        ({"style_layers": (1.0, 1.0, -1.0, 1.0)}, "style_layers must not be negative"),
        ({"accumulate": 3}, "batch_size 8 is no multiple of accumulate 3"),
        ({"accumulate": 0}, "accumulate must be positive, not 0"),
        ({"style_gray": 1.5}, "style_gray is a share, at most 1"),
        ({"style_mix": 0.5, "gram_weight": 1.0}, "gram_weight wants more of a style"),
        ({"pool_styles": 12}, "pool_styles 12 is no multiple of batch_size 8"),
        ({"learning_rate": float("nan")}, "learning_rate must be finite, not nan"),
        ({"style_weight": float("inf")}, "style_weight must be finite, not inf"),
        ({"style_layers": (1.0, float("nan"), 1.0, 1.0)}, "style_layers must be finite, not nan"),
        ({"content_layers": (1.0, float("inf"), 1.0, 1.0)}, "content_layers must be finite"),
        ({"seed": 2**63}, "seed must be at most"),
        ({"workdir": " "}, "workdir is empty: name a folder"),
        ({"workdir": "gs://bucket/run"}, "workdir gs://bucket/run is an address: name a folder"),
        ({"mesh_weight": 1.0, "crop_size": 8}, "mesh_weight needs crops of 16 pixels or more"),
        ({"pool_styles": 8, "renew": 9}, "renew 9 exceeds pool_styles 8"),
    ],
)
def test_fields_that_do_not_go_together(fields, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"batch_size": 4.5}, "batch_size is of type int, not 4.5"),
        ({"batch_size": True}, "batch_size is a whole number, not True"),
        ({"content": 3}, "content is of type str, not 3"),
        ({"flip": "yes"}, "flip is of type bool, not 'yes'"),
        ({"style_layers": "1"}, "style_layers is a tuple of numbers"),
        ({"learning_rate": "fast"}, "learning_rate is of type float"),
    ],
)
def test_fields_of_the_wrong_type(fields, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**fields)


def test_whole_numbers_do_for_floats():
    assert TrainConfig(style_weight=10, tv_weight=1).style_weight == 10


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"variant": "layer"}, "variant must be one of batch, instance, concatenation, film, fast"),
        ({"variant": "concatenation"}, "pictures_every must be 0"),
        (
            {"variant": "concatenation", "pictures_every": 0, "style_crop_size": 128},
            "style_crop_size must be 256",
        ),
        (
            {"variant": "concatenation", "pictures_every": 0, "style_mix": 0.5},
            "variant wants more of a style",
        ),
    ],
)
def test_variants_that_cannot_be(fields, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**fields)
