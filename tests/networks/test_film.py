"""Scales and shifts from statistics."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax import Model, Whole
from adain_jax.model.transfer import transfer
from adain_jax.networks import ARCHITECTURES, TOLD, bridge
from adain_jax.networks.bridge import Bridge
from adain_jax.networks.film import Film, Told
from adain_jax.ops.resampling import depth_to_space
from tests.tiny import tiny_film, tiny_model


def some(rng, *shape):
    return jnp.asarray(rng.random(shape, dtype=np.float32))


def test_is_the_equation(rng):
    """x * (1 + S c) + T c, with c the logarithms of the deviations and the means."""
    x, mean, std, finer = some(rng, 2, 4, 6, 5), *(some(rng, 2, n) for n in (7, 7, 3))
    told = Told.of(mean, std), Told.of(finer, finer)
    params = {"scale": some(rng, 20, 5), "shift": some(rng, 20, 5)}
    ours: Any = Film().apply({"params": params}, x, *told)
    c = np.concatenate([np.log(std + 0.05), mean, np.log(finer + 0.05), finer], -1)
    scale, shift = (np.asarray(c @ params[name])[:, None, None] for name in ("scale", "shift"))
    np.testing.assert_allclose(ours, np.asarray(x) * (1 + scale) + shift, rtol=1e-4)


def test_pixels_that_lie_in_channels_are_modulated_alike(rng):
    x, stats = some(rng, 2, 4, 6, 4 * 3), some(rng, 2, 7)
    told = Told.of(stats, stats)
    params = {"scale": some(rng, 14, 3), "shift": some(rng, 14, 3)}
    alike: Any = Film(pixels=4).apply({"params": params}, x, told)
    expected: Any = Film().apply({"params": params}, depth_to_space(x), told)
    np.testing.assert_allclose(depth_to_space(alike), expected, rtol=1e-5)


def test_gradients_of_bfloat16_are_summed_up_in_more():
    """Those of scales and shifts are sums over all positions, which bfloat16 cannot count."""
    x = jnp.ones((1, 128, 128, 5), jnp.bfloat16)
    told = Told.of(jnp.ones((1, 7), jnp.float32), jnp.full((1, 7), 0.95, jnp.float32))
    zeros = jnp.zeros((14, 5), jnp.float32)

    def total(params):
        y: Any = Film().apply({"params": params}, x, told)
        return y.astype(jnp.float32).sum()

    gradients = jax.grad(total)({"scale": zeros, "shift": zeros})
    for name in ("scale", "shift"):  # of the means, 1; the deviations' logarithms are 0
        np.testing.assert_allclose(gradients[name][7:], 128**2)


def test_sets_are_mixed_place_by_place(rng):
    x, stats = some(rng, 1, 2, 3, 4), some(rng, 2, 1, 4)
    params = {"scale": some(rng, 8, 4), "shift": some(rng, 8, 4)}
    film = Film()
    left = jnp.asarray([[1.0, 0.25, 0.0]] * 2)[None]
    mixed: Any = film.apply({"params": params}, x, Told(stats, stats, jnp.stack([left, 1 - left])))
    one, other = (film.apply({"params": params}, x, Told.of(part, part)) for part in stats)
    share = np.asarray(left)[..., None]
    expected = share * np.asarray(one) + (1 - share) * np.asarray(other)
    np.testing.assert_allclose(mixed, expected, rtol=1e-4)


def test_a_new_one_changes_nothing(tiny, rng, monkeypatch):
    """So a training can go on from a decoder that is not told: only its upsampling differs."""
    linear = ARCHITECTURES["tiny"].decoder.clone(upsample="linear")
    monkeypatch.setitem(
        ARCHITECTURES, "tiny_linear", ARCHITECTURES["tiny"]._replace(decoder=linear)
    )
    plain = tiny_model("film")
    photo, painting = some(rng, 24, 40, 3), some(rng, 16, 16, 3)
    told = Model.create("tiny_film", tiny.params["encoder"], plain.params["decoder"])
    new = ("_film", "_bridge")
    decoder = {k: v for k, v in plain.params["decoder"].items() if not k.endswith(new)}
    alone = Model.create("tiny_linear", tiny.params["encoder"], decoder)
    ours, expected = (adain_jax.stylize(photo, painting, model=m) for m in (told, alone))
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    assert told.style(painting).mean.shape == (3 + 64 + 128 + 256 + 512,)


def test_without_a_style_it_is_told_the_content_s_own(rng):
    """At alpha 0 every style gives one picture: that in the photograph's own style."""
    model = tiny_film()
    photo, *paintings = (some(rng, 32, 40, 3) ** power for power in (1, 2, 4))
    none = [adain_jax.stylize(photo, x, alpha=0.0, model=model, plan=Whole()) for x in paintings]
    np.testing.assert_allclose(none[0], none[1], atol=1e-5)
    own = adain_jax.stylize(photo, photo, model=model, plan=Whole())
    np.testing.assert_allclose(none[0], own, atol=1e-3)
    full = [adain_jax.stylize(photo, x, model=model, plan=Whole()) for x in paintings]
    assert np.abs(np.asarray(full[0]) - np.asarray(full[1])).mean() > 1e-3


