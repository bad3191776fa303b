"""`adain-jax export`: files for other runtimes, and styles that all of them take."""

import json
import os
import sys

import numpy as np
import onnxruntime
import pytest
import safetensors.numpy

from adain_jax import Style
from adain_jax.cli.export import about_model
from adain_jax.files import image
from tests.cli.common import assert_one_error
from tests.tiny import tiny_fast


@pytest.fixture
def model_file(tmp_path):
    tiny_fast().save(tmp_path / "tiny.safetensors", metadata={"licence": "MIT"}, dtype=np.float32)
    return "tiny.safetensors"


@pytest.mark.slow
def test_styles_of_each_runtime_in_the_other(main, model_file, photo, painting, tmp_path):
    printed = main("export", "--to", "onnx", "--model", model_file, "-o", "out/there")
    lines = printed.out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == [
        f"out/there/{name}" for name in ("style.onnx", "stylize.onnx", "onnx.json")
    ]
    assert lines[3].startswith("largest difference from the model: ")
    told = json.loads((tmp_path / "out/there/onnx.json").read_text())
    assert told["licence"] == "MIT"
    programs = (
        onnxruntime.InferenceSession(str(tmp_path / f"out/there/{name}.onnx"))
        for name in ("style", "stylize")
    )
    style_of, stylize = programs
    pixels = image.load(painting, as_bytes=True).rgb

    # Theirs in JAX.
    mean, std = style_of.run(None, {"image": pixels[None]})
    safetensors.numpy.save_file(
        {"mean": mean[0], "std": std[0]},  # type: ignore[index]
        tmp_path / "theirs.safetensors",
        metadata={"kind": "style", "fingerprint": told["fingerprint"]},
    )
    command = ("stylize", photo, "-o")
    options = ("--model", model_file, "--style-size", "0")
    main(*command, "a.png", "-s", "theirs.safetensors", *options)
    main(*command, "b.png", "-s", painting, *options)
    ours, theirs = (image.load(tmp_path / f"{name}.png", as_bytes=True).rgb for name in "ab")
    assert np.abs(ours.astype(int) - theirs).max() <= 1

    # Ours in their runtime.
    main("style", painting, "-o", "ours.safetensors", *options)
    style = Style.load(tmp_path / "ours.safetensors")
    inputs = {
        "image": image.load(photo, as_bytes=True).rgb[None],
        "mean": np.asarray(style.mean)[None],
        "std": np.asarray(style.std)[None],
        "strength": np.ones(1, np.float32),
    }
    picture = np.asarray(stylize.run(None, inputs)[0])[0]
    assert np.abs(picture.astype(int) - theirs).max() <= 1


def test_errors_are_one_line(main, model_file, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    there = sorted(tmp_path.iterdir())
    for arguments, part in (
        (["--to", "onnx"], "-o"),
        (["-o", "out"], "--to"),
        (["--to", "tflite", "-o", "out"], "tflite"),
        (["--to", "onnx", "-o", "out", "--model", "nix"], "no model 'nix'"),
        (["--to", "onnx", "-o", "file", "--model", model_file], "file is not a folder"),
        (["--to", "onnx", "-o", "out", "--dtype", "int4"], "int4"),
    ):
        assert_one_error(*main("export", *arguments, code=2), part)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    arguments = ("export", "--to", "onnx", "-o", "out", "--model", model_file)
    assert_one_error(*main(*arguments, code=2), "pip install 'adain-jax[export]'")
    assert sorted(tmp_path.iterdir()) == there


def test_a_model_whose_name_is_not_utf8(tiny, tmp_path):
    name = str(tmp_path / os.fsdecode(b"caf\xe9.safetensors"))
    tiny.save(name)
    assert about_model(name)["model"].endswith("caf\\udce9.safetensors")
