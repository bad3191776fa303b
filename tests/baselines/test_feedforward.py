import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from adain_jax.baselines import feedforward
from adain_jax.baselines.feedforward import FeedForward
from adain_jax.ops.losses import tap_stats

SMALL = {"widths": (8, 8, 8), "blocks": 1, "method": "xla"}


@pytest.fixture
def batch(rng):
    content = rng.integers(256, size=(3, 4, 4, 3), dtype=np.uint8).repeat(4, 1).repeat(4, 2)
    return {"content": content, "style": np.array([0, 1, 1])}


@pytest.fixture
def stats(tiny, rng):
    """Of two styles."""
    return tap_stats(tiny.taps(jnp.asarray(rng.random((2, 16, 16, 3)), jnp.float32)))


def different(params, key):
    """Scales and shifts that are not ones and zeros."""
    leaves, structure = jax.tree.flatten(params)
    keys = jax.random.split(key, len(leaves))
    noise = [0.3 * jax.random.normal(k, x.shape) for k, x in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(structure, [x + y for x, y in zip(leaves, noise, strict=True)])


def fit(network, params, tiny, stats, batch, steps, trained=None, optimizer=None):
    optimizer = optimizer or optax.adam(3e-3)
    loss = feedforward.make_loss(network, tv_weight=1.0)
    step = jax.jit(feedforward.make_step(loss, optimizer, trained))
    state, history = feedforward.create_state(params, optimizer), []
    for _ in range(steps):
        state, metrics = step(state, tiny, stats, batch)
        history.append(float(metrics["loss"]))
    return state.params, history


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["batch", "instance", "conditional"])
def test_each_lowers_its_loss(kind, tiny, stats, batch):
    network = FeedForward(kind, styles=2, **SMALL)
    params = feedforward.initialize(network, jax.random.key(0))
    _, history = fit(network, params, tiny, stats, batch, 15)
    assert history[-1] < 0.9 * history[0]


@pytest.mark.slow
def test_conditional_is_as_many_instance_normalised_networks(batch):
    """That share their convolutions."""
    one = FeedForward("instance", **SMALL)
    shared = feedforward.initialize(one, jax.random.key(0))
    networks = [
        {
            name: different(layer, jax.random.key(i)) if name.endswith("_norm") else layer
            for name, layer in shared.items()
        }
        for i in range(3)
    ]
    together = {
        name: {
            key: jnp.stack([params[name][key] for params in networks])
            if name.endswith("_norm")
            else x
            for key, x in layer.items()
        }
        for name, layer in shared.items()
    }
    several = FeedForward("conditional", styles=3, **SMALL)
    images = batch["content"]
    ours = None
    for i, params in enumerate(networks):
        ours = feedforward.stylize(several, {"params": together}, images, i)
        theirs = feedforward.stylize(one, {"params": params}, images)
        np.testing.assert_allclose(ours, theirs, atol=2e-5)
    assert ours is not None
    each = feedforward.stylize(several, {"params": together}, images, np.arange(3))
    np.testing.assert_allclose(each[2], ours[2], atol=2e-5)
    blend = feedforward.stylize(several, {"params": together}, images, [0.0, 0.0, 1.0])
    np.testing.assert_allclose(blend, ours, atol=2e-5)
    half = feedforward.stylize(several, {"params": together}, images, [0.0, 0.5, 0.5])
    assert float(jnp.abs(half - ours).max()) > 1e-3


@pytest.mark.slow
def test_a_new_style_changes_nothing_else(tiny, stats, batch):
    network = FeedForward("conditional", styles=1, **SMALL)
    before = feedforward.initialize(network, jax.random.key(0))
    params = feedforward.add_style(before)
    larger = FeedForward("conditional", styles=2, **SMALL)
    batch = {**batch, "style": np.ones(3, int)}
    trained = feedforward.newest_style(params)
    # One that shrinks all weights, whatever their gradients.
    after, history = fit(
        larger,
        params,
        tiny,
        stats,
        batch,
        15,
        trained,
        optimizer=optax.adamw(3e-3, weight_decay=0.1),
    )
    assert history[-1] < history[0]
    old = feedforward.stylize(network, {"params": before}, batch["content"], 0)
    same = feedforward.stylize(larger, {"params": after}, batch["content"], 0)
    np.testing.assert_allclose(same, old, atol=1e-5)
    new = feedforward.stylize(larger, {"params": after}, batch["content"], 1)
    assert float(jnp.abs(new - old).max()) > 1e-3


@pytest.mark.slow
def test_the_population_of_batch_normalisation(batch):
    """A single image is normalised by the batch that was kept."""
    network = FeedForward("batch", **SMALL)
    params = feedforward.initialize(network, jax.random.key(0))
    kept = feedforward.population(network, params, batch["content"])
    together = feedforward.stylize(network, {"params": params}, batch["content"])
    alone = feedforward.stylize(network, {"params": params, **kept}, batch["content"][:1])
    np.testing.assert_allclose(alone, together[:1], atol=1e-4)


def test_sizes(rng):
    network = FeedForward(**SMALL)
    params = feedforward.initialize(network, jax.random.key(0))
    images = rng.random((1, 13, 18, 3), dtype=np.float32)
    assert feedforward.stylize(network, {"params": params}, images).shape == images.shape
    with pytest.raises(ValueError, match="multiples of 4"):
        network.apply({"params": params}, images)


@pytest.mark.parametrize("style", [2, -1, [0, 2]])
def test_a_style_that_there_is_not(style):
    network = feedforward.FeedForward("conditional", styles=2, widths=(8, 8, 8), blocks=1)
    variables = {"params": feedforward.initialize(network, jax.random.key(0))}
    images = jnp.zeros((2, 16, 16, 3))
    with pytest.raises(ValueError, match="is none of the 2 styles, counted from 0"):
        feedforward.stylize(network, variables, images, style)


def test_traced_weights_in_a_list():
    network = feedforward.FeedForward("conditional", styles=2, widths=(8, 8, 8), blocks=1)
    variables = {"params": feedforward.initialize(network, jax.random.key(0))}
    images = jnp.zeros((1, 16, 16, 3))
    blend = jax.jit(lambda w: feedforward.stylize(network, variables, images, [w, 1 - w]))
    np.testing.assert_allclose(
        blend(0.25), feedforward.stylize(network, variables, images, [0.25, 0.75]), atol=1e-6
    )
