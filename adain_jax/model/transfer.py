"""AdaIN on the maps of a network, with strengths and regions (sections 5 and 7 of the paper)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from adain_jax.model.style import Style
from adain_jax.networks import TOLD
from adain_jax.networks.film import Told
from adain_jax.ops.statistics import ChannelStats, adain, channel_stats

STRIDE = 8  # the side of a cell of the smallest map, in pixels

Features = Mapping[str, jax.Array]


def transfer(
    features: Features,
    style: Style | ChannelStats,
    alpha: ArrayLike = 1.0,
    *,
    masks: jax.Array | None = None,
    where: Features | None = None,
    content: ChannelStats | None = None,
    levels: Sequence[str] | None = None,
    told: Sequence[str] = (),
) -> dict[str, Any]:
    """Apply AdaIN (equation 8), blended with the content's features by `alpha` (equation 14).

    Args:
        features: maps by name, each (N, h, w, C).
        style: statistics of all maps, one after the other: (C,), or (N, C); or, with masks, (K, C)
            or (K, N, C).
        alpha: strengths, floating: a number, one for each image (N,), or with masks one for each
            region (K,); or a map of pixels (H, W) or (N, H, W).
        masks: masks of K regions, (K, H, W) in pixels, as for `shares_of`. Each region has its own
            content statistics. Where several regions share a cell, their results are averaged.
            Cells outside all regions keep their features.
        where: booleans by name, (h, w): the cells that count in the content's statistics.
        content: the content's statistics, in place of those of `features`, in the form of `style`.
        levels: the names of the maps that AdaIN is applied to; by default all.
        told: the names of the maps whose statistics, blended in the same way, condition the
            decoder.

    Returns:
        The maps of `levels`, in the form of `features`; and, if there are `told`, a `Told` for each
        of these, under the name `TOLD`.

    Raises:
        ValueError: if the style has another number of channels.
    """
    alpha = jnp.asarray(alpha, jnp.float32)
    styles = _split(style, features)
    contents = {} if content is None else _split(content, features)

    def regions(name: str) -> Iterator[_Region]:
        x, counted = features[name], (where or {}).get(name)
        for k, (share, strength) in enumerate(_parts(alpha, masks, x)):
            own, given, cells = contents.get(name), styles[name], counted
            if masks is not None:
                own, given = own and _of_region(own, k), _of_region(given, k)
                cells = both(share[0], counted)
            yield _Region(share, strength, own, given, cells)

    transferred: dict[str, Any] = {}
    for name in features if levels is None else levels:
        x = features[name]
        # In fewer bits, x + (target - x) would have the errors of a large x.
        y = exact = x.astype(np.promote_types(x.dtype, np.float32))
        for region in regions(name):
            target = adain(x, *region.given, where=region.cells, stats=region.own)
            y = y + region.strength.astype(exact.dtype) * (target.astype(exact.dtype) - exact)
        transferred[name] = y.astype(x.dtype)
    if told:
        transferred[TOLD] = {name: _told(list(regions(name)), features[name]) for name in told}
    return transferred


class _Region(NamedTuple):
    """One region on one map.

    Attributes:
        share: the share of each cell that belongs to the region, (1, h, w).
        strength: strength of its style in each cell, (N or 1, h, w, 1).
        own: the content's statistics, if they are given.
        given: the style's statistics.
        cells: the cells that count in the content's own statistics, (h, w); None: all.
    """

    share: jax.Array
    strength: jax.Array
    own: ChannelStats | None
    given: ChannelStats
    cells: jax.Array | None


def _parts(
    alpha: jax.Array, masks: jax.Array | None, x: jax.Array
) -> list[tuple[jax.Array, jax.Array]]:
    """The share of each cell, (1, h, w), and the strength of each region.

    The strengths have four axes, and broadcast against features (N, h, w, C).
    """
    if masks is None:
        return [(jnp.ones((1, 1, 1), jnp.float32), _strength_on(alpha, x))]
    parts = []
    for k, share in enumerate(parts_of(masks, x)):
        strength = _strength_on(alpha[k] if alpha.ndim == 1 else alpha, x)
        parts.append((share[None], strength * share[None, ..., None]))
    return parts


def _of_region(stats: ChannelStats, k: int) -> ChannelStats:
    return ChannelStats(stats.mean[k], stats.std[k])


def _told(regions: Sequence[_Region], x: jax.Array) -> Told:
    """The blended statistics of content and style for each region."""
    blend = []
    for share, strength, own, given, cells in regions:
        own = own or channel_stats(x, where=cells)
        blend += [(own, share - strength[..., 0]), (given, strength[..., 0])]
    weights = [weight for _, weight in blend]  # (N or 1, h, w)
    rest = 1 - sum(weights)  # the share of each cell that is in no region, and keeps its features
    weights[::2] = [weight + rest / len(weights[::2]) for weight in weights[::2]]
    cells = jnp.broadcast_shapes((x.shape[0], 1, 1), *(weight.shape for weight in weights))
    channels = x.shape[0], x.shape[-1]
    return Told(
        jnp.stack([jnp.broadcast_to(stats.mean, channels) for stats, _ in blend]),
        jnp.stack([jnp.broadcast_to(stats.std, channels) for stats, _ in blend]),
        jnp.stack([jnp.broadcast_to(weight, cells) for weight in weights]),
    )


def statistics(features: Features, where: Features | None = None) -> ChannelStats:
    """The statistics (N, C) of maps (N, h, w, C_i), with the maps one after the other.

    `where` has booleans (h, w) by name: the cells that count.
    """
    stats = [channel_stats(x, where=where[name] if where else None) for name, x in features.items()]
    return ChannelStats(*(jnp.concatenate(parts, -1) for parts in zip(*stats, strict=True)))


def region_statistics(
    features: Features, masks: jax.Array | None = None, where: Features | None = None
) -> ChannelStats:
    """The statistics of the maps of one image (1, h, w, C_i), for `transfer`: (C,), or (K, C)."""
    if masks is None:
        stats = statistics(features, where)
        return ChannelStats(stats.mean[0], stats.std[0])
    shares, parts = {name: parts_of(masks, x) for name, x in features.items()}, []
    for k in range(len(masks)):
        cells = {name: both(share[k], (where or {}).get(name)) for name, share in shares.items()}
        parts.append(statistics(features, cells))
    mean, std = (jnp.concatenate(stat) for stat in zip(*parts, strict=True))
    return ChannelStats(mean, std)


def shares_of(masks: jax.Array, x: jax.Array) -> jax.Array:
    """The share of each cell of a map (N, h, w, C) in each region: float32 (K, h, w).

    With hard masks, which are booleans, a cell has the value of its first pixel (nearest neighbour,
    as in the paper's own code). With soft masks, floating in [0, 1], it has the mean of its pixels.
    Where the sum over the regions is above 1, the shares are divided by it.
    """
    if masks.dtype == jnp.bool_:
        step = _up_to_cells(masks).shape[1] // x.shape[1]
        cells = _up_to_cells(masks)[:, ::step, ::step].astype(jnp.float32)
    else:
        cells = _means_on(masks, x)
    return cells / jnp.maximum(cells.sum(0, keepdims=True), 1)


def parts_of(masks: jax.Array, x: jax.Array) -> jax.Array:
    """`shares_of`, normalised: the shares of a cell add up to 1, or are all 0.

    They are the weights of the cells in the content statistics of a region.
    """
    shares = shares_of(masks, x)
    total = shares.sum(0, keepdims=True)
    return shares / jnp.where(total > 0, total, 1)


def both(share: jax.Array, counted: jax.Array | None) -> jax.Array:
    """The weights of a region's cells, with 0 for cells that are not `counted`."""
    return share if counted is None else share * counted.astype(share.dtype)


def _split(stats: Style | ChannelStats, features: Features) -> dict[str, ChannelStats]:
    """Split statistics of all maps, one after the other, into those of each map."""
    parts, start = {}, 0
    for name, x in features.items():
        channels = slice(start, start + x.shape[-1])
        parts[name] = ChannelStats(stats.mean[..., channels], stats.std[..., channels])
        start = channels.stop
    if start != stats.mean.shape[-1]:
        raise ValueError(
            f"the style has statistics of {stats.mean.shape[-1]} channels, and is another model's: "
            f"this one takes {start}; make it again with this model"
        )
    return parts


def _strength_on(alpha: jax.Array, x: jax.Array) -> jax.Array:
    """Give strengths (), (N,), (H, W) or (N, H, W) four axes, for features (N, h, w, C)."""
    if alpha.ndim == 0:
        return alpha.reshape(1, 1, 1, 1)
    if alpha.ndim == 1:
        return alpha[:, None, None, None]
    return _means_on(alpha.reshape(-1, *alpha.shape[-2:]), x)[..., None]


def _means_on(maps: jax.Array, x: jax.Array) -> jax.Array:
    """Average maps (M, H, W) over the pixels of each cell: (M, h, w)."""
    height, width = x.shape[1:3]
    maps = _up_to_cells(maps)
    maps = maps.reshape(-1, height, maps.shape[1] // height, width, maps.shape[2] // width)
    return maps.mean((2, 4))


def _up_to_cells(maps: jax.Array) -> jax.Array:
    """Extend (M, H, W) to multiples of 8 by repeating the edge."""
    return jnp.pad(maps, [(0, 0), *((0, -side % STRIDE) for side in maps.shape[1:])], mode="edge")
