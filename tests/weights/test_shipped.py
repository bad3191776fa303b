"""The weights in the package."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.files import image
from adain_jax.model import SHIPPED, Model
from tests.conftest import ROOT, SHARED, needs_shared


def mean_activations(model, paths):
    encode = jax.jit(lambda model, x: {k: v.mean() for k, v in model.taps(x).items()})
    crops = [image.load(path, size=256, square=True).rgb[None] for path in paths]
    return jax.tree.map(lambda *xs: float(np.mean(xs)), *(encode(model, x) for x in crops))


@needs_shared
def test_taps_have_a_mean_of_one_on_other_photographs(model):
    # 500 of the photographs, evenly spread, normalised the encoder; these are none of them.
    paths = image.find(SHARED / "data" / "content")
    used = {i * len(paths) // 500 for i in range(500)}
    others = [path for i, path in enumerate(paths) if i not in used][::20]
    for tap, mean in mean_activations(model, others).items():
        assert mean == pytest.approx(1, abs=0.05), tap


def test_taps_have_a_mean_near_one_on_the_examples(model):
    for tap, mean in mean_activations(model, image.find(ROOT / "examples/content")).items():
        assert mean == pytest.approx(1, abs=0.35), tap


def test_silent_channels_are_few(model):
    photo = image.load(ROOT / "examples/content/coffee.jpg", size=192).rgb[None]
    for features in jax.jit(lambda model, x: model.taps(x))(model, photo).values():
        assert np.mean(np.asarray(features.max((0, 1, 2))) == 0) < 0.1


def test_it_is_small():
    assert (SHIPPED / "vgg16.safetensors").stat().st_size < 13e6


def test_float16_keeps_relu4_1(tmp_path, model):
    """Storing in float16 moves the features by less than half a percent.

    The shipped weights are float16 already: a perturbation below their precision stands for the
    float32 weights that they were rounded from.
    """
    rng = np.random.default_rng(0)

    def unrounded(weights):
        half_ulp = np.spacing(np.abs(np.asarray(weights, np.float16))).astype(np.float32) / 2
        return weights + jnp.asarray(
            rng.uniform(-1, 1, weights.shape).astype(np.float32) * half_ulp
        )

    full = Model.create("vgg16", jax.tree.map(unrounded, model.params["encoder"]))
    full.save(tmp_path / "half.safetensors")
    half = Model.load(tmp_path / "half.safetensors")
    photo = image.load(ROOT / "examples/content/chelsea.jpg", size=192).rgb[None]
    encode = jax.jit(lambda model, x: model.encode(x))
    before, after = encode(full, photo), encode(half, photo)
    assert jnp.linalg.norm(after - before) < 0.005 * jnp.linalg.norm(before)
