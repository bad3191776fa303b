"""What scripts/accelerator.py brings back."""

import dataclasses
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import jax
import numpy as np
import pytest
import safetensors.numpy

import adain_jax
from adain_jax.networks.params import flatten
from adain_jax.training import loop
from scripts import accelerator, accelerator_files


@pytest.mark.slow
def test_a_training_told_to_stop_while_it_compiles_leaves_weights(
    config, tiny_file, tmp_path, monkeypatch, shipped
):
    """Which it began with: the process is killed, for no compilation can be stopped."""
    fields = json.dumps(dataclasses.asdict(config))
    program = (
        "import json, sys, time, tests.tiny; from adain_jax.training import loop, config\n"
        "def make_call(*_, **__):\n"
        "    def call(*_):\n"
        "        print('compiling', flush=True)\n"
        "        while True: time.sleep(1)\n"
        "    return call\n"
        "loop.make_call = make_call\n"
        "loop.train(config.TrainConfig(**json.loads(sys.argv[1])))"
    )
    workdir = Path(config.workdir)
    read, write = os.pipe()
    with os.fdopen(write, "w") as log:
        command = [sys.executable, "-c", program, fields]
        # Its time is over as soon as it compiles.
        monkeypatch.setattr(subprocess.Popen, "wait", _until(read, b"compiling"))
        became = accelerator.process_of(command, 60.0, log, tmp_path, grace=1.0)
    assert became == "killed"
    told = accelerator_files.weights("vgg16", workdir, tmp_path / "vgg16.safetensors")
    assert told["steps"] == "0"
    model = adain_jax.load(accelerator_files.join(tmp_path / "vgg16.safetensors"))
    began = adain_jax.load(shipped / "vgg16.safetensors")
    jax.tree.map(np.testing.assert_array_equal, model.params, began.params)


def _until(pipe, word):
    """`Popen.wait` whose first time is over when the word was printed."""
    wait = subprocess.Popen.wait
    seen = []

    def waits(self, timeout=None):
        if not seen:
            text = b""
            while word not in text:
                text += os.read(pipe, 1000)
            seen.append(text)
            raise subprocess.TimeoutExpired(self.args, 0)
        return wait(self, timeout)

    return waits


@pytest.mark.slow
def test_what_a_training_made_comes_back_and_is_joined(config, shipped, tmp_path):
    """Also of one that was stopped on the way; exactly, in float32, without the frozen encoder."""
    config = dataclasses.replace(config, export_dtype="float32")
    model = loop.train(config)
    file = tmp_path / "vgg16.safetensors"
    told = accelerator_files.weights("vgg16", Path(config.workdir), file)
    assert (told["steps"], told["batch"], told["samples"]) == ("4", "4", "16")
    assert told["bytes"] == file.stat().st_size
    arrays = safetensors.numpy.load_file(file)
    assert {x.dtype for x in arrays.values()} == {np.dtype(np.float32)}
    assert all(key.startswith("decoder.") for key in arrays)
    assert len(arrays) == len(flatten(model.params["decoder"]))
    joined = adain_jax.load(accelerator_files.join(file))
    assert joined.architecture == model.architecture
    jax.tree.map(np.testing.assert_array_equal, joined.params, model.params)
    found = accelerator_files.progress(Path(config.workdir) / "log.jsonl")
    assert found["images_a_second"] > 0
    assert set(found["last"]) == {"loss", "content_loss", "style_loss"}


def test_files_beyond_the_room_are_left_out(tmp_path, monkeypatch):
    folder = tmp_path / "judge"
    folder.mkdir()
    for name, size in (("large", 90), ("small", 10), ("middle", 50)):
        (folder / name).write_bytes(bytes(size))
    monkeypatch.setattr(accelerator_files, "_MOST", 100)
    accelerator_files.pack(folder, tmp_path / "judge.zip")
    with zipfile.ZipFile(tmp_path / "judge.zip") as file:
        assert file.namelist() == ["small", "middle"]
