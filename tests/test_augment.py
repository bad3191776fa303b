from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax import Style
from adain_jax.augment import random_style

KEY = jax.random.key(7)
COUNT = 12


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).random((COUNT, 8, 16, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def bank(tiny):
    paintings = np.random.default_rng(2).random((3, 16, 16, 3), dtype=np.float32)
    return tiny.style(paintings * np.array([0.2, 0.6, 1.0], np.float32)[:, None, None, None])


@pytest.fixture
def augment(bank, tiny):
    return partial(random_style, bank=bank, model=tiny)


def stayed(result, images):
    """Which images are the same to the bit."""
    return (np.asarray(result) == np.asarray(images)).all((1, 2, 3))


def test_some_have_a_style_and_the_others_stay(images, augment):
    result = augment(KEY, images)
    assert result.shape == images.shape
    same = stayed(result, images)
    assert 0 < same.sum() < COUNT
    np.testing.assert_array_equal(augment(KEY, images), result)
    assert (np.asarray(augment(jax.random.key(8), images)) != np.asarray(result)).any()


def test_probability(images, augment):
    assert stayed(augment(KEY, images, probability=0), images).all()
    assert not stayed(augment(KEY, images, probability=1), images).any()
    many = jax.jit(jax.vmap(lambda key: augment(key, images[:, :1, :1], probability=0.25)))
    pictures = many(jax.random.split(KEY, 40))
    share = np.mean([not x for result in pictures for x in stayed(result, images[:, :1, :1])])
    assert abs(share - 0.25) < 0.08  # four standard deviations of 480 draws
    traced = jax.jit(lambda p: augment(KEY, images, probability=p))
    assert stayed(traced(0.0), images).all()


def test_numbers_that_a_jitted_step_closes_over(images, augment):
    low, high, half = jnp.float32(0.2), jnp.float32(0.8), jnp.float32(0.5)
    expected = augment(KEY, images, alpha_range=(0.2, 0.8))
    jitted = jax.jit(lambda x: augment(KEY, x, alpha_range=(low, high), probability=half))
    np.testing.assert_allclose(jitted(images), expected, atol=1e-4)
    for message, given in (
        ("alpha_range is two numbers", {"alpha_range": (high, low)}),
        ("probability is between 0 and 1", {"probability": half + 1}),
        ("probability is between 0 and 1", {"probability": 1j}),
        ("alpha_range is two numbers", {"alpha_range": (0, 1j)}),
    ):
        with pytest.raises(ValueError, match=message):
            jax.make_jaxpr(lambda x, given=given: augment(KEY, x, **given))(images)


def test_traced_strengths(images, augment):
    jitted = jax.jit(lambda low: augment(KEY, images, alpha_range=(low, 1.0)))
    np.testing.assert_allclose(jitted(0.5), augment(KEY, images, alpha_range=(0.5, 1.0)), atol=1e-4)


@pytest.mark.parametrize("key", [None, 3, "key", np.zeros(3), [KEY]])
def test_what_is_no_key(images, augment, key):
    with pytest.raises(ValueError, match=r"key is one of jax\.random\.key\(seed\), not "):
        augment(key, images)


def test_each_has_one_style_of_the_bank_at_its_strength(images, bank, augment, tiny):
    one = np.stack([images[0]] * COUNT)
    pictures = np.asarray(augment(KEY, one, alpha_range=(1, 1), probability=1))
    three = np.asarray(adain_jax.stylize(one[:3], bank, model=tiny))
    distances = np.abs(pictures[:, None] - three).max((2, 3, 4))
    assert distances.min(1).max() < 1e-4
    assert set(distances.argmin(1)) == {0, 1, 2}
    halves = np.asarray(augment(KEY, one, alpha_range=(0.5, 0.5), probability=1))
    index = distances.argmin(1)
    expected = adain_jax.stylize(one, jax.tree.map(lambda x: x[index], bank), alpha=0.5, model=tiny)
    np.testing.assert_allclose(halves, expected, atol=1e-4)
    weak = np.asarray(augment(KEY, one, alpha_range=(0.0, 0.5), probability=1))
    assert len(np.unique(weak.reshape(COUNT, -1), axis=0)) == COUNT  # each its own strength


@pytest.mark.parametrize("dtype", [np.uint8, jnp.bfloat16, np.float32])
def test_dtypes(images, augment, dtype):
    given = (jnp.asarray(images) * 255).astype(dtype) if dtype == np.uint8 else images
    given = jnp.asarray(given, dtype)
    result = augment(KEY, given)
    assert result.dtype == dtype
    assert 0 < stayed(result, given).sum() < COUNT


def test_under_jit_vmap_and_pmap(images, bank, tiny):
    def step(model, bank, key, images):
        return random_style(key, images, bank, model=model)

    keys, halves = jax.random.split(KEY, 2), images.reshape(2, COUNT // 2, *images.shape[1:])
    expected = np.stack([step(tiny, bank, *both) for both in zip(keys, halves, strict=True)])
    jitted = jax.jit(step)(tiny, bank, keys[1], halves[1])
    np.testing.assert_allclose(jitted, expected[1], atol=1e-4)
    mapped = jax.vmap(step, (None, None, 0, 0))(tiny, bank, keys, halves)
    np.testing.assert_allclose(mapped, expected, atol=1e-4)
    devices = jax.devices()[:2]
    on_two = jax.pmap(step, in_axes=(None, None, 0, 0), devices=devices)(tiny, bank, keys, halves)
    assert on_two.sharding.device_set == set(devices)
    np.testing.assert_allclose(on_two, expected, atol=1e-4)


def test_a_bank_of_styles_from_files(images, bank, tiny, tmp_path):
    for i in range(3):
        jax.tree.map(lambda x, i=i: x[i], bank).save(tmp_path / f"{i}.safetensors")
    styles = [Style.load(tmp_path / f"{i}.safetensors") for i in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *styles)
    again = random_style(KEY, images, stacked, model=tiny)
    host = jax.device_get(bank)
    jitted = jax.jit(lambda x: random_style(KEY, x, host, model=tiny))(images)
    np.testing.assert_allclose(jitted, again, atol=1e-4)
    np.testing.assert_allclose(again, random_style(KEY, images, bank, model=tiny), atol=1e-6)


def test_what_is_refused(images, bank, augment, tiny):
    for alpha_range in ((0.5, 0.2), (-0.1, 1), (0, 1.5), (0, np.nan)):
        with pytest.raises(ValueError, match="alpha_range is two numbers"):
            augment(KEY, images, alpha_range=alpha_range)
    for probability in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="probability is between 0 and 1"):
            augment(KEY, images, probability=probability)
    with pytest.raises(ValueError, match="model is a Model"):
        augment(KEY, images, model="fast")
    with pytest.raises(ValueError, match="images are a batch"):
        augment(KEY, images[0])
    none = jax.tree.map(lambda x: x[:0], bank)
    with pytest.raises(ValueError, match="bank has no style"):
        random_style(KEY, images, none, model=tiny)
    for wrong in (images, jax.tree.map(lambda x: x[0], bank)):
        with pytest.raises(ValueError, match="bank is a batch of styles"):
            random_style(KEY, images, wrong, model=tiny)
    with pytest.raises(ValueError, match="made by another model"):
        random_style(KEY, images, bank, model=adain_jax.load("fast"))
