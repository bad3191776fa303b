from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.evaluation.losses import picture_losses
from adain_jax.ops.losses import content_loss, style_loss, tap_stats
from adain_jax.ops.statistics import adain
from tests.precision import all_exact
from tests.strict import assert_strict


@pytest.fixture
def images(rng):
    return rng.random((3, 16, 24, 3), dtype=np.float32)


def test_they_are_those_of_a_training(tiny, images):
    picture, content, style = images
    losses = picture_losses(tiny, picture, content, style)
    taps, photo, theirs = (tiny.taps(jnp.asarray(x)[None]) for x in images)
    stats = tap_stats(theirs)
    target = adain(photo["relu4_1"], *stats["relu4_1"], ddof=1)
    assert float(losses.style) == pytest.approx(float(style_loss(taps, stats)), rel=1e-4)
    for ours, other in ((losses.content, photo["relu4_1"]), (losses.target, target)):
        assert float(ours) == pytest.approx(float(content_loss(taps["relu4_1"], other)), rel=1e-4)
    summed = picture_losses(tiny, picture, content, style, reduction="sum")
    expected = style_loss(taps, stats, reduction="sum")
    assert float(summed.style) == pytest.approx(float(expected), rel=1e-4)
    assert float(summed.target) == pytest.approx(float(losses.target), rel=1e-6)


def test_bytes_and_floats_have_the_same(tiny, images):
    as_bytes = np.round(images * 255).astype(np.uint8)
    ours, theirs = (picture_losses(tiny, *x) for x in (as_bytes, as_bytes.astype(np.float32) / 255))
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-4)


def test_they_do_not_depend_on_how_an_accelerator_rounds(tiny, images):
    assert all_exact(lambda *x: picture_losses(tiny, *x), *images)


def test_they_are_strict(tiny, images):
    assert_strict(partial(picture_losses, tiny), *images)
