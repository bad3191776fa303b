import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy

import adain_jax
from adain_jax import Model, Style
from adain_jax.model.transfer import transfer
from tests.tiny import tiny_fast, tiny_film


@pytest.fixture
def other(tiny):
    """A model of the same architecture with another encoder."""
    params = jax.tree.map(lambda x: x * 2, tiny.params)
    return Model.create("tiny", params["encoder"], params["decoder"])


def test_a_model_is_a_pytree(model):
    leaves, structure = jax.tree.flatten(model)
    assert all(isinstance(leaf, jax.Array) and leaf.dtype == jnp.float32 for leaf in leaves)
    hash(structure)
    doubled = jax.tree.map(lambda x: 2 * x, model)
    assert isinstance(doubled, Model)
    assert doubled.architecture == "vgg16_film"


def test_a_model_passes_through_transformations(tiny, rng):
    images = rng.random((2, 16, 16, 3), dtype=np.float32)
    expected = tiny.encode(images)["relu4_1"]
    jitted = jax.jit(Model.encode)(tiny, images)["relu4_1"]
    np.testing.assert_allclose(jitted, expected, atol=1e-3)
    mapped = jax.vmap(Model.encode, in_axes=(None, 0))(tiny, images[:, None])["relu4_1"][:, 0]
    np.testing.assert_allclose(mapped, expected, atol=1e-3)
    many = jax.pmap(Model.encode, in_axes=(None, 0))(tiny, images[:, None])["relu4_1"][:, 0]
    np.testing.assert_allclose(many, expected, atol=1e-3)


def test_a_style_is_a_pytree(tiny, rng):
    style = tiny.style(rng.random((16, 16, 3), dtype=np.float32))
    assert style.mean.shape == style.std.shape == (963,)
    assert isinstance(jax.tree.map(lambda x: x, style), Style)
    assert len(jax.tree.leaves(style)) == 2


def test_save_and_load(model, tmp_path, rng):
    path = tmp_path / "model.safetensors"
    model.save(path, metadata={"steps": "5"})
    again = Model.load(path)
    jax.tree.map(np.testing.assert_array_equal, model, again)
    assert again.fingerprint == model.fingerprint
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    assert metadata["steps"] == "5"
    assert metadata["fingerprint"] == model.fingerprint
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_prepared_model_gives_the_same_and_is_not_saved(model, tmp_path, rng):
    ready = model.prepare()
    assert ready.params["encoder"]["conv2_2"]["kernel"].shape == (6, 6, 128, 128)
    assert ready.params["decoder"]["conv2_2"]["kernel"].shape == (6, 6, 128, 512)
    images = rng.random((2, 16, 24, 3), dtype=np.float32)
    style = ready.style(images[0])
    expected = adain_jax.stylize(images, model.style(images[0]), alpha=0.5, model=model)
    np.testing.assert_allclose(
        adain_jax.stylize(images, style, alpha=0.5, model=ready), expected, atol=1e-3
    )
    assert ready.prepared
    for prepared in (ready, model.prepare(backend="gpu"), jax.tree.map(jnp.asarray, ready)):
        with pytest.raises(ValueError, match="prepared model cannot be saved"):
            prepared.save(tmp_path / "model.safetensors")
        with pytest.raises(ValueError, match="was prepared before"):
            prepared.prepare()
    assert not list(tmp_path.iterdir())
    for dtype in (int, "x"):
        with pytest.raises(ValueError, match="dtype is a floating one"):
            model.prepare(dtype=dtype)


def test_prepared_elsewhere_kernels_stay_as_they_are(model):
    ready = model.prepare(backend="gpu", dtype=jnp.bfloat16)
    assert ready.params["encoder"]["conv2_2"]["kernel"].shape == (3, 3, 128, 128)
    for layers in ready.params.values():
        for name, layer in layers.items():  # films work on statistics
            dtype = jnp.float32 if name.endswith("_film") else jnp.bfloat16
            assert {leaf.dtype for leaf in jax.tree.leaves(layer)} == {jnp.dtype(dtype)}, name


@pytest.mark.slow
def test_gradients_through_a_prepared_model(tiny, rng):
    image = rng.random((16, 16, 3), dtype=np.float32)

    def brightness(image, model):
        return adain_jax.stylize(image, model.style(image[:8]), alpha=0.5, model=model).mean()

    ours, expected = (jax.jit(jax.grad(brightness))(image, m) for m in (tiny.prepare(), tiny))
    np.testing.assert_allclose(ours, expected, atol=1e-3 * float(np.abs(expected).max()))


