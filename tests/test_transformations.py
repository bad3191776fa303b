"""`stylize` under the transformations of JAX."""

import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax


@pytest.fixture
def photo(rng):
    return rng.random((20, 29, 3), dtype=np.float32)


@pytest.fixture
def painting(rng):
    return rng.random((40, 51, 3), dtype=np.float32)


@pytest.fixture
def expected(photo, painting, tiny):
    return np.asarray(adain_jax.stylize(photo, painting, model=tiny))


def test_under_jit_with_a_traced_alpha(photo, painting, expected, tiny):
    jitted = jax.jit(lambda c, s, a: adain_jax.stylize(c, s, alpha=a, model=tiny))
    np.testing.assert_allclose(jitted(photo, painting, 1.0), expected, atol=1e-4)
    half = adain_jax.stylize(photo, painting, alpha=0.5, model=tiny)
    np.testing.assert_allclose(jitted(photo, painting, 0.5), half, atol=1e-4)


def test_under_jit_of_vmap(photo, painting, expected, tiny):
    contents, styles = np.stack([photo] * 2), np.stack([painting, 1 - painting])
    alphas = np.array([1.0, 0.3], np.float32)
    mapped = jax.jit(jax.vmap(lambda c, s, a: adain_jax.stylize(c, s, alpha=a, model=tiny)))
    result = mapped(contents, styles, alphas)
    np.testing.assert_allclose(result[0], expected, atol=1e-4)
    alone = adain_jax.stylize(photo, styles[1], alpha=0.3, model=tiny)
    np.testing.assert_allclose(result[1], alone, atol=1e-4)


def test_under_pmap(photo, painting, expected, tiny):
    style = tiny.style(painting)
    contents = np.stack([photo] * jax.local_device_count())
    result = jax.pmap(lambda c: adain_jax.stylize(c, style, model=tiny))(contents)
    assert len(result) == 4
    for picture in np.asarray(result):
        np.testing.assert_allclose(picture, expected, atol=1e-4)


def test_inside_scan(photo, painting, tiny):
    style = tiny.style(painting)

    @jax.jit
    def twice(content):
        return jax.lax.scan(
            lambda c, _: (adain_jax.stylize(c, style, model=tiny), c.mean()),
            content,
            None,
            length=2,
        )

    result, means = twice(photo)
    step_by_step = adain_jax.stylize(adain_jax.stylize(photo, style, model=tiny), style, model=tiny)
    np.testing.assert_allclose(result, step_by_step, atol=1e-3)
    assert means.shape == (2,)


def test_gradients(photo, painting, tiny):
    def scalar(content, style, alpha):
        return jnp.mean(jnp.square(adain_jax.stylize(content, style, alpha=alpha, model=tiny)))

    gradients = jax.jit(jax.grad(scalar, (0, 1, 2)))(photo, painting, 0.6)
    for gradient in gradients:
        assert np.isfinite(np.asarray(gradient)).all()
        assert float(jnp.abs(gradient).max()) > 0
    step = 1e-2
    ahead, behind = (scalar(photo, painting, 0.6 + d) for d in (step, -step))
    np.testing.assert_allclose(gradients[2], (ahead - behind) / (2 * step), rtol=0.1)


def test_compiled_once_for_a_size(photo, painting, tiny):
    from adain_jax.inference import render

    programs: Any = render.picture
    style = tiny.style(painting)
    adain_jax.stylize(photo, style, model=tiny)
    before = programs._cache_size()
    for alpha in (0.1, 0.9, np.float32(0.3), jnp.float32(1)):
        adain_jax.stylize(photo, style, alpha=alpha, model=tiny)
    assert programs._cache_size() == before


def test_values_that_a_jitted_function_closes_over(photo, painting, expected, tiny):
    """They are known while it is traced, but whatever is computed with them is not."""
    content, style, one = jnp.asarray(photo), jnp.asarray(painting), jnp.float32(1)
    jitted = jax.jit(lambda x: adain_jax.stylize(x, style, model=tiny))
    np.testing.assert_allclose(jitted(photo), expected, atol=1e-4)
    left = jnp.arange(29, dtype=jnp.int32)[None] < jnp.full((20, 1), 13)
    for given in (
        {"content": content},
        {"content": [content, content]},
        {"style": style, "color": "coral"},
        {"style": [style, 1 - style], "weights": [one, 2.0]},
        {"style": [style, 1 - style], "masks": [left, ~left], "alpha": [one, 0.5]},
        {"style": style, "alpha": one},
    ):
        arguments = {"content": photo, "style": painting, **given}
        picture = jax.make_jaxpr(
            lambda x, arguments=arguments: x + adain_jax.stylize(**arguments, model=tiny)
        )(0.0)
        assert picture.out_avals[0].shape[-3:] == photo.shape


def test_values_that_a_jitted_function_closes_over_are_checked(photo, painting, tiny):
    large, style = jnp.asarray(painting * 255), jnp.asarray(painting)
    for message, given in (
        ("style has values from", {"style": large}),
        ("alpha is between 0 and 1, not 1.5", {"alpha": jnp.float32(1.5)}),
        ("weights of styles are finite", {"style": [style] * 2, "weights": [-large[0, 0, 0], 1]}),
    ):
        arguments = {"style": style, **given}
        with pytest.raises(ValueError, match=message):
            jax.make_jaxpr(
                lambda x, arguments=arguments: adain_jax.stylize(x, **arguments, model=tiny)
            )(photo)


def test_shapes_are_checked_while_tracing():
    with pytest.raises(ValueError, match="RGB image"):
        jax.jit(adain_jax.stylize)(np.zeros((8, 8), np.float32), np.zeros((8, 8, 3), np.float32))


@pytest.mark.slow
def test_the_first_call_may_be_under_jit(tmp_path):
    """Loading the default weights inside a trace must not keep tracers."""
    code = """
import adain_jax, jax, numpy as np
x = np.zeros((8, 8, 3), np.float32)
first = jax.jit(adain_jax.stylize)(x, x)
np.testing.assert_allclose(adain_jax.stylize(x, x), first, atol=1e-4)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, timeout=300)


@pytest.mark.parametrize("mode", [jax.jvp, None])
def test_forward_mode_is_one_line(mode, photo):
    """Or works: Winograd's convolutions, which a CPU has, know reverse mode alone."""
    model = adain_jax.load("fast").prepare()

    def picture(alpha):
        return adain_jax.stylize(photo, photo, alpha=alpha, model=model)

    with pytest.raises(ValueError, match="take a reverse-mode one"):
        jax.jvp(picture, (0.5,), (1.0,)) if mode else jax.jacfwd(picture)(0.5)