@pytest.mark.slow
def test_transfer_tells_blends(rng):
    """Of the content's and the style's statistics, with the weights of every cell."""
    model = tiny_film()
    features = model.encode(some(rng, 1, 16, 24, 3))
    style = model.style(some(rng, 16, 16, 3))
    ramp = jnp.broadcast_to(jnp.linspace(0, 1, 24), (16, 24))
    given = transfer(features, style, ramp, levels=["relu4_1"], told=("pixels", "relu1_1"))
    told = given[TOLD]
    assert isinstance(told["pixels"], Told)
    assert told["pixels"].weights.shape == (2, 1, 16, 24)
    np.testing.assert_allclose(told["pixels"].weights[1, 0], ramp, atol=1e-6)
    np.testing.assert_allclose(told["relu1_1"].weights.sum(0), 1, atol=1e-6)
    np.testing.assert_allclose(told["pixels"].mean[1, 0], style.mean[:3])
    assert given.keys() == {"relu4_1", TOLD}
    assert given["relu4_1"].shape == features["relu4_1"].shape


def test_one_style_for_all_decoders_of_an_encoder(tiny, rng):
    """Whatever they take of it."""
    photo, painting = some(rng, 24, 24, 3), some(rng, 16, 16, 3)
    params = tiny_film().params
    film = Model.create("tiny_film", tiny.params["encoder"], params["decoder"])
    for model, maker in ((tiny, film), (film, tiny)):
        ours = adain_jax.stylize(photo, maker.style(painting), model=model)
        expected = adain_jax.stylize(photo, painting, model=model)
        np.testing.assert_allclose(ours, expected, atol=1e-5)
    old = replace(style := tiny.style(painting), mean=style.mean[-512:], std=style.std[-512:])
    with pytest.raises(ValueError, match=r"512 channels, where this tiny takes 963: make it again"):
        adain_jax.stylize(photo, old, model=tiny)


def test_gradients_reach_the_films(rng):
    model = tiny_model("film")
    photo, painting = some(rng, 16, 16, 3), some(rng, 16, 16, 3)

    def brightness(model):
        return adain_jax.stylize(photo, painting, model=model).mean()

    gradient = jax.grad(brightness)(model)
    for name, layer in gradient.params["decoder"].items():
        if name.endswith(("_film", "_bridge")):
            part = layer["shift" if "shift" in layer else "matrix"]
            assert float(jnp.abs(part).max()) > 0, name


def test_a_bridge_is_a_sum(rng):
    x, features, matrix = some(rng, 2, 4, 6, 5), some(rng, 2, 4, 6, 7), some(rng, 7, 5)
    ours: Any = Bridge().apply({"params": {"matrix": matrix}}, x, features)
    np.testing.assert_allclose(ours, x + features @ matrix, rtol=1e-5)
    new: Any = Bridge().init_with_output(jax.random.key(0), x, features)[0]
    np.testing.assert_array_equal(new, x)


def test_a_bridge_of_large_maps_is_added_in_strips(rng, monkeypatch):
    """The same, with its gradient; the number of rows need not be a multiple of any strip."""
    x, features, matrix = some(rng, 2, 14, 5, 6), some(rng, 2, 14, 5, 3), some(rng, 3, 6)

    def add(matrix, x, features) -> Any:
        return Bridge().apply({"params": {"matrix": matrix}}, x, features)

    gradient = jax.grad(lambda *given: (add(*given) ** 2).sum(), (0, 1, 2))
    arguments = matrix, x, features
    whole, expected = add(*arguments), gradient(*arguments)
    for strips in (2, 3, 100):
        monkeypatch.setattr(bridge, "_STRIP_BYTES", x.nbytes // strips)
        assert "scan" in str(jax.make_jaxpr(add)(*arguments))
        np.testing.assert_allclose(jax.jit(add)(*arguments), whole, rtol=1e-6)
        many = jax.vmap(add, (None, 0, 0))(matrix, x[:, None], features[:, None])
        np.testing.assert_allclose(many[:, 0], whole, rtol=1e-6)
        for ours, theirs in zip(gradient(*arguments), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)
