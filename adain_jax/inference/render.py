"""Renders a request: the one function that makes a picture, and the plans that run it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from adain_jax.inference import tiling
from adain_jax.inference.buckets import cells, fills, in_bucket, map_in_bucket
from adain_jax.inference.plan import Bucketed, Plan, Tiled, choose
from adain_jax.inference.request import Request
from adain_jax.model import Model
from adain_jax.model.arguments import check_pixels
from adain_jax.model.transfer import region_statistics, transfer
from adain_jax.networks import ARCHITECTURES
from adain_jax.networks.layers import Size
from adain_jax.ops.color import keep_chroma
from adain_jax.ops.pixels import from_float, to_float
from adain_jax.ops.shapes import AnyArray
from adain_jax.ops.statistics import ChannelStats
from adain_jax.runtime.memory import freed_memory_given_back

# The statistics that replace the content's own, or a function from the content's own to these.
Content = ChannelStats | Callable[[ChannelStats], ChannelStats]


def render(model: Model, request: Request, plan: Plan | Literal["auto"] = "auto") -> AnyArray:
    """Render the picture or pictures of a request, with the shape and dtype of its content.

    The result is a JAX array, or for `Tiled` a NumPy array.

    >>> import adain_jax
    >>> from adain_jax.inference.request import ask
    >>> model = adain_jax.load("fast")
    >>> photo = np.zeros((20, 30, 3), np.uint8)
    >>> render(model, ask(model, photo, photo, alpha=0.5)).shape
    (20, 30, 3)
    """
    chosen = choose(plan, request.content.shape, model, request)
    if isinstance(chosen, Tiled):
        return render_in_windows(model, request, chosen)
    if isinstance(chosen, Bucketed) and not fills(request.content.shape):
        return _in_bucket(model, request)
    return picture(model, jax.device_put(request))


def make_picture(
    model: Model, request: Request, size: Size = None, content: Content | None = None
) -> jax.Array:
    """Make the picture or pictures of a request. The function is not compiled.

    Args:
        model: the model.
        request: the request.
        size: the height and width in pixels, in whole cells, of the pictures in the upper left of
            the content's array, if they do not fill it; may be traced.
        content: statistics that replace those of the content's features, for example those of the
            whole image for one of its windows: (C,), or with masks (K, C). For one image it may be
            a function from the content's own statistics to these.
    """
    single = request.content.ndim == 3
    photos = to_float(request.content[None] if single else request.content)
    architecture = ARCHITECTURES[model.architecture]
    features = model.encode(photos.astype(model.dtype), size)
    where = None if size is None else cells(size, photos.shape, features)
    if callable(content):
        content = content(region_statistics(features, request.masks, where))
    features = transfer(
        features,
        model.targets(request.style),
        request.alpha,
        masks=request.masks,
        where=where,
        content=content,
        levels=architecture.levels,
        told=architecture.told,
    )
    pictures = model.decode(features, size)[:, : photos.shape[1], : photos.shape[2]]
    pictures = jnp.clip(pictures.astype(photos.dtype), 0, 1)
    if request.masks is not None:  # where no mask is, the photograph remains
        covered = jnp.minimum(request.masks.astype(photos.dtype).sum(0), 1)[None, ..., None]
        pictures = jnp.where(covered > 0, photos + covered * (pictures - photos), photos)
    if request.color == "luminance":
        pictures = keep_chroma(pictures, photos)
    pictures = from_float(pictures, request.content.dtype)
    return pictures[0] if single else pictures


picture = jax.jit(make_picture)


def maps_in_bucket(request: Request) -> Request:
    """Extend the masks and the map of strengths of a request to the bucket of its content."""
    alpha, masks = request.alpha, request.masks
    return replace(
        request,
        alpha=map_in_bucket(np.asarray(alpha)) if alpha.ndim > 1 else alpha,
        masks=None if masks is None else map_in_bucket(np.asarray(masks)),
    )


def _in_bucket(model: Model, request: Request) -> jax.Array:
    height, width = request.content.shape[-3:-1]
    content, size = in_bucket(np.asarray(request.content))
    padded = replace(maps_in_bucket(request), content=content)
    pictures = picture(model, *jax.device_put((padded, tuple(size))))
    return _corner(pictures, height, width)


@partial(jax.jit, static_argnums=(1, 2))
def _corner(images: jax.Array, height: int, width: int) -> jax.Array:
    return images[..., :height, :width, :]


def _overlap(content: np.ndarray, out: np.ndarray) -> bool:
    """Whether two arrays share memory, or map the same file."""
    files = {getattr(array, "filename", None) for array in (content, out)}
    return np.shares_memory(content, out) or (len(files) == 1 and None not in files)


def render_in_windows(
    model: Model,
    request: Request,
    plan: Tiled,
    statistics: Callable[[ChannelStats], ChannelStats] | None = None,
) -> np.ndarray:
    """Render a request by the plan `Tiled`.

    `statistics` is a function from the content's own statistics to those that replace them.

    Raises:
        ValueError: if `out` of the plan differs from the content in shape or dtype, or shares its
            memory.
    """
    content, out = request.content, plan.out
    if out is None:
        out = np.empty(content.shape, jax.dtypes.canonicalize_dtype(content.dtype))
    elif out.shape != content.shape or out.dtype != content.dtype:
        raise ValueError(
            f"out is like content, {content.dtype} {content.shape}, not {out.dtype} {out.shape}"
        )
    elif isinstance(content, np.ndarray) and _overlap(content, out):
        raise ValueError("out is the content itself, which is read to the end: give another array")
    single = content.ndim == 3
    requests = [request] if single else [request.of(i) for i in range(len(content))]
    gathering, making = tiling.windows(requests[0].content, plan.tile, model)
    report = tiling.reports(plan, len(requests) * (len(gathering) + len(making)))
    with freed_memory_given_back():
        for i, one in enumerate(requests):
            whole = out if single else out[i]
            alpha = np.asarray(one.alpha)
            masks = None if one.masks is None else np.asarray(one.masks)
            stats = tiling.gather(one.content, model, masks, gathering, report)
            stats = statistics(stats) if statistics else stats
            for window in making:
                part = replace(
                    one,
                    content=check_pixels("content", window.cut_image(one.content)),
                    alpha=window.cut(alpha) if alpha.ndim > 1 else alpha,
                    masks=None if masks is None else window.cut(masks),
                )
                part, size = jax.device_put((part, window.size))
                made = np.asarray(picture(model, part, size, stats))
                window.write(made, whole)
                report()
    return out
