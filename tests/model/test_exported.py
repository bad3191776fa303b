"""`jax.export`: programs for images of any size, which read and write models and styles."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

import adain_jax
from adain_jax import Style


def shapes(tree):
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), tree)


@pytest.mark.parametrize("name", ["tiny", pytest.param("fast", marks=pytest.mark.slow)])
def test_one_program_for_any_size_and_number(name, tiny, rng):
    model = tiny if name == "tiny" else adain_jax.load(name)
    style = model.style(rng.random((24, 33, 3), dtype=np.float32))
    batch = jax.ShapeDtypeStruct((*export.symbolic_shape("n, h, w"), 3), jnp.uint8)
    program = jax.jit(lambda m, s, x, a: adain_jax.stylize(x, s, alpha=a, model=m))
    made = export.export(program)(*shapes((model, style)), batch, jnp.float32(0))
    read = export.deserialize(made.serialize())
    for size in ((1, 50, 70), (2, 8, 16), (1, 1, 1), (3, 5, 33)):
        photos = rng.integers(256, size=(*size, 3), dtype=np.uint8)
        ours = np.asarray(read.call(model, style, photos, jnp.float32(0.7)))
        expected = np.asarray(adain_jax.stylize(photos, style, alpha=0.7, model=model))
        assert np.abs(ours.astype(int) - expected).max() <= 1


def test_a_style_comes_out(tiny, rng):
    image = jax.ShapeDtypeStruct((*export.symbolic_shape("h, w"), 3), jnp.float32)
    program = jax.jit(lambda m, x: adain_jax.encode_style(x, model=m))
    read = export.deserialize(export.export(program)(shapes(tiny), image).serialize())
    painting = rng.random((30, 41, 3), dtype=np.float32)
    style: Any = read.call(tiny, painting)
    assert isinstance(style, Style)
    assert style.fingerprint == tiny.fingerprint
    expected = tiny.style(painting)
    np.testing.assert_allclose(style.mean, expected.mean, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(style.std, expected.std, rtol=1e-3, atol=1e-4)


def test_a_prepared_model_stays_one(tiny):
    ready = tiny.prepare()
    program = export.export(jax.jit(lambda m: jax.tree.map(lambda x: 2 * x, m)))(shapes(ready))
    doubled: Any = export.deserialize(program.serialize()).call(ready)
    assert doubled.prepared
    assert doubled.architecture == "tiny"