def test_load_caches_and_model_load_does_not():
    assert adain_jax.load("vgg16") is adain_jax.load("vgg16")
    assert Model.load("vgg16") is not Model.load("vgg16")


def test_load_of_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no model 'nix'.*vgg16"):
        Model.load("nix")
    with pytest.raises(FileNotFoundError, match="no model"):
        Model.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"nonsense", bytes(100)])
def test_load_of_a_file_that_is_none(tmp_path, content):
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.safetensors is no safetensors file"):
        Model.load(tmp_path / "a.safetensors")


def test_load_of_a_truncated_file(model, tmp_path):
    path = tmp_path / "a.safetensors"
    model.save(path)
    path.write_bytes(path.read_bytes()[:1_000_000])
    with pytest.raises(ValueError, match="truncated"):
        Model.load(path)


def test_load_of_changed_weights(tiny, tmp_path):
    """One byte of the weights, which a header alone would not show."""
    path = tmp_path / "a.safetensors"
    tiny.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-4] + bytes([whole[-4] ^ 1]) + whole[-3:])
    with pytest.raises(ValueError, match="damaged"):
        Model.load(path)


def test_load_of_other_arrays(tmp_path):
    path = tmp_path / "a.safetensors"
    safetensors.numpy.save_file({"x": np.zeros(1)}, path)
    with pytest.raises(ValueError, match="architecture"):
        Model.load(path)
    safetensors.numpy.save_file({"x": np.zeros(1)}, path, metadata={"architecture": "vgg16"})
    with pytest.raises(ValueError, match="x is no part of a network"):
        Model.load(path)
    kernel = {"encoder.conv1_1.kernel": np.zeros(1, np.float32)}
    safetensors.numpy.save_file(kernel, path, metadata={"architecture": "vgg7"})
    with pytest.raises(ValueError, match="unknown architecture 'vgg7'"):
        Model.load(path)


