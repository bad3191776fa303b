"""The weights in the package."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy

import adain_jax
from adain_jax import Style
from adain_jax.files import find, image
from adain_jax.model import Model
from adain_jax.networks import DEPTHS, Encoder
from adain_jax.weights import store
from tests.conftest import ROOT, SHARED, needs_shared

# One program, of one size of images, for all tests here and for models of any fingerprint.
encode: Any = jax.jit(Encoder(DEPTHS["vgg16"], "xla").apply)


def taps_of(model, path):
    pixels = image.load(path, size=256, square=True).rgb[None]
    return encode({"params": model.params["encoder"]}, pixels)


def mean_activations(model, paths):
    means = [{k: float(v.mean()) for k, v in taps_of(model, path).items()} for path in paths]
    return {tap: np.mean([mean[tap] for mean in means]) for tap in means[0]}


@pytest.mark.slow
@needs_shared
def test_taps_have_a_mean_of_one_on_other_photographs(model):
    # Sharper photographs normalised the encoder: these are compressed hard, some are dark.
    others = find.images(SHARED / "data" / "content")[::60]
    for tap, mean in mean_activations(model, others).items():
        assert mean == pytest.approx(1, abs=0.35), tap


def test_taps_have_a_mean_near_one_on_the_examples(model):
    for tap, mean in mean_activations(model, find.images(ROOT / "examples/content")).items():
        assert mean == pytest.approx(1, abs=0.35), tap


def test_silent_channels_are_few(model):
    for features in taps_of(model, ROOT / "examples/content/coffee.jpg").values():
        assert np.mean(np.asarray(features.max((0, 1, 2))) == 0) < 0.1


def test_both_ship_and_are_small():
    assert store.shipped() == ["fast", "vgg16"]
    assert store.describe("vgg16").size < 13e6
    assert store.describe("fast").size < 4.5e6


def test_one_style_for_both(model, tmp_path, rng):
    """And one encoder, which is in one of the files only."""
    fast = Model.load("fast")
    assert fast.fingerprint == model.fingerprint
    jax.tree.map(np.testing.assert_array_equal, fast.params["encoder"], model.params["encoder"])
    model.style(rng.random((24, 32, 3), dtype=np.float32)).save(tmp_path / "a.safetensors")
    style, photo = Style.load(tmp_path / "a.safetensors"), rng.random((16, 24, 3), dtype=np.float32)
    pictures = [np.asarray(adain_jax.stylize(photo, style, model=x)) for x in (fast, model)]
    assert np.abs(pictures[0] - pictures[1]).max() > 0.01


@pytest.mark.parametrize("encoder", [True, False])
def test_saved_with_the_encoder_or_without(encoder, tmp_path):
    fast, path = Model.load("fast"), tmp_path / "a.safetensors"
    fast.save(path, encoder=encoder)
    assert (path.stat().st_size > 8e6) == encoder
    again = Model.load(path)
    jax.tree.map(np.testing.assert_array_equal, fast, again)
    assert again.fingerprint == fast.fingerprint


def test_an_encoder_that_does_not_ship_is_not_left_out(tiny, tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(ValueError, match="no model that ships has it: save it whole"):
        tiny.save(path, encoder=False)
    assert not path.exists()
    decoder = {"decoder.conv1_1.bias": np.zeros(3, np.float32)}
    header = {"architecture": "vgg16", "fingerprint": "0123456789abcdef"}
    safetensors.numpy.save_file(decoder, path, metadata=header)
    with pytest.raises(ValueError, match=r"a\.safetensors is without its encoder, '0123456789abc"):
        Model.load(path)


@pytest.mark.parametrize("name", ["fast", "vgg16"])
def test_headers_tell_what_was_done(name):
    metadata = store.describe(name).metadata
    for key in ("checksum", "fingerprint", "data", "recipe", "samples", "style_distance"):
        assert metadata[key], key
    assert (store.SHIPPED / f"{name}.MODEL_CARD.md").exists()


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
    photo = ROOT / "examples/content/chelsea.jpg"
    before, after = (taps_of(model, photo)["relu4_1"] for model in (full, half))
    assert jnp.linalg.norm(after - before) < 0.005 * jnp.linalg.norm(before)
