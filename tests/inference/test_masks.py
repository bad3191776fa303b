"""Regions, each in a style of its own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax import Bucketed, Model, Style
from adain_jax.model.transfer import shares_of, transfer
from adain_jax.ops.statistics import ChannelStats

H, W = 37, 45  # no multiples of 8


@pytest.fixture
def content(rng):
    return rng.random((H, W, 3), dtype=np.float32)


@pytest.fixture
def styles(rng, tiny):
    return tiny.style(rng.random((2, 24, 32, 3), dtype=np.float32))


@pytest.fixture
def left():
    return np.arange(W)[None] < np.full((H, 1), 21)


def one(styles, k):
    return jax.tree.map(lambda x: x[k], styles)


def official(features, styles, foreground):
    """The paper's own code: nearest-neighbour masks, content statistics of each region."""
    flat = features.reshape(-1, features.shape[-1])
    result = np.empty_like(flat)
    for k, mask in enumerate((foreground, ~foreground)):
        cells = mask.ravel()
        part = flat[cells].astype(np.float64)
        mean, std = part.mean(0), np.sqrt(part.var(0) + 1e-5)
        shift, scale = (np.asarray(x[k, -flat.shape[1] :]) for x in (styles.mean, styles.std))
        result[cells] = (part - mean) / std * scale + shift
    return result.reshape(features.shape)


