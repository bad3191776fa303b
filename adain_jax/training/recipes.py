"""Recipes: Python files whose function `get_config` returns a `TrainConfig`.

The recipes that ship have names. A recipe of your own is such a file, and may start from another:

    from dataclasses import replace

    from configs import base


    def get_config():
        return replace(base.get_config(), steps=2_000)
"""

import ast
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from adain_jax.runtime import shipped
from adain_jax.runtime.errors import in_words
from adain_jax.training.config import TrainConfig

_ROOM = "configs"  # the package that recipes import each other from
# The errors of misspelt names and fields, and of wrong values, whose messages say what is wrong.
_MISTAKES = (SyntaxError, NameError, AttributeError, TypeError, ValueError, ImportError)


def names() -> list[str]:
    """The names of the recipes that ship.

    >>> "base" in names()
    True
    """
    return sorted(path.stem for path in shipped.folder(_ROOM).glob("*.py"))


def summary(name: str) -> str:
    """The purpose of a recipe that ships: the first line of its docstring.

    >>> summary("base")
    'A decoder for `vgg16` from scratch, in an hour on two CPU cores.'
    """
    tree = ast.parse(_path(name).read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def load(recipe: str | os.PathLike) -> TrainConfig:
    """Run a recipe, and return its settings.

    Args:
        recipe: the name of a recipe that ships, or the path of a Python file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if no recipe that ships has this name, the file is not a recipe, or it raises
            an error, because of a misspelt field or a wrong value, for example.

    >>> load("smoke").steps
    4
    """
    path = _path(recipe)
    try:
        with _importable([shipped.folder(_ROOM), path.parent]):
            make = getattr(_run(path), "get_config", None)
            config = make() if make else None
    except Exception as error:
        raise ValueError(f"{path}: {_told(error, path)}") from error
    if make is None:
        raise ValueError(f"{path} is no recipe: it has no function get_config")
    if not isinstance(config, TrainConfig):
        raise ValueError(f"{path} is no recipe: its get_config does not return a TrainConfig")
    return config


def _path(recipe: str | os.PathLike) -> Path:
    path = Path(recipe)
    if path.suffix != ".py" and len(path.parts) == 1:
        if path.name not in names():
            raise ValueError(
                f"no recipe {path.name!r}: there are {', '.join(names())}; your own is a file, "
                "given by its path, which ends in .py"
            )
        return shipped.folder(_ROOM) / f"{path.name}.py"
    if path.suffix != ".py":
        raise ValueError(f"{path} is no recipe: those are Python files, which end in .py")
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    return path


def _told(error: Exception, path: Path) -> str:
    """An error of a recipe in one line, with the line of the file if the error came from there."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [x.lineno for x in frames if Path(x.filename) == path.absolute()]
    where = f"line {lines[-1]}" if lines else ""
    kind = "" if isinstance(error, _MISTAKES) else type(error).__name__
    return ": ".join(filter(None, (where, kind, in_words(error))))


def _run(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{_ROOM}.{path.stem}", path)
    assert spec is not None, "a file that ends in .py has a loader"
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _importable(folders: Sequence[Path]) -> Iterator[None]:
    """Make the package `configs` consist of these folders within the block.

    Other modules of that name are available again afterwards.
    """
    others = _taken()
    package = ModuleType(_ROOM)
    package.__path__ = [str(folder) for folder in folders]
    sys.modules[_ROOM] = package
    try:
        yield
    finally:
        _taken()
        sys.modules.update(others)


def _taken() -> dict[str, ModuleType]:
    """Remove the modules of the package `configs` from `sys.modules`, and return them."""
    found = [name for name in sys.modules if name.partition(".")[0] == _ROOM]
    return {name: sys.modules.pop(name) for name in found}
