from pathlib import Path

import pytest

from adain_jax.runtime import shipped


@pytest.mark.parametrize(("name", "file"), [("configs", "base.py"), ("examples", "SOURCES.md")])
def test_a_folder_from_wherever(name, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (shipped.folder(name) / file).is_file()


def test_examples_that_ship_stand_for_those_that_are_not_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shipped.find("examples/style") == shipped.folder("examples") / "style"
    assert shipped.find("photos/examples") == Path("photos/examples")
    (tmp_path / "examples").mkdir()
    assert shipped.find("examples/style") == Path("examples/style")
