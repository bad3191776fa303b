"""AdaIN on the maps of a network, with strengths and regions (sections 5 and 7 of the paper)."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from adain_jax.model.style import Style
from adain_jax.ops.statistics import ChannelStats, adain, channel_stats

STRIDE = 8  # pixels to a side of one cell of the smallest map

Features = Mapping[str, jax.Array]


def transfer(
    features: Features,
    style: Style | ChannelStats,
    alpha: ArrayLike = 1.0,
    *,
    masks: jax.Array | None = None,
    where: Features | None = None,
    content: ChannelStats | None = None,
) -> dict[str, jax.Array]:
    """AdaIN (equation 8), blended with the content's own features by `alpha` (equation 14).

    Args:
        features: maps by name, each (N, h, w, C).
        style: statistics of all maps, one after the other: (C,), or (N, C); or, with masks, (K, C).
        alpha: strengths, floating: a number, one for each image (N,), or with masks one for each
            region (K,); or a map of pixels (H, W) or (N, H, W).
        masks: of K regions, (K, H, W) in pixels, as `shares_of` takes them. Each region has content
            statistics of its own, and where several share a cell, their results are averaged. Cells
            in no region keep their features.
        where: booleans by name, (h, w): the cells that count in the content's statistics.
        content: the content's statistics, in place of those of `features`; as `style`.

    Returns:
        Maps like `features`.

    Raises:
        ValueError: if the style has another number of channels.
    """
    alpha = jnp.asarray(alpha, jnp.float32)
    styles = _split(style, features)
    contents = {} if content is None else _split(content, features)
    transferred = {}
    for name, x in features.items():
        counted, own = (where or {}).get(name), contents.get(name)
        if masks is None:
            target = adain(x, *styles[name], where=counted, stats=own)
            transferred[name] = x + _strength_on(alpha, x).astype(x.dtype) * (target - x)
            continue
        shares = shares_of(masks, x)
        total, y = shares.sum(0), x
        for k, share in enumerate(shares):
            mean, std = (stat[k] for stat in styles[name])
            stats = None if own is None else ChannelStats(own.mean[k], own.std[k])
            target = adain(x, mean, std, where=both(share, counted), stats=stats)
            strength = _strength_on(alpha[k] if alpha.ndim == 1 else alpha, x)
            strength = strength * (share / jnp.where(total > 0, total, 1))[None, ..., None]
            y = y + strength.astype(x.dtype) * (target - x)
        transferred[name] = y
    return transferred


def statistics(features: Features, where: Features | None = None) -> ChannelStats:
    """The statistics (N, C) of maps (N, h, w, C_i), one map's after the other's.

    `where` has booleans (h, w) by name: the cells that count.
    """
    stats = [channel_stats(x, where=where[name] if where else None) for name, x in features.items()]
    return ChannelStats(*(jnp.concatenate(parts, -1) for parts in zip(*stats, strict=True)))


def shares_of(masks: jax.Array, x: jax.Array) -> jax.Array:
    """How much of each cell of a map (N, h, w, C) belongs to each region: float32 (K, h, w).

    Of hard masks, which are booleans, a cell takes the value of its first pixel (nearest-neighbour,
    as the paper's own code does); of soft ones, floating in [0, 1], the mean of its pixels. Where
    the sum is above 1, it is divided by it.
    """
    if masks.dtype == jnp.bool_:
        step = _up_to_cells(masks).shape[1] // x.shape[1]
        cells = _up_to_cells(masks)[:, ::step, ::step].astype(jnp.float32)
    else:
        cells = _means_on(masks, x)
    return cells / jnp.maximum(cells.sum(0, keepdims=True), 1)


def both(share: jax.Array, counted: Any) -> jax.Array:
    """The weights of a region's cells, of which only those `counted` do."""
    return share if counted is None else share * counted.astype(share.dtype)


def _split(stats: Style | ChannelStats, features: Features) -> dict[str, ChannelStats]:
    """Statistics of all maps, one after the other, to those of each."""
    parts, start = {}, 0
    for name, x in features.items():
        channels = slice(start, start + x.shape[-1])
        parts[name] = ChannelStats(stats.mean[..., channels], stats.std[..., channels])
        start = channels.stop
    if start != stats.mean.shape[-1]:
        raise ValueError(
            f"the style has {stats.mean.shape[-1]} channels, and is another model's: this one's "
            f"have {start}"
        )
    return parts


def _strength_on(alpha: jax.Array, x: jax.Array) -> jax.Array:
    """Strengths (), (N,), (H, W) or (N, H, W) as broadcast against features (N, h, w, C)."""
    if alpha.ndim == 0:
        return alpha
    if alpha.ndim == 1:
        return alpha[:, None, None, None]
    return _means_on(alpha.reshape(-1, *alpha.shape[-2:]), x)[..., None]


def _means_on(maps: jax.Array, x: jax.Array) -> jax.Array:
    """The mean of each cell's pixels, (M, H, W) to (M, h, w)."""
    height, width = x.shape[1:3]
    maps = _up_to_cells(maps)
    maps = maps.reshape(-1, height, maps.shape[1] // height, width, maps.shape[2] // width)
    return maps.mean((2, 4))


def _up_to_cells(maps: jax.Array) -> jax.Array:
    """(M, H, W) up to multiples of 8, by repeating the edge."""
    return jnp.pad(maps, [(0, 0), *((0, -side % STRIDE) for side in maps.shape[1:])], mode="edge")
