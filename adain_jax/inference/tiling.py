"""Images of any size in windows of one size, with the statistics of the whole image.

The result is that of `Model.stylize`, to rounding: every window overlaps its neighbours by as much
as a pixel can see, and only what sees nothing cut off is kept. A first pass gathers the statistics
of the features, a second makes the picture.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from adain_jax.model.arguments import check_image
from adain_jax.model.buckets import bucket
from adain_jax.model.model import Model, finish, from_float, to_float
from adain_jax.model.style import Style
from adain_jax.model.transfer import STRIDE, both, shares_of, transfer
from adain_jax.networks import ARCHITECTURES
from adain_jax.networks.layers import Size
from adain_jax.ops.statistics import EPS, ChannelStats, channel_stats
from adain_jax.stylize import as_style, model_or, prepared

TILE = 768  # pixels to a side of a window
TILE_ABOVE = 2048 * 2048  # pixels of an image from which windows are the better way

Progress = Callable[[int, int], None]


class Span(NamedTuple):
    """A window's place on one axis, in pixels: it begins at `start`, and `first:last` is kept."""

    start: int
    first: int
    last: int


def spans(length: int, tile: int, reach: int) -> list[Span]:
    """Windows of `tile` pixels that cover `length` pixels, all but the outer edges `reach` inside.

    All are multiples of 8. The last window is shifted back to end with the image, so that edges of
    windows are edges of the image, or are not kept.

    >>> spans(32, 24, 8)
    [Span(start=0, first=0, last=16), Span(start=8, first=16, last=32)]
    """
    if length <= tile:
        return [Span(0, 0, length)]
    step = tile - 2 * reach
    count = -(-(length - 2 * reach) // step)
    starts = [min(i * step, length - tile) for i in range(count)]
    edges = [0, *(i * step + reach for i in range(1, count)), length]
    return [Span(*place) for place in zip(starts, edges[:-1], edges[1:], strict=True)]


def check_tile(tile: int, model: Model) -> tuple[int, int]:
    """The model's reach, or a `ValueError` for windows that its pixels see too little of."""
    sees = ARCHITECTURES[model.architecture].reach
    if sees is None:
        raise ValueError(
            f"{model.architecture} normalises in its decoder, where a pixel sees the whole image, "
            "and so has no windows: compute it at once (tile 0)"
        )
    _, reach = sees
    if tile % STRIDE or tile <= 2 * reach:
        raise ValueError(
            f"tile is a multiple of {STRIDE}, and at least {2 * reach + STRIDE} for "
            f"{model.architecture}, whose pixels see {reach} pixels to each side, not {tile}"
        )
    return sees


def stylize_tiled(
    content: ArrayLike,
    style: ArrayLike | Style | Sequence[ArrayLike | Style],
    *,
    alpha: ArrayLike = 1.0,
    weights: Sequence[float] | ArrayLike | None = None,
    masks: ArrayLike | None = None,
    extrapolate: bool = False,
    model: Model | None = None,
    tile: int = TILE,
    out: np.ndarray | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """`stylize` of one image of any size, in the memory of one window.

    Equal to it within 1e-3, at the price of the overlaps and of encoding everything twice: about
    twice the time. Compiled once for all images larger than a window. Not for use under a
    transformation.

    Args:
        content: an image (H, W, 3), uint8, or floating in [0, 1]; anything that can be sliced like
            a NumPy array, such as a `numpy.memmap`. It is read window by window.
        style: as for `stylize`.
        alpha: as for `stylize`.
        weights: as for `stylize`.
        masks: as for `stylize`.
        extrapolate: as for `stylize`.
        model: from `adain_jax.load`, best made ready by `Model.prepare`; by default "vgg16",
            prepared.
        tile: pixels to a side of a window, a multiple of 8. The memory needed grows with its
            square, about 0.6 GB for 768 and a VGG.
        out: an array like `content` to write the picture into, window by window.
        progress: is called with the number of windows done, and of all.

    Returns:
        `out`, or a new array, of the shape and dtype of `content`.

    Raises:
        ValueError: as `stylize`, or if `tile` is smaller than what a pixel can see, or `out`
            is not like `content`.

    >>> import adain_jax, numpy as np
    >>> model = adain_jax.load("fast").prepare()
    >>> photo = np.zeros((200, 300, 3), np.uint8)
    >>> adain_jax.stylize_tiled(photo, photo[:64, :64], model=model, tile=192).shape
    (200, 300, 3)
    """
    content = _sliceable("content", content)
    model = model_or(prepared, model)
    style = as_style(style, model, weights, regions=masks is not None)
    if out is None:
        out = np.empty(content.shape, content.dtype)
    elif out.shape != content.shape or out.dtype != content.dtype:
        raise ValueError(
            f"out is like content, {content.dtype} {content.shape}, not {out.dtype} {out.shape}"
        )
    masks = model.check_stylize(content, style, alpha, masks, extrapolate=extrapolate)  # type: ignore[arg-type]
    masks = None if masks is None else np.asarray(masks)
    alpha = np.asarray(alpha, np.float32)
    gathering, making = _windows(content, tile, model)
    total, done = len(gathering) + len(making), 0

    def report() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    stats = _gather(content, model, masks, gathering, report)
    target = ChannelStats(style.mean, style.std)
    for window in making:
        strength = window.cut(alpha) if alpha.ndim > 1 else alpha
        regions = None if masks is None else window.cut(masks)
        part = check_image("content", window.cut_image(content))
        picture = _picture(model, part, window.size, stats, target, strength, regions)
        top, left = window.rows.start, window.columns.start
        kept = [slice(span.first, span.last) for span in (window.rows, window.columns)]
        here = out[kept[0], kept[1]]  # shorter than the window's part at edges that are no cells'
        picture = np.asarray(picture)[kept[0].start - top :, kept[1].start - left :]
        here[...] = picture[: here.shape[0], : here.shape[1]]
        report()
    return out


def tiled_style(
    image: ArrayLike, *, model: Model, tile: int = TILE, progress: Progress | None = None
) -> Style:
    """`Model.style` of one image of any size, in the memory of one window.

    Arguments and errors are those of `stylize_tiled`.

    >>> import adain_jax, numpy as np
    >>> model = adain_jax.load("fast").prepare()
    >>> tiled_style(np.zeros((200, 300, 3), np.uint8), model=model, tile=192).mean.shape
    (224,)
    """
    image = _sliceable("style", image)
    windows, _ = _windows(image, tile, model)
    done = 0

    def report() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, len(windows))

    mean, std = _gather(image, model, None, windows, report)
    return Style(mean, std, model.fingerprint)


class _Window(NamedTuple):
    rows: Span
    columns: Span
    shape: tuple[int, int]  # of the array that it is computed in
    size: Size  # of the picture in the upper left of it, where it does not fill it

    def cut_image(self, image: np.ndarray) -> np.ndarray:
        """The window's part of (H, W, 3), reflected up to whole cells at the bottom and right."""
        part = self._slice(image, 0)
        rest = [(0, -side % STRIDE) for side in part.shape[:2]]
        return self._fill(np.pad(part, (*rest, (0, 0)), mode="reflect"), 0)

    def cut(self, maps: np.ndarray) -> np.ndarray:
        """The window's part of maps (..., H, W)."""
        return self._fill(self._slice(maps, maps.ndim - 2), maps.ndim - 2)

    def _slice(self, array: np.ndarray, axis: int) -> np.ndarray:
        starts = self.rows.start, self.columns.start
        places = (slice(a, a + b) for a, b in zip(starts, self.shape, strict=True))
        return np.asarray(array[(slice(None),) * axis + tuple(places)])

    def _fill(self, part: np.ndarray, axis: int) -> np.ndarray:
        rest = [(0, 0)] * part.ndim
        for i, side in enumerate(self.shape):
            rest[axis + i] = 0, side - part.shape[axis + i]
        return np.pad(part, rest, mode="edge")


def _windows(image: np.ndarray, tile: int, model: Model) -> tuple[list[_Window], list[_Window]]:
    """Windows for gathering statistics, and for making the picture."""
    encoder_reach, reach = check_tile(tile, model)
    sides = [-(-side // STRIDE) * STRIDE for side in image.shape[:2]]
    shape = tuple(min(tile, bucket(side)) for side in sides)
    inside = tuple(min(pair) for pair in zip(sides, shape, strict=True))
    size = None if inside == shape else inside

    def cover(reach: int) -> list[_Window]:
        rows, columns = (spans(side, tile, reach) for side in sides)
        return [_Window(row, column, shape, size) for row in rows for column in columns]  # type: ignore[arg-type]

    return cover(encoder_reach), cover(reach)


def _gather(
    image: np.ndarray,
    model: Model,
    masks: np.ndarray | None,
    windows: list[_Window],
    report: Callable[[], None],
) -> ChannelStats:
    """Statistics of all maps of the whole image, (C,), or of each region, (K, C)."""
    parts = []
    for window in windows:
        regions = None if masks is None else window.cut(masks)
        part = check_image("content", window.cut_image(image))
        kept = [
            edge - span.start
            for span in (window.rows, window.columns)
            for edge in (span.first, span.last)
        ]
        moments = _moments(model, part, window.size, jnp.asarray(kept), regions)
        parts.append(jax.tree.map(lambda x: np.asarray(x, np.float64), moments))
        report()
    stats = [_merge([part[level] for part in parts]) for level in range(len(parts[0]))]
    mean, std = (jnp.concatenate(both, -1) for both in zip(*stats, strict=True))
    return ChannelStats(mean, std) if masks is not None else ChannelStats(mean[0], std[0])


def _merge(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> tuple[jax.Array, jax.Array]:
    """Weights (K,), means and variances (K, C) of parts to those of the whole, with deviations."""
    weights, means, variances = (np.stack(stat) for stat in zip(*parts, strict=True))
    weights = weights[..., None]
    total = np.maximum(weights.sum(0), 1e-12)  # of a region smaller than a cell
    mean = (weights * means).sum(0) / total
    variance = (weights * (variances + (means - mean) ** 2)).sum(0) / total
    return jnp.asarray(mean, jnp.float32), jnp.asarray(np.sqrt(variance + EPS), jnp.float32)


@jax.jit
def _moments(
    model: Model, window: jax.Array, size: Size, kept: jax.Array, masks: jax.Array | None
) -> list[tuple[jax.Array, jax.Array, jax.Array]]:
    """Of each map, over the cells kept: weight (K,), mean and variance (K, C) for each region."""
    features = model.encode(to_float(window[None]).astype(model.dtype), size)
    moments = []
    for x in features.values():
        stride = window.shape[0] // x.shape[1]
        top, bottom, left, right = kept // stride
        rows, columns = (jnp.arange(side) for side in x.shape[1:3])
        counted = ((rows >= top) & (rows < bottom))[:, None] & (columns >= left) & (columns < right)
        counted = counted.astype(jnp.float32)
        regions = [counted] if masks is None else [both(s, counted) for s in shares_of(masks, x)]
        stats = [channel_stats(x[0], where=weights, eps=0) for weights in regions]
        moments.append(
            (
                jnp.stack([weights.sum() for weights in regions]),
                jnp.stack([mean for mean, _ in stats]),
                jnp.stack([jnp.square(std) for _, std in stats]),
            )
        )
    return moments


@jax.jit
def _picture(
    model: Model,
    window: jax.Array,
    size: Size,
    content: ChannelStats,
    style: ChannelStats,
    alpha: jax.Array,
    masks: jax.Array | None,
) -> jax.Array:
    batch = to_float(window[None])
    features = model.encode(batch.astype(model.dtype), size)
    features = transfer(features, style, alpha, masks=masks, content=content)
    return from_float(finish(model.decode(features, size), batch, masks), window.dtype)[0]


def _sliceable(name: str, image: ArrayLike) -> np.ndarray:
    array: np.ndarray = image if hasattr(image, "__getitem__") else np.asarray(image)  # type: ignore[assignment]
    if not hasattr(array, "shape"):
        array = np.asarray(array)
    if array.ndim != 3 or array.shape[-1] != 3 or 0 in array.shape:
        raise ValueError(f"{name} is one RGB image (H, W, 3), not {array.shape}")
    return array
