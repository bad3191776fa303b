"""`stylize`: arrays in, arrays out."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import islice
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.typing import ArrayLike

from adain_jax.inference.recolor import check_color, recolor_each, recolors
from adain_jax.model.arguments import check_alpha, check_image
from adain_jax.model.model import Model, to_float
from adain_jax.model.style import Style
from adain_jax.ops.color import keep_chroma


@cache
def load(name_or_path: str = "vgg16") -> Model:
    """A model that ships with the package, by name, or one in a safetensors file, by path.

    Loaded once: the same argument gives the same model again. `Model.load` reads anew.

    Raises:
        FileNotFoundError: if there is no such file, nor a shipped model of that name.
        ValueError: if the file is not a model's.

    >>> import adain_jax
    >>> adain_jax.load("vgg16").architecture
    'vgg16'
    """
    return Model.load(name_or_path)


def stylize(
    content: ArrayLike,
    style: ArrayLike | Style | Sequence[ArrayLike | Style],
    *,
    alpha: ArrayLike = 1.0,
    weights: Sequence[float] | ArrayLike | None = None,
    masks: ArrayLike | None = None,
    extrapolate: bool = False,
    color: str = "style",
    model: Model | None = None,
) -> jax.Array:
    """Give images the style of another (Huang & Belongie 2017).

    Compiled once for every size; works inside `jit`, `vmap`, `pmap`, `grad` and `scan`, and is
    differentiable with respect to `content`, `style` and `alpha`.

    Args:
        content: an RGB image (H, W, 3) or a batch (N, H, W, 3); uint8, or floating in [0, 1]; any
            size.
        style: an image, or one for each of the batch, of any size; or a `Style`, which
            `model.style(image)` makes once for many calls; or a list of any of these, which is
            mixed, or with `masks` the styles of the regions.
        alpha: strength, from 0 (the content, as the decoder renders it) to 1: a number, one for
            each image (N,), with masks one for each region (K,), or a map (H, W) or (N, H, W); may
            be traced.
        weights: of the styles in a list, all the same if left out; divided by their sum.
        masks: regions, each for a style of its own: (K, H, W), booleans, or soft in [0, 1]; or
            integer labels (H, W), of which k is the region of style k - 1 and 0 none. Where no mask
            is, the photograph stays as it is, or the last style comes, if there is one more.
            `Model.stylize` tells the rest.
        extrapolate: allow strengths up to 2, which exaggerate the style.
        color: whose colours the picture has. "style": the style's. The content's: "coral" and
            "histogram" give them to the style's image before it is encoded, for each content anew
            (`ops.color`); so every style must be an image. "luminance" takes of the picture light
            and dark alone; it works with any style, and keeps colours exactly where they fit.
            (Gatys et al. 2016, "Preserving color in neural artistic style transfer".)
        model: from `adain_jax.load`; by default "vgg16".

    Returns:
        The shape and dtype of `content` (float64 as float32, unless JAX is told otherwise).

    Raises:
        ValueError: if an argument has the wrong shape, dtype or range.

    >>> import adain_jax, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> photo = rng.integers(256, size=(20, 30, 3), dtype=np.uint8)
    >>> painting = rng.integers(256, size=(32, 32, 3), dtype=np.uint8)
    >>> picture = adain_jax.stylize(photo, painting, alpha=0.8)
    >>> picture.shape, picture.dtype
    ((20, 30, 3), dtype('uint8'))
    """
    model = model_or(load, model)
    content, color = check_image("content", content), check_color(color)
    if recolors(color):
        several = isinstance(style, list | tuple)
        parts = [_recolored(part, content, color) for part in (style if several else [style])]  # type: ignore[arg-type]
        style = parts if several else parts[0]
    style = as_style(style, model, weights, regions=masks is not None)
    # For colours in floats, not to round twice.
    source = to_float(content) if color == "luminance" else content
    picture = model.stylize(source, style, alpha, masks=masks, extrapolate=extrapolate)
    return _in_colors_of(content, picture) if color == "luminance" else picture


def as_style(
    style: ArrayLike | Style | Sequence[ArrayLike | Style],
    model: Model,
    weights: Sequence[float] | ArrayLike | None = None,
    *,
    regions: bool = False,
) -> Style:
    """What `stylize` takes as a style, encoded; of a list the mixture, or one for each region."""
    several = isinstance(style, list | tuple)
    parts: Sequence[Any] = style if several else [style]
    if regions and weights is not None:
        raise ValueError("with masks, styles are not mixed: give their strengths by alpha")
    if not several and weights is not None:
        raise ValueError("weights are of a list of styles, but there is only one")
    styles = [part if isinstance(part, Style) else model.style(part) for part in parts]
    if not several:
        return styles[0]
    return Style.stack(styles) if regions else Style.mix(styles, weights)


def _recolored(style: ArrayLike | Style, content: jax.Array, color: str) -> jax.Array:
    if isinstance(style, Style):
        raise ValueError(
            f"color={color!r} recolours the image of a style, which a Style does not hold: give "
            'the image, or use color="luminance"'
        )
    style = check_image("style", style)
    styles, contents = (to_float(x if x.ndim == 4 else x[None]) for x in (style, content))
    if len(styles) not in (1, len(contents)):
        raise ValueError(
            f"{len(styles)} styles for {len(contents)} images: give one, or one for each"
        )
    recolored = recolor_each(styles, contents, color)
    return recolored if content.ndim == 4 else recolored[0]


@jax.jit
def _in_colors_of(content: jax.Array, picture: jax.Array) -> jax.Array:
    picture = keep_chroma(picture, to_float(content))
    if content.dtype == jnp.uint8:
        return jnp.round(picture * 255).astype(jnp.uint8)
    return picture.astype(content.dtype)


def stylize_batch(
    contents: ArrayLike | Iterable[ArrayLike],
    style: ArrayLike | Style,
    *,
    alpha: float = 1.0,
    model: Model | None = None,
    batch_size: int = 16,
    devices: Sequence[Any] | None = None,
) -> Iterator[np.ndarray]:
    """Stylize many images of one size on all devices, as they come.

    Each batch is cut into equal parts for the devices. Images travel as they are, bytes if they are
    uint8, the next batch while one is computed, and its memory is used again for the pictures. The
    last batch is filled up, so that there is one program for all.

    Args:
        contents: an array (N, H, W, 3), or anything that yields images (H, W, 3) of one size, all
            uint8, or all floating in [0, 1]; it may be endless.
        style: one image, or a `Style` of one.
        alpha: strength, from 0 to 1.
        model: from `adain_jax.load`, best made ready by `Model.prepare`, on accelerators with
            `dtype=jnp.bfloat16`; by default "vgg16", prepared.
        batch_size: images computed at once, over all devices; rounded up to a multiple of their
            number.
        devices: by default all of this host's.

    Yields:
        Pictures, (H, W, 3), with the dtype of the images, in their order.

    Raises:
        ValueError: if an argument is not as said; for an image, when it is met, with its number.

    >>> import adain_jax, numpy as np
    >>> photos = np.zeros((5, 16, 24, 3), np.uint8)
    >>> pictures = adain_jax.stylize_batch(photos, photos[0], batch_size=2)
    >>> np.stack(list(pictures)).shape
    (5, 16, 24, 3)
    """
    model = model_or(prepared, model)
    if jnp.ndim(alpha):
        raise ValueError("alpha is one number for all images")
    check_alpha(alpha, jnp.zeros((1, 1, 1, 3)))
    if batch_size < 1:
        raise ValueError(f"batch_size is at least 1, not {batch_size}")
    if not isinstance(style, Style):
        style = model.style(style)
    if style.mean.ndim > 1:
        raise ValueError(f"style is one, not a batch of {style.mean.shape[0]}")
    devices = jax.local_devices() if devices is None else list(devices)
    return _stylize_batches(contents, style, alpha, model, batch_size, devices)


def _stylize_batches(
    contents: ArrayLike | Iterable[ArrayLike],
    style: Style,
    alpha: float,
    model: Model,
    batch_size: int,
    devices: Sequence[Any],
) -> Iterator[np.ndarray]:
    mesh = Mesh(np.array(devices), ("data",))
    by_image = NamedSharding(mesh, PartitionSpec("data"))
    everywhere = NamedSharding(mesh, PartitionSpec())
    model, style = jax.device_put((model, style), everywhere)
    alpha = jax.device_put(jnp.asarray(alpha, jnp.float32), everywhere)
    size = -(-batch_size // len(devices)) * len(devices)

    under_way: deque[tuple[jax.Array, int]] = deque()
    images, first = iter(contents), None  # type: ignore[arg-type]
    number = 0
    while under_way or images is not None:
        batch = [] if images is None else [np.asarray(image) for image in islice(images, size)]
        for image in batch:
            first = image if first is None else first
            if image.shape != first.shape or image.dtype != first.dtype:
                raise ValueError(
                    f"content {number} is {image.dtype} {image.shape}, where those before are "
                    f"{first.dtype} {first.shape}: give images of one size and dtype, or use "
                    "Model.stylize_any_size"
                )
            number += 1
        if batch:
            filled = np.stack([*batch, *[batch[-1]] * (size - len(batch))])
            check_image("contents", filled)
            filled = jax.device_put(filled, by_image)
            under_way.append((_donating(model, filled, style, alpha), len(batch)))
        images = images if len(batch) == size else None
        # One batch is computed while another is fetched, and the next prepared.
        while len(under_way) > (0 if images is None else 1):
            pictures, count = under_way.popleft()
            yield from np.asarray(pictures)[:count]


@partial(jax.jit, donate_argnums=1)
def _donating(model: Model, contents: jax.Array, style: Style, alpha: jax.Array) -> jax.Array:
    return model.stylize(contents, style, alpha)


def model_or(default: Callable[[], Model], model: Model | None) -> Model:
    """The model that is given, if one is, or a `ValueError` if it is none."""
    if model is None:
        return default()
    if not isinstance(model, Model):
        raise ValueError("model is a Model: load it by adain_jax.load(name_or_path)")
    return model


@cache
def prepared() -> Model:
    """The default model, made ready for many images."""
    return load().prepare()