def test_create_lists_what_is_wrong(model):
    encoder = dict(model.params["encoder"])
    del encoder["conv1_1"], encoder["conv2_1"]
    encoder["conv1_2"] = {"kernel": np.zeros(3), "bias": np.zeros(64), "gain": np.zeros(1)}
    with pytest.raises(ValueError, match="vgg16 weights") as caught:
        Model.create("vgg16", encoder)
    for part in (
        "missing encoder.conv1_1.kernel",
        "missing encoder.conv2_1.bias",
        "unexpected encoder.conv1_2.gain",
        "encoder.conv1_2.kernel is (3,), not (3, 3, 64, 64)",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize("name", ["nix", None, ["tiny"], 3])
def test_no_architecture(tiny, name):
    with pytest.raises(ValueError, match="unknown architecture"):
        Model.create(name, tiny.params["encoder"])


@pytest.mark.parametrize("dtype", [3, "nix", np.int8, np.zeros(2), object()])
def test_no_dtype_for_weights(tiny, tmp_path, dtype):
    for use in (lambda: tiny.save(tmp_path / "a", dtype=dtype), lambda: tiny.prepare(dtype=dtype)):
        with pytest.raises(ValueError, match="dtype is a floating one"):
            use()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_what_is_saved_can_be_loaded(tiny, tmp_path, dtype):
    path = tmp_path / "a.safetensors"
    tiny.save(path, dtype=dtype)
    for x, y in zip(*map(jax.tree.leaves, (Model.load(path).params, tiny.params)), strict=True):
        np.testing.assert_array_equal(x, np.asarray(y).astype(dtype).astype(np.float32))


def test_what_a_file_cannot_hold(tiny, tmp_path):
    large = jax.tree.map(lambda x: x * 1e6, tiny.params["decoder"])
    model = Model.create("tiny", tiny.params["encoder"], large)
    path = tmp_path / "a.safetensors"
    with pytest.raises(ValueError, match=r"decoder\.\S+ has weights that float16 cannot hold"):
        model.save(path)
    with pytest.raises(ValueError, match="a file is one of float16, bfloat16"):
        tiny.save(path, dtype=jnp.float8_e4m3fn)
    with pytest.raises(ValueError, match="metadata: steps is a string, not 5"):
        tiny.save(path, metadata={"steps": 5})
    assert not path.exists()
    model.save(path, dtype=np.float32)


@pytest.mark.parametrize("method", ["encode", "style_maps", "taps"])
@pytest.mark.parametrize(
    "images",
    [
        np.zeros((8, 8, 3), np.float32),
        np.zeros((1, 8, 8, 4), np.float32),
        np.zeros((1, 8, 8, 3), np.uint8),
        np.float32(0),
    ],
)
def test_what_are_no_images(tiny, method, images):
    with pytest.raises(ValueError, match=r"^images are floating \(N, H, W, 3\) in \[0, 1\], not"):
        getattr(tiny, method)(images)


def test_what_a_decoder_cannot_take():
    missing = "relu1_1, relu2_1, relu3_1, told is"
    with pytest.raises(ValueError, match=f"takes what transfer gives: {missing}"):
        tiny_film().decode({"relu4_1": np.zeros((1, 1, 1, 512), np.float32)})


@pytest.mark.parametrize("style", [None, 3, "a.jpg", np.zeros((8, 8, 3))])
def test_what_is_no_style(tiny, style):
    with pytest.raises(ValueError, match=r"the style is a Style, made by model\.style"):
        tiny.check_style(style)


def test_a_model_without_decoder(tiny, tmp_path):
    path = tmp_path / "encoder.safetensors"
    Model.create("tiny", tiny.params["encoder"]).save(path)
    encoder = Model.load(path)
    style = encoder.style(np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(ValueError, match=r"no decoder.*adain-jax train"):
        adain_jax.stylize(np.zeros((16, 16, 3), np.uint8), style, model=encoder)


def test_a_decoder_alone_of_a_network_of_more_parts(tiny):
    params = tiny_fast().params
    with pytest.raises(ValueError, match=r"missing content\.conv1_1\.kernel.*missing projection"):
        Model.create("tiny_fast", params["encoder"], params["decoder"])
    with pytest.raises(ValueError, match="unexpected content"):
        Model.create("tiny", **{**tiny.params, "content": params["content"]})
    encoder = Model.create("tiny_fast", params["encoder"])
    style = encoder.style(np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(ValueError, match="no decoder"):
        adain_jax.stylize(np.zeros((16, 16, 3), np.uint8), style, model=encoder)


def test_a_small_network_at_no_strength_does_not_see_the_style(rng):
    model = tiny_fast()
    photo, *paintings = (rng.random((24, 40, 3), dtype=np.float32) for _ in range(3))
    for alpha, same in ((0.0, True), (1.0, False)):
        pictures = [adain_jax.stylize(photo, x, alpha=alpha, model=model) for x in paintings]
        assert np.allclose(*pictures, atol=1e-5) == same


def test_a_style_of_another_model_is_refused(tiny, other):
    style = other.style(np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(ValueError, match="another model"):
        adain_jax.stylize(np.zeros((16, 16, 3), np.uint8), style, model=tiny)


def test_styles_must_fit_the_batch(tiny):
    images = np.zeros((3, 16, 16, 3), np.uint8)
    two = tiny.style(images[:2])
    with pytest.raises(ValueError, match="2 styles for 3 images"):
        adain_jax.stylize(images, two, model=tiny)
    with pytest.raises(ValueError, match="2 styles for one image"):
        adain_jax.stylize(images[0], two, model=tiny)


def test_transfer_blends(rng):
    features = jnp.asarray(rng.random((1, 4, 4, 512), dtype=np.float32))
    style = Style(jnp.ones(512), 2 * jnp.ones(512))

    def blend(alpha):
        return transfer({"relu4_1": features}, style, alpha)["relu4_1"]

    full, none = blend(1.0), blend(0.0)
    np.testing.assert_allclose(none, features, atol=1e-6)
    np.testing.assert_allclose(full.mean((1, 2)), 1, atol=1e-4)
    half = blend(0.5)
    np.testing.assert_allclose(half, (full + features) / 2, atol=1e-5)


def test_frozen():
    style = Style(jnp.zeros(3), jnp.zeros(3))
    with pytest.raises(dataclasses.FrozenInstanceError):
        style.mean = jnp.ones(3)  # type: ignore[misc]
