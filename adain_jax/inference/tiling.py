"""Computes images of any size in windows of one size, with the statistics of the whole image.

The result equals that of the whole image to rounding. Every window overlaps its neighbours by the
receptive field of a pixel, and only pixels whose receptive field lies inside the window are kept. A
first pass gathers the statistics of the features, and a second one makes the picture
(`inference.render`).
"""

import math
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adain_jax.inference.buckets import bucket
from adain_jax.inference.plan import Tiled, check_tile
from adain_jax.model import Model, Style
from adain_jax.model.arguments import check_pixels
from adain_jax.model.transfer import STRIDE, Features, both, parts_of
from adain_jax.networks.layers import Size
from adain_jax.ops.pixels import to_float
from adain_jax.ops.statistics import EPS, ChannelStats, channel_stats
from adain_jax.runtime.memory import freed_memory_given_back

_STRIPS = 8  # the number of strips that a window's maps are divided into


class Span(NamedTuple):
    """A window on one axis, in pixels: it begins at `start`, and `first:last` is kept."""

    start: int
    first: int
    last: int


def spans(length: int, tile: int, reach: int) -> list[Span]:
    """Windows of `tile` pixels that cover `length` pixels and overlap by `reach` on each side.

    All positions are multiples of 8. The last window is shifted back to end with the image, so that
    each kept edge of a window is an edge of the image.

    >>> spans(32, 24, 8)
    [Span(start=0, first=0, last=16), Span(start=8, first=16, last=32)]
    """
    if length <= tile:
        return [Span(0, 0, length)]
    step = tile - 2 * reach
    number = -(-(length - 2 * reach) // step)
    starts = [min(i * step, length - tile) for i in range(number)]
    edges = [0, *(i * step + reach for i in range(1, number)), length]
    return [Span(*place) for place in zip(starts, edges[:-1], edges[1:], strict=True)]


class Window(NamedTuple):
    """One window of an image."""

    rows: Span
    columns: Span
    shape: tuple[int, int]  # the shape of the array in which it is computed
    size: Size  # the size of the picture in the upper left of that array; None if it fills it

    def cut_image(self, image: np.ndarray) -> np.ndarray:
        """Cut the window out of an image (H, W, 3), extended by reflection to whole cells."""
        part = self._slice(image, 0)
        rest = [(0, -side % STRIDE) for side in part.shape[:2]]
        return self._fill(np.pad(part, (*rest, (0, 0)), mode="reflect"), 0)

    def cut(self, maps: np.ndarray) -> np.ndarray:
        """Cut the window out of maps (..., H, W)."""
        return self._fill(self._slice(maps, maps.ndim - 2), maps.ndim - 2)

    def write(self, picture: np.ndarray, out: np.ndarray) -> None:
        """Write the kept part of the window's picture into the whole picture."""
        rows, columns = self.rows, self.columns
        here = out[rows.first : rows.last, columns.first : columns.last]
        # At the bottom and right of the image, the last cells may extend beyond the image.
        kept = picture[rows.first - rows.start :, columns.first - columns.start :]
        here[...] = kept[: here.shape[0], : here.shape[1]]

    def _slice(self, array: np.ndarray, axis: int) -> np.ndarray:
        starts = self.rows.start, self.columns.start
        places = (slice(a, a + b) for a, b in zip(starts, self.shape, strict=True))
        return np.asarray(array[(slice(None),) * axis + tuple(places)])

    def _fill(self, part: np.ndarray, axis: int) -> np.ndarray:
        rest = [(0, 0)] * part.ndim
        for i, side in enumerate(self.shape):
            rest[axis + i] = 0, side - part.shape[axis + i]
        return np.pad(part, rest, mode="edge")


def windows(image: np.ndarray, tile: int, model: Model) -> tuple[list[Window], list[Window]]:
    """Windows for gathering statistics, and for making the picture."""
    encoder_reach, reach = check_tile(tile, model)
    sides = [-(-side // STRIDE) * STRIDE for side in image.shape[:2]]
    height, width = (min(tile, bucket(side)) for side in sides)
    shape = height, width
    inside = min(sides[0], height), min(sides[1], width)
    size = None if inside == shape else inside

    def cover(reach: int) -> list[Window]:
        rows, columns = (spans(side, tile, reach) for side in sides)
        return [Window(row, column, shape, size) for row in rows for column in columns]

    return cover(encoder_reach), cover(reach)


def reports(plan: Tiled, total: int) -> Callable[[], None]:
    """The function to call after each window."""
    done = count(1)

    def report() -> None:
        if plan.progress:
            plan.progress(next(done), total)

    return report


def encode_style(image: np.ndarray, model: Model, plan: Tiled, name: str) -> Style:
    """Encode one image of any size as `Model.style` does, in the memory of one window.

    Errors call the image `name`.
    """
    gathering, _ = windows(image, plan.tile, model)
    with freed_memory_given_back():
        report = reports(plan, len(gathering))
        stats = gather(image, model, None, gathering, report, Model.style_maps, name)
    return Style(stats.mean, stats.std, model.fingerprint)


def gather(
    image: np.ndarray,
    model: Model,
    masks: np.ndarray | None,
    places: list[Window],
    report: Callable[[], None],
    encode: Callable[..., Features] = Model.encode,
    name: str = "content",
) -> ChannelStats:
    """Gather the statistics of all maps of the whole image, (C,), or of each region, (K, C).

    `encode` makes the maps: `Model.encode` those of a content, `Model.style_maps` those of a style.
    Errors call the image `name`.
    """
    parts = []
    for window in places:
        regions = None if masks is None else window.cut(masks)
        part = check_pixels(name, window.cut_image(image))
        kept = [
            edge - span.start
            for span in (window.rows, window.columns)
            for edge in (span.first, span.last)
        ]
        inputs = jax.device_put((part, window.size, np.array(kept, np.int32), regions))
        moments = _moments(encode, model, *inputs)
        parts.append(jax.tree.map(lambda x: np.asarray(x, np.float64), moments))
        report()
    stats = [_merge([part[level] for part in parts]) for level in range(len(parts[0]))]
    mean, std = (jnp.concatenate(both, -1) for both in zip(*stats, strict=True))
    return ChannelStats(mean, std) if masks is not None else ChannelStats(mean[0], std[0])


def _merge(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> tuple[jax.Array, jax.Array]:
    """Merge weights (S, K), means and variances (S, K, C) of strips to means and deviations."""
    weights, means, variances = (np.concatenate(stat) for stat in zip(*parts, strict=True))
    weights = weights[..., None]
    total = np.maximum(weights.sum(0), 1e-12)  # a region may be smaller than a cell
    mean = (weights * means).sum(0) / total
    variance = (weights * (variances + (means - mean) ** 2)).sum(0) / total
    std = np.sqrt(variance + EPS)
    return jax.device_put((mean.astype(np.float32), std.astype(np.float32)))


@partial(jax.jit, static_argnums=0)
def _moments(
    encode: Callable[..., Features],
    model: Model,
    window: jax.Array,
    size: Size,
    kept: jax.Array,
    masks: jax.Array | None,
) -> list[tuple[jax.Array, jax.Array, jax.Array]]:
    """The result of `_strip_moments` for each strip of each map, over the kept cells."""
    features = encode(model, to_float(window[None]).astype(model.dtype), size)
    moments = []
    for x in features.values():
        stride = window.shape[0] // x.shape[1]
        top, bottom, left, right = kept // stride
        rows, columns = (jnp.arange(side, dtype=jnp.int32) for side in x.shape[1:3])
        inside = (rows >= top) & (rows < bottom), (columns >= left) & (columns < right)
        counted = (inside[0][:, None] & inside[1][None]).astype(jnp.float32)
        regions = [counted] if masks is None else [both(s, counted) for s in parts_of(masks, x)]
        # Strips of rows save memory: squares and weighted values take twice that of their map.
        count = math.gcd(x.shape[1], _STRIPS)
        cells, weights = x[0], jnp.stack(regions)
        cells = cells.reshape(count, -1, *cells.shape[1:])
        weights = jnp.moveaxis(weights.reshape(len(weights), *cells.shape[:3]), 1, 0)
        moments.append(jax.lax.map(_strip_moments, (cells, weights)))
    return moments


def _strip_moments(strip: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The weights (K,), and the means and variances (K, C), of a strip in each region.

    A strip is cells (h, w, C) and the weights of the cells in the regions, (K, h, w).
    """
    cells, weights = strip
    stats = [channel_stats(cells, where=each, eps=0) for each in weights]
    mean, std = (jnp.stack(stat) for stat in zip(*stats, strict=True))
    return weights.sum((1, 2)), mean, jnp.square(std)
