import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax.baselines import gatys
from adain_jax.baselines.gatys import Optimization


@pytest.fixture
def images(rng):
    """A photograph, no multiple of 8, and a painting of another size."""
    sizes = ((20, 28, 3), (24, 16, 3))
    return [rng.random(size, dtype=np.float32) for size in sizes]


def run(model, images, steps, *, start: gatys.Start = "content", state=None, **options):
    optimization = Optimization(**options)
    targets = optimization.targets(model, *images)
    state = state or optimization.start(images[0], start)
    history = []
    for latest, loss in optimization.run(model, targets, state, steps):
        state = latest
        history.append(loss)
    return optimization, state, history


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "loss", "start"),
    [
        ("lbfgs", "gram", "content"),
        ("adam", "gram", "noise"),
        ("adam", "statistics", "content"),
    ],
)
def test_the_loss_falls(tiny, images, method, loss, start):
    _, state, history = run(tiny, images, 6, start=start, method=method, loss=loss)
    assert history[-1] < 0.95 * history[0]
    picture = gatys.picture(state)
    assert picture.shape == images[0].shape
    assert 0 <= picture.min() <= picture.max() <= 1


def test_the_loss_is_the_sum_of_its_parts(tiny, images):
    optimization = Optimization(content_weight=2.0, style_weight=3.0, tv_weight=5.0)
    targets = optimization.targets(tiny, *images)
    image = jnp.asarray(images[0])[None, ::-1]
    parts = {k: float(x) for k, x in optimization.losses(tiny, targets, image).items()}
    assert all(parts.values())
    expected = 2 * parts["content_loss"] + 3 * parts["style_loss"] + 5 * parts["tv_loss"]
    assert parts["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_a_photograph_in_its_own_style_stays(tiny, images):
    _, state, history = run(tiny, [images[0], images[0]], 3, method="lbfgs")
    assert history[0] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(gatys.picture(state), images[0], atol=1e-3)


@pytest.mark.parametrize("method", ["adam", pytest.param("lbfgs", marks=pytest.mark.slow)])
def test_going_on_from_a_file_is_exact(tiny, images, tmp_path, method):
    optimization, state, _ = run(tiny, images, 3, method=method)
    path = tmp_path / "state.safetensors"
    optimization.save(path, state, "key")
    loaded = optimization.load(path, optimization.start(images[0]), "key")
    _, ours, _ = run(tiny, images, 5, state=loaded, method=method)
    _, theirs, _ = run(tiny, images, 5, method=method)
    assert int(ours.step) == 5
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_array_equal(a, b)


def test_states_of_other_optimizations(images, tmp_path):
    optimization = Optimization(method="adam")
    state, path = optimization.start(images[0]), tmp_path / "state.safetensors"
    optimization.save(path, state, "key")
    for other, start, key in (
        (Optimization(method="adam"), state, "another"),
        (Optimization(method="adam", tv_weight=1.0), state, "key"),
        (Optimization(method="adam"), optimization.start(images[0][:16]), "key"),
    ):
        with pytest.raises(ValueError, match=r"state.safetensors is of an optimization of other"):
            other.load(path, start, key)
    path.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="no state of an optimization"):
        optimization.load(path, state)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "sgd"}, "method is one of lbfgs, adam, not 'sgd'"),
        ({"loss": "max"}, "loss is one of gram, statistics"),
        ({"style_weight": -1.0}, "style_weight is at least 0"),
        ({"learning_rate": 0.0}, "learning_rate is positive"),
        ({"learning_rate": np.inf}, "learning_rate is positive, and finite, not inf"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        Optimization(**options)


def test_a_start_that_cannot_be(images):
    with pytest.raises(ValueError, match="start is one of content, noise"):
        Optimization().start(images[0], "style")  # type: ignore[arg-type]


def test_a_network_without_the_losses_maps(images):
    with pytest.raises(ValueError, match="fast is no VGG"):
        Optimization().targets(adain_jax.load("fast"), *images)


def test_a_picture_one_pixel_high(tiny, images):
    optimization = Optimization(method="adam", tv_weight=1.0)
    photo = images[0][:1]
    targets = optimization.targets(tiny, photo, images[1])
    (state, loss), *_ = optimization.run(tiny, targets, optimization.start(photo), 1)
    assert gatys.picture(state).shape == photo.shape
    assert np.isfinite(loss)


def test_a_picture_that_is_not_finite_is_an_error(tiny, images, monkeypatch):
    """At the last step, too, whose loss is that of the picture before it."""
    optimization = Optimization(method="adam")
    targets = optimization.targets(tiny, *images)
    monkeypatch.setattr(
        optimization, "step", lambda _, __, state: (state._replace(image=state.image / 0), 1.0)
    )
    with pytest.raises(ValueError, match="not finite at step 1: lower the weights or the learning"):
        list(optimization.run(tiny, targets, optimization.start(images[0]), 1))