def test_hard_masks_are_the_papers_own_rule(rng, tiny, content, styles):
    mask = rng.random((H, W)) < 0.5
    features = tiny.encode(jnp.asarray(content)[None])
    padded = np.pad(mask, ((0, -H % 8), (0, -W % 8)), mode="edge")
    expected = official(np.asarray(features["relu4_1"][0]), styles, padded[::8, ::8])
    masks = jnp.stack([mask, ~mask])
    ours = transfer(features, ChannelStats(styles.mean, styles.std), masks=masks)["relu4_1"]
    np.testing.assert_allclose(ours[0], expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    picture = np.clip(tiny.decode({"relu4_1": jnp.asarray(expected[None])})[0, :H, :W], 0, 1)
    np.testing.assert_allclose(
        adain_jax.stylize(content, styles, masks=masks, model=tiny), picture, atol=1e-4
    )


def test_the_kinds_of_masks_agree(tiny, content, styles, left):
    expected = adain_jax.stylize(content, styles, masks=np.stack([left, ~left]), model=tiny)
    for masks in (left[None], np.where(left, 1, 2), jnp.asarray(np.where(left, 1, 2), jnp.uint8)):
        np.testing.assert_allclose(
            adain_jax.stylize(content, styles, masks=masks, model=tiny), expected, atol=1e-5
        )
    # Edges at multiples of 8 are those of whole cells, where soft masks are hard, too.
    left = np.arange(W)[None] < np.full((H, 1), 16)
    soft = adain_jax.stylize(content, styles, masks=left[None].astype(np.float32), model=tiny)
    hard = adain_jax.stylize(content, styles, masks=left[None], model=tiny)
    np.testing.assert_allclose(soft, hard, atol=1e-4)


def test_one_region_of_everything_is_no_region(tiny, content, styles):
    everything = np.ones((1, H, W), np.float32)
    expected = adain_jax.stylize(content, one(styles, 0), alpha=0.7, model=tiny)
    ours = adain_jax.stylize(
        content, Style.stack([one(styles, 0)]), alpha=0.7, masks=everything, model=tiny
    )
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_what_no_mask_covers_stays_the_photograph(tiny, content, styles, left):
    alone = Style.stack([one(styles, 0)])
    for dtype in (np.float32, np.uint8):
        image = content if dtype == np.float32 else np.round(content * 255).astype(np.uint8)
        picture = np.asarray(adain_jax.stylize(image, alone, masks=left[None], model=tiny))
        np.testing.assert_array_equal(picture[:, 21:], image[:, 21:])
        assert (picture[:, :21] != image[:, :21]).mean() > 0.9
    ramp = np.broadcast_to(np.linspace(1, 0, W, dtype=np.float32), (H, W))
    faded = np.asarray(adain_jax.stylize(content, alone, masks=ramp[None], model=tiny))
    full = np.asarray(
        adain_jax.stylize(content, alone, masks=np.ones((1, H, W), np.float32), model=tiny)
    )
    assert np.abs(faded[:, -1] - content[:, -1]).max() < 1e-6
    assert np.abs(faded[:, 0] - full[:, 0]).mean() < np.abs(faded[:, 30] - full[:, 30]).mean()


def test_overlapping_masks_share(tiny, content, styles):
    twice = np.ones((2, H, W), bool)
    ours = adain_jax.stylize(content, styles, masks=twice, model=tiny)
    np.testing.assert_allclose(
        ours,
        adain_jax.stylize(content, Style.mix([one(styles, 0), one(styles, 1)]), model=tiny),
        atol=1e-4,
    )


def test_a_strength_for_each_region(tiny, content, styles, left):
    masks = np.stack([left, ~left])
    ours = np.asarray(
        adain_jax.stylize(
            content, styles, alpha=np.array([0.0, 1.0], np.float32), masks=masks, model=tiny
        )
    )
    none, full = (
        np.asarray(adain_jax.stylize(content, styles, alpha=a, masks=masks, model=tiny))
        for a in (0.0, 1.0)
    )
    np.testing.assert_allclose(ours[:, :2], none[:, :2], atol=1e-4)
    np.testing.assert_allclose(ours[:, -2:], full[:, -2:], atol=1e-4)
    level = np.where(left, 0.3, 0.3).astype(np.float32)
    mapped = adain_jax.stylize(content, styles, alpha=level, masks=masks, model=tiny)
    np.testing.assert_allclose(
        mapped, adain_jax.stylize(content, styles, alpha=0.3, masks=masks, model=tiny), atol=1e-4
    )


def test_a_region_smaller_than_a_cell_changes_nothing_else(tiny, content, styles):
    dot = np.zeros((1, H, W), bool)
    dot[0, 3, 3] = True  # not the first pixel of its cell
    ours = adain_jax.stylize(content, styles, masks=dot, model=tiny)
    assert np.isfinite(np.asarray(ours)).all()
    np.testing.assert_allclose(
        ours, adain_jax.stylize(content, one(styles, 1), model=tiny), atol=1e-4
    )


def test_in_buckets(tiny, content, styles, left):
    for masks in (left[None], left[None].astype(np.float32) * 0.8):
        expected = adain_jax.stylize(content, styles, masks=masks, model=tiny)
        ours = adain_jax.stylize(content, styles, masks=masks, model=tiny, plan=Bucketed())
        np.testing.assert_allclose(ours, expected, atol=1e-3)


def test_three_levels(rng, content, left):
    """Of `fast`: every level has its own cells."""
    model = Model.load("fast")
    styles = model.style(rng.random((2, 24, 32, 3), dtype=np.float32))
    masks = np.stack([left, ~left])
    ours = np.asarray(adain_jax.stylize(content, styles, masks=masks, model=model))
    assert ours.shape == content.shape
    for name, stride in (("conv1_2", 2), ("conv3_2", 8)):
        x = jnp.zeros((1, 40 // stride, 48 // stride, 1))
        shares = np.asarray(shares_of(jnp.asarray(masks), x))
        np.testing.assert_array_equal(shares.sum(0), 1)
        assert shares[0, 0].sum() == -(-21 // stride), name


def test_under_transformations(tiny, content, styles, left):
    masks = np.stack([left, ~left]).astype(np.float32)
    expected = adain_jax.stylize(content, styles, masks=masks, model=tiny)
    traced = jax.jit(lambda c, m: adain_jax.stylize(c, styles, masks=m, model=tiny))(content, masks)
    np.testing.assert_allclose(traced, expected, atol=1e-4)
    constant = jax.jit(lambda c: adain_jax.stylize(c, styles, masks=left[None], model=tiny))(
        content
    )
    assert np.isfinite(np.asarray(constant)).all()
    batch, both = np.stack([content, 1 - content]), np.stack([masks, masks[::-1]])
    each = jax.vmap(lambda c, m: adain_jax.stylize(c, styles, masks=m, model=tiny))(batch, both)
    np.testing.assert_allclose(each[0], expected, atol=1e-4)
    np.testing.assert_allclose(
        adain_jax.stylize(batch, styles, masks=masks, model=tiny)[0], expected, atol=1e-4
    )
    gradient = jax.grad(
        lambda m: jnp.sum(adain_jax.stylize(content, styles, masks=m, model=tiny) ** 2)
    )(masks * 0.5)
    assert np.isfinite(np.asarray(gradient)).all()
    assert np.abs(np.asarray(gradient)).max() > 0


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (np.ones((2, 9, 9), bool), r"\(K, 37, 45\), not bool of shape \(2, 9, 9\)"),
        (np.ones((H, W), np.float32), "integer labels"),
        (np.ones((2, H, W), np.int32), "booleans, or floating"),
        (np.full((2, H, W), 1.5, np.float32), "not from 1.5 to 1.5"),
        (np.full((2, H, W), np.nan, np.float32), "not from nan"),
        (np.stack([np.ones((H, W), bool), np.zeros((H, W), bool)]), "mask 2 of 2 has no region"),
        (np.full((H, W), 3), "to 2, the number of styles"),
        (np.ones((H, W), int), "mask 2 of 2 has no region"),
        (np.ones((3, H, W), bool), "2 styles for 3 masks"),
        (np.ones((0, H, W), bool), "there are no masks"),
        (np.ones((0, H, W), np.float32), "there are no masks"),
    ],
)
def test_bad_masks(tiny, content, styles, masks, message):
    with pytest.raises(ValueError, match=message):
        adain_jax.stylize(content, styles, masks=masks, model=tiny)


def test_masks_need_a_style_for_each(tiny, content, styles, left):
    with pytest.raises(ValueError, match="a list, or a batch, of one style for each region"):
        adain_jax.stylize(content, one(styles, 0), masks=left[None], model=tiny)
    with pytest.raises(ValueError, match=r"of shape .*\(2,\)"):
        adain_jax.stylize(
            content, styles, alpha=np.ones(3, np.float32), masks=left[None], model=tiny
        )


def test_stylize_takes_a_list(rng, tiny, content, left):
    paintings = list(rng.random((2, 24, 32, 3), dtype=np.float32))
    styles = Style.stack([tiny.style(painting) for painting in paintings])
    ours = adain_jax.stylize(content, paintings, masks=left[None], model=tiny)
    np.testing.assert_allclose(
        ours, adain_jax.stylize(content, styles, masks=left[None], model=tiny), atol=1e-4
    )
    kept = adain_jax.stylize(
        content, paintings[:1], masks=left[None], color="luminance", model=tiny
    )
    np.testing.assert_allclose(kept[:, 21:], content[:, 21:], atol=1e-5)
    with pytest.raises(ValueError, match="not mixed"):
        adain_jax.stylize(content, paintings, weights=[1, 2], masks=left[None], model=tiny)


@pytest.mark.parametrize("color", ["coral", "histogram"])
def test_paintings_as_an_array_are_one_for_each_region(rng, tiny, content, left, color):
    """Also where each is recoloured for the content, of one image or as many as the regions."""
    paintings = rng.random((2, 24, 32, 3), dtype=np.float32)
    options = {"masks": left[None], "color": color, "model": tiny}
    for images in (content, np.stack([content, 1 - content])):
        np.testing.assert_array_equal(
            adain_jax.stylize(images, paintings, **options),
            adain_jax.stylize(images, list(paintings), **options),
        )
