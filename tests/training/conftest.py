import dataclasses
from typing import Any

import jax
import numpy as np
import pytest

from adain_jax.training import loop
from adain_jax.training.calls import make_call
from adain_jax.training.config import TrainConfig
from adain_jax.training.devices import Placement

# Of a recipe, for images and batches that take no time. With crops of 16 the deepest maps would be
# smaller than a kernel; the gradient of that takes XLA ten times as long as all the rest.
SMALL: dict[str, Any] = {
    "content_size": 28,
    "crop_size": 24,
    "style_size": 28,
    "style_crop_size": 24,
    "batch_size": 4,
}


# How images come.
POOL = {"pool_contents": 8, "pool_styles": 8, "renew": 4}
WAYS = {
    "kept": {"reconstruction_steps": 1},
    "kept, in a pool": POOL,
    "streamed": {"device_share": 0.0},
    "streamed, in a pool": {"device_share": 0.0, **POOL, "renew": 3, "renew_every": 3},
}


def assert_equal(ours, theirs):
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


@pytest.fixture(autouse=True, scope="module")
def _trace_once():
    """Trainings of one recipe share their programs: each `train` would trace its own again."""
    calls, programs, real = {}, {}, Placement.compile

    def make(config, architecture, optimizer, phase, **options):
        places = dict.fromkeys(("content", "style", "encoder", "init_from"), "")
        same = dict.fromkeys(("checkpoint_every", "log_every", "keep"), 1)
        plain = dataclasses.replace(config, workdir="run", export_dtype="float16", **places, **same)
        key = repr((plain, architecture, phase, sorted(options.items())))
        if key not in calls:
            calls[key] = make_call(config, architecture, optimizer, phase, **options)
        return calls[key]

    def compile_(self, step, *, donate=True):
        key = step, donate, tuple(self.devices)
        if key not in programs:
            programs[key] = real(self, step, donate=donate)
        return programs[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "make_call", make)
        patch.setattr(Placement, "compile", compile_)
        yield


@pytest.fixture
def config(folders, tmp_path, tiny_file):
    """A few steps on small images."""
    return TrainConfig(
        content=str(folders / "content"),
        style=str(folders / "style"),
        workdir=str(tmp_path / "run"),
        encoder=tiny_file,
        **SMALL,
        steps=4,
        reconstruction_steps=0,
        learning_rate=1e-4,
        log_every=1,
        pictures_every=0,
        checkpoint_every=2,
    )


@pytest.fixture(scope="module")
def batches():
    rng = np.random.default_rng(0)
    return [
        {
            name: rng.integers(256, size=(4, 6, 6, 3), dtype=np.uint8).repeat(4, 1).repeat(4, 2)
            for name in ("content", "style")
        }
        for _ in range(5)
    ]


@pytest.fixture
def shipped(tiny, tmp_path, monkeypatch):
    """The tiny model and one with another decoder, as if they shipped; the folder that has them."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    tiny.save(folder / "vgg16.safetensors", dtype=np.float32)
    tiny.save(folder / "fast.safetensors", dtype=np.float32)
    monkeypatch.setattr("adain_jax.weights.store.SHIPPED", folder)
    return folder
