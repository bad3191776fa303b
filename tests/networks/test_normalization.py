from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax import Bucketed
from adain_jax.model import Model
from adain_jax.networks.normalization import POPULATION, Normalization
from adain_jax.ops.statistics import batch_norm, instance_norm
from tests.tiny import tiny_model

GAMMA, BETA = jnp.array([2.0, 3.0, 0.5]), jnp.array([1.0, -1.0, 0.0])
PARAMS = {"params": {"gamma": GAMMA, "beta": BETA}}


def apply(layer, *args, **options) -> Any:
    return layer.apply(*args, **options)


@pytest.fixture
def x(rng):
    return jnp.asarray(rng.normal(2, 3, (4, 6, 5, 3)), jnp.float32)


def test_batch_and_instance(x):
    ours = apply(Normalization("instance"), PARAMS, x)
    np.testing.assert_allclose(ours, instance_norm(x, GAMMA, BETA), atol=1e-5)
    ours = apply(Normalization("batch"), PARAMS, x)
    np.testing.assert_allclose(ours, batch_norm(x, GAMMA, BETA), atol=1e-5)


def test_the_statistics_of_a_population(x):
    """Those of one batch, kept, make of its images alone what the batch made of them."""
    layer = Normalization("batch")
    together, population = apply(layer, PARAMS, x, mutable=[POPULATION])
    alone = apply(layer, {**PARAMS, **population}, x[:1])
    np.testing.assert_allclose(alone, together[:1], atol=1e-5)
    assert float(jnp.abs(apply(layer, PARAMS, x[:1]) - alone).max()) > 0.1


def test_conditional_wants_a_style(x):
    layer = Normalization("conditional", styles=2)
    params: Any = layer.init(jax.random.key(0), x, style=jnp.zeros(4, jnp.int32))
    assert params["params"]["gamma"].shape == (2, 3)
    with pytest.raises(ValueError, match="wants a style"):
        apply(layer, params, x)


@pytest.mark.parametrize("variant", ["batch", "instance"])
def test_a_normalised_decoder_in_a_larger_array(variant, rng):
    """The statistics are of the picture alone, and so the pictures are the same."""
    model = tiny_model(variant)
    image = rng.random((24, 40, 3), dtype=np.float32)
    style = model.style(image[:, ::-1])
    expected = adain_jax.stylize(image, style, model=model)
    np.testing.assert_allclose(
        adain_jax.stylize(image, style, model=model, plan=Bucketed()), expected, atol=2e-5
    )
    assert isinstance(model.prepare(), Model)


def test_concatenation_has_no_styles(rng):
    image = rng.random((16, 16, 3), dtype=np.float32)
    with pytest.raises(ValueError, match="tiny_concatenation has no styles but feature maps"):
        tiny_model("concatenation").style(image)
