from pathlib import Path

import numpy as np
import pytest

import adain_jax
from adain_jax.files import find, image
from adain_jax.model import Style
from adain_jax.runtime.paths import as_path
from adain_jax.weights import store

NAMED = {
    "load": adain_jax.load,
    "Model.load": adain_jax.Model.load,
    "Style.load": Style.load,
    "describe": store.describe,
    "image.load": image.load,
    "find.images": find.images,
    "image.save": lambda path: image.save(path, np.zeros((2, 2, 3), np.uint8)),
    "check_writable": image.check_writable,
}


@pytest.mark.parametrize("path", [None, 3, b"a.png", ["a.png"], np.zeros(2)])
@pytest.mark.parametrize("name", NAMED)
def test_what_names_no_file(name, path):
    with pytest.raises(ValueError, match=f"a string or a path, not by {type(path).__name__}$"):
        NAMED[name](path)


def test_no_name_to_save_by(tiny):
    style = tiny.style(np.zeros((8, 8, 3), np.uint8))
    for save in (tiny.save, style.save):
        with pytest.raises(ValueError, match="a string or a path, not by NoneType"):
            save(None)


def test_a_path_stays_one():
    assert as_path("a/b.png") == as_path(Path("a/b.png")) == Path("a/b.png")


@pytest.mark.parametrize("name", ["load", "Style.load", "describe"])
def test_what_may_not_be_read(tmp_path, monkeypatch, name):
    path = tmp_path / "private.safetensors"
    path.touch()

    def refused(self, *args, **options):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(PermissionError, match=r"private\.safetensors"):
        NAMED[name](path)
