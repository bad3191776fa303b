"""`adain-jax train`. Trainings as processes are in tests/training/test_processes.py."""

import dataclasses
import json
import sys

import pytest

from adain_jax import Model
from adain_jax.training import recipes
from adain_jax.training.config import TrainConfig
from tests.cli.common import assert_one_error
from tests.training.conftest import SMALL


@pytest.mark.slow
def test_a_training_of_one_s_own_recipe(main, folders, tiny_file, tmp_path):
    """That begins with one that ships, and has some fields changed."""
    (tmp_path / "mine.py").write_text(
        "from dataclasses import replace\nfrom configs import base\n\n\n"
        "def get_config():\n    return replace(base.get_config(), reconstruction_steps=0)\n"
    )
    fields = {
        **SMALL,
        **{"content": folders / "content", "style": folders / "style", "encoder": tiny_file},
        **{"pool_contents": 0, "pool_styles": 0, "pictures_every": 0, "workdir": "run"},
    }
    given = [f"--config.{name}={value}" for name, value in fields.items()]
    main(
        "train",
        "--config",
        "mine.py",
        *given,
        "--config.steps=2",
        "--config.style_layers=1,1,2,1",
        "--config.flip",
    )
    assert Model.load(tmp_path / "run/model.safetensors").architecture == "tiny"
    used = json.loads((tmp_path / "run/config.json").read_text())["config"]
    assert (used["steps"], used["style_layers"], used["flip"]) == (2, [1, 1, 2, 1], True)
    assert used["tv_weight"] == recipes.load("base").tv_weight


def test_help_lists_recipes_and_fields(main):
    told = main("train", "--help").out
    for name in recipes.names():
        assert f"\n  {name} " in told
    for field in dataclasses.fields(TrainConfig):
        assert f"--config.{field.name} " in told


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        ([], ["required: --config"]),
        (["--config=nix"], ["no recipe 'nix'", "base", "refine"]),
        (["--config=nix.py"], ["no such file: nix.py"]),
        (["--config=smoke", "--config.batch_size=0"], ["batch_size must be positive"]),
        (["--config=smoke", "--config.batch_size=four"], ["batch_size", "invalid int", "four"]),
        (["--config=smoke", "--config.flip=yes"], ["flip", "true or false, not yes"]),
        (["--config=smoke", "--config.style_layers=a"], ["style_layers", "numbers", "not a"]),
        (["--config=smoke", "--config.batchsize=4"], ["--config.batchsize"]),
        (
            ["--config=smoke", "--config.batch_size=4", "--config.content=nix"],
            ["no such folder: nix"],
        ),
        (["--config=smoke", "--num-processes=2"], ["go together"]),
        (
            ["--config=smoke", "--coordinator=localhost", "--num-processes=2", "--process-id=0"],
            ["--coordinator is HOST:PORT", "'localhost'"],
        ),
        (
            ["--config=smoke", "--coordinator=a:1", "--num-processes=2", "--process-id=2"],
            ["--process-id 2 is none of the --num-processes 2", "counted from 0"],
        ),
        (["--config=smoke", "--config.workdir="], ["workdir is empty"]),
        (["--config=smoke", "batch_size=4"], ["batch_size=4"]),
    ],
)
def test_one_line_for_what_is_wrong(main, args, parts, tmp_path):
    assert_one_error(*main("train", *args, code=2), *parts)
    assert not any(tmp_path.iterdir())


def test_a_shell_leaves_a_home_within_an_argument(main, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    content = "--config.content=~/nix,~/there"
    printed = main("train", "--config=smoke", "--config.batch_size=4", content, code=2)
    assert_one_error(*printed, f"no such folder: {tmp_path}/home/nix")


def test_without_its_packages(main, monkeypatch):
    for name in ("loop", "step"):
        monkeypatch.delitem(sys.modules, f"adain_jax.training.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "optax", None)
    printed = main("train", "--config=smoke", code=2)
    assert_one_error(*printed, "needs the package optax", "pip install 'adain-jax[train]'")


@pytest.mark.parametrize(
    ("package", "fields"),
    [
        ("grain", {"device_share": 0}),
        ("tensorflow_datasets", {"content": "tfds:nix:train"}),
    ],
)
def test_without_a_package_that_some_trainings_need(
    main, folders, tiny_file, monkeypatch, package, fields
):
    monkeypatch.setitem(sys.modules, package, None)
    fields = {
        **{"content": folders / "content", "style": folders / "style", "encoder": tiny_file},
        **{**SMALL, "pool_contents": 0, "pool_styles": 0, **fields},
    }
    given = [f"--config.{name}={value}" for name, value in fields.items()]
    printed = main("train", "--config=smoke", *given, code=2)
    line = printed.err.splitlines()[-1]
    assert line.startswith(f"adain-jax: error: training needs the package {package}: ")
    assert "pip install 'adain-jax[train]'" in line
