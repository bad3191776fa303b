"""The package as it is installed: everything works from the wheel alone, without a clone."""

import os
import subprocess
import sys
import venv

import pytest

from adain_jax import Model
from adain_jax.files import image
from tests.conftest import ROOT, xla_flags

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Runs programs of an environment that has the wheel, with the extra `train`, and no clone."""
    folder = tmp_path_factory.mktemp("wheel")
    venv.create(folder / "venv", with_pip=True)
    environment = {**os.environ, "XLA_FLAGS": xla_flags(1), "HOME": str(folder)}
    environment.pop("PYTHONPATH", None)

    def run(program, *args):
        result = subprocess.run(
            [folder / "venv/bin" / program, *map(str, args)],
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT]
    subprocess.run(pip, check=True)
    [wheel] = folder.glob("*.whl")
    run("pip", "install", "--quiet", f"{wheel}[train]")
    return run, folder


def test_what_is_installed(installed):
    run, folder = installed
    code = "import adain_jax; print(adain_jax.__file__)"
    assert run("python", "-c", code).startswith(str(folder / "venv"))
    assert "\n  base " in run("adain-jax", "train", "--help")


def test_the_first_picture(installed):
    run, folder = installed
    code = "from adain_jax.runtime import shipped; print(shipped.folder('examples'))"
    examples = run("python", "-c", code).strip()
    assert examples.startswith(str(folder / "venv"))
    content, style = f"{examples}/content/chelsea.jpg", f"{examples}/style/landing.jpg"
    run("adain-jax", "stylize", content, style, "-o", "picture.png", "--size", "64")
    assert min(image.load(folder / "picture.png").rgb.shape[:2]) == 64


def test_a_training(installed):
    """Of a recipe of one's own, beginning with one that ships, on the examples that ship."""
    run, folder = installed
    (folder / "mine.py").write_text(
        "from dataclasses import replace\nfrom configs import smoke\n\n\n"
        "def get_config():\n    return replace(smoke.get_config(), workdir='mine')\n"
    )
    run("adain-jax", "train", "--config", "mine.py", "--config.steps=2")
    assert Model.load(folder / "mine/model.safetensors").architecture == "vgg16"
