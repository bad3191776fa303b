from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy

import adain_jax
from adain_jax import Style
from adain_jax.model.transfer import transfer
from adain_jax.ops.statistics import adain


@pytest.fixture
def styles(rng):
    arrays = rng.random((3, 2, 4), dtype=np.float32)
    return [Style(jnp.asarray(mean), jnp.asarray(std), "model") for mean, std in arrays]


def test_mixing_statistics_is_mixing_feature_maps(styles, rng):
    content = jnp.asarray(rng.random((6, 5, 4), dtype=np.float32))
    weights = [0.2, 0.3, 0.5]
    each = [adain(content, style.mean, style.std) for style in styles]
    expected = sum(np.float32(w) * np.asarray(x) for w, x in zip(weights, each, strict=True))
    mixed = Style.mix(styles, weights)
    np.testing.assert_allclose(adain(content, mixed.mean, mixed.std), expected, atol=1e-5)
    assert mixed.fingerprint == "model"


def test_full_strength_is_the_target_in_any_dtype(rng):
    """And not the content and the difference, whose rounding errors are the content's."""
    content = jnp.asarray(100 * rng.random((1, 6, 5, 4), dtype=np.float32)).astype(jnp.bfloat16)
    style = Style(jnp.ones(4), jnp.full(4, 0.1), "model")
    [made] = transfer({"relu4_1": content}, style).values()
    assert made.dtype == jnp.bfloat16
    np.testing.assert_array_equal(made, adain(content, style.mean, style.std))


def test_weights_are_normalised_and_equal_by_default(styles):
    ours, theirs = Style.mix(styles, [2, 2, 2]), Style.mix(styles)
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-6)
    np.testing.assert_allclose(ours.mean, np.mean([s.mean for s in styles], 0), rtol=1e-5)


def test_one_style_is_itself(styles):
    mixed = Style.mix(styles[:1], [0.1])
    np.testing.assert_allclose(mixed.std, styles[0].std, rtol=1e-6)


def test_mixing_under_transformations(styles):
    weights = jnp.array([1.0, 2.0, 3.0])
    mix = jax.jit(lambda styles, weights: Style.mix(styles, weights).mean)
    np.testing.assert_allclose(mix(styles, weights), Style.mix(styles, weights).mean, rtol=1e-5)
    many = jax.vmap(mix, in_axes=(None, 0))(styles, jnp.stack([weights, 2 * weights]))
    np.testing.assert_allclose(many[0], many[1], rtol=1e-5)
    gradient = jax.grad(lambda weights: mix(styles, weights).sum())(weights)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0, 0, 0], "not all 0"),
        ([1, 1, float("nan")], "finite"),
        ([1, 1, -1], "at least 0"),
        ([1, 1], "one number for each of the 3 styles"),
    ],
)
def test_weights_that_are_none(styles, weights, message):
    with pytest.raises(ValueError, match=message):
        Style.mix(styles, weights)
    with pytest.raises(ValueError, match=message):  # where they are known, though all else is not
        jax.jit(lambda styles: Style.mix(styles, weights))(styles)


def test_styles_that_do_not_mix(styles):
    with pytest.raises(ValueError, match="at least one"):
        Style.mix([])
    with pytest.raises(ValueError, match=r"made by model\.style"):
        Style.mix([styles[0].mean])  # type: ignore[list-item]
    other = Style(styles[0].mean, styles[0].std, "other")
    with pytest.raises(ValueError, match="different models"):
        Style.mix([*styles, other])
    batch = Style(jnp.ones((2, 4)), jnp.ones((2, 4)), "model")
    with pytest.raises(ValueError, match="batches"):
        Style.mix([*styles, batch])


def test_files(tiny, rng, tmp_path):
    painting, photo = rng.random((2, 16, 24, 3), dtype=np.float32)
    style = tiny.style(painting)
    path = tmp_path / "a.safetensors"
    style.save(path, metadata={"source": "a.jpg"})
    assert path.stat().st_size < 16_000
    again = Style.load(path)
    np.testing.assert_array_equal(again.mean, style.mean)
    assert again.fingerprint == tiny.fingerprint
    np.testing.assert_array_equal(
        adain_jax.stylize(photo, again, model=tiny), adain_jax.stylize(photo, style, model=tiny)
    )
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


def test_parts_of_arrays_are_saved_as_they_are(tmp_path):
    """The package safetensors would save the memory from their beginning on."""
    parts: Any = np.arange(12.0, dtype=np.float32).reshape(6, 2).T
    mean, std = parts
    looks = np.arange(36, dtype=np.uint8).reshape(4, 3, 3)[::-1, :, ::-1]
    path = tmp_path / "a.safetensors"
    Style(mean, std, "0123").save(path, thumbnail=looks)
    again = Style.load(path)
    np.testing.assert_array_equal(again.mean, mean)
    np.testing.assert_array_equal(again.std, std)
    np.testing.assert_array_equal(safetensors.numpy.load_file(path)["thumbnail"], looks)


def test_files_that_are_none(tiny, rng, tmp_path, model):
    path = tmp_path / "a.safetensors"
    with pytest.raises(FileNotFoundError, match="no such file"):
        Style.load(path)
    style = tiny.style(rng.random((16, 16, 3), dtype=np.float32))
    with pytest.raises(ValueError, match=r"ends in \.safetensors"):
        style.save(tmp_path / "a.style")
    Style(style.mean / 0, style.std, style.fingerprint).save(path)
    with pytest.raises(ValueError, match="not all of its statistics are finite"):
        Style.load(path)
    style.save(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match="truncated"):
        Style.load(path)
    tiny.save(path)
    with pytest.raises(ValueError, match="no file of a style"):
        Style.load(path)
    style.save(path)
    with pytest.raises(ValueError, match="is a style, not a model"):
        adain_jax.load(str(path))
    with pytest.raises(ValueError, match="another model's"):
        transfer({"relu4_1": jnp.zeros((1, 2, 2, 256))}, style)
    with pytest.raises(ValueError, match="another model"):
        adain_jax.stylize(np.zeros((8, 8, 3), np.uint8), style, model=model)
