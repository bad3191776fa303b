import sys

import pytest

from adain_jax.runtime import shipped
from adain_jax.runtime.errors import is_input
from adain_jax.training import recipes


def test_a_recipe_by_name_and_by_path():
    path = shipped.folder("configs") / "refine.py"
    assert recipes.load("refine") == recipes.load(path) == recipes.load(str(path))


def test_recipes_beside_each_other_and_those_that_ship(tmp_path):
    """A recipe may import both, and leaves nothing of theirs behind."""
    (tmp_path / "first.py").write_text(
        "from dataclasses import replace\nfrom configs import base\n\n\n"
        "def get_config():\n    return replace(base.get_config(), seed=3)\n"
    )
    (tmp_path / "second.py").write_text(
        "from dataclasses import replace\n\n\n"
        "def get_config():\n    from configs import first\n"
        "    return replace(first.get_config(), steps=1_000)\n"
    )
    config = recipes.load(tmp_path / "second.py")
    assert (config.seed, config.steps) == (3, 1_000)
    assert config.tv_weight == recipes.load("base").tv_weight
    assert "configs.first" not in sys.modules


def test_another_package_of_that_name_stays(tmp_path, monkeypatch):
    """The user's own `configs` is neither taken for ours, nor lost."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/__init__.py").write_text("MINE = True\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == "configs"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    import configs

    recipes.load("smoke")
    assert sys.modules["configs"] is configs
    assert configs.MINE  # type: ignore[attr-defined]
    del sys.modules["configs"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps = 3\n", "has no function get_config"),
        ("def get_config():\n    return {}\n", "does not return a TrainConfig"),
    ],
)
def test_files_that_are_no_recipes(tmp_path, text, message):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(ValueError, match=message):
        recipes.load(tmp_path / "mine.py")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("return TrainConfig(stepz=3)", "unexpected keyword argument 'stepz'"),
        ("return replace(base.get_config(), stepz=3)", "unexpected keyword argument 'stepz'"),
        ("config = base.get_config()\n    config.stepz = 3", "no attribute 'stepz'"),
        ("return replace(base.get_config(), steps=0)", "config: steps must be positive, not 0"),
        ("return replace(base.get_config(), steps=int('x'))", "invalid literal for int"),
        ("return TrainConfg()", "name 'TrainConfg' is not defined"),
        ("return base.get_confg()", "no attribute 'get_confg'"),
        ("return (", r"was never closed \(mine.py, line 7\)"),
        ("from configs import bas", "cannot import name 'bas' from 'configs'"),
        ("return {}['seed']", "line 7: KeyError: seed"),
        ("return base.get_config().style_layers[4]", "line 7: IndexError: tuple index out of"),
        ("return TrainConfig(\n        steps=1 // 0\n    )", "line 8: ZeroDivisionError: integer"),
        ("raise RuntimeError", "line 7: RuntimeError$"),
        ("return TrainConfg()", "line 7: name 'TrainConfg'"),
        ("return int(open('nix').read())", "line 7: FileNotFoundError: nix: no such file"),
    ],
)
def test_mistakes_in_a_recipe(tmp_path, text, reason):
    (tmp_path / "mine.py").write_text(
        "from dataclasses import replace\nfrom configs import base\n"
        "from adain_jax.training.config import TrainConfig\n\n\n"
        f"def get_config():\n    {text}\n"
    )
    with pytest.raises(ValueError, match=f"^{tmp_path}/mine.py: .*{reason}") as told:
        recipes.load(tmp_path / "mine.py")
    assert is_input(told.value)
    assert told.value.__cause__ is not None  # its traceback is shown by --debug


@pytest.mark.parametrize("name", ["nix", "..", "mine.txt", "folder/mine"])
def test_what_names_no_recipe(name):
    with pytest.raises(ValueError, match="no recipe"):
        recipes.load(name)


def test_a_file_that_is_not_there():
    with pytest.raises(FileNotFoundError, match=r"no such file: configs/nix\.py"):
        recipes.load("configs/nix.py")
