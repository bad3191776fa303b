"""The public functions: arrays in, arrays out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np

from adain_jax.inference import encode, stream
from adain_jax.inference.plan import Plan
from adain_jax.inference.render import render
from adain_jax.inference.request import Source, ask
from adain_jax.model import Model, Style
from adain_jax.ops.shapes import AnyArray, ArrayLike, Num
from adain_jax.weights import store

_loading = Lock()


def load(name_or_path: str | PathLike = "vgg16") -> Model:
    """A model that ships with the package, by name, or one in a safetensors file, by path.

    Loaded once: the same argument gives the same model again. `Model.load` reads anew.

    Raises:
        FileNotFoundError: if there is no such file, nor a shipped model of that name.
        ValueError: if the file is not a model's.

    >>> import adain_jax
    >>> adain_jax.load("vgg16").architecture
    'vgg16_film'
    """
    path = store.find(name_or_path).resolve()
    with _loading:  # two threads do not load it twice
        return _load(path)


@cache
def _load(path: Path) -> Model:
    return Model.load(path)


def stylize(
    content: Num[ArrayLike, "*n h w 3"],
    style: Source | Sequence[Source],
    *,
    alpha: ArrayLike = 1.0,
    weights: Sequence[float] | ArrayLike | None = None,
    masks: ArrayLike | None = None,
    color: str = "style",
    extrapolate: bool = False,
    model: Model | None = None,
    plan: Plan | Literal["auto"] = "auto",
) -> Num[AnyArray, "*n h w 3"]:
    """Give images the style of another (Huang & Belongie 2017).

    Works inside `jit`, `vmap`, `pmap`, `grad` and `scan`, and is differentiable with respect to
    `content`, `style`, `alpha`, `weights` and `masks`; in forward mode (`jvp`) not on a CPU.

    Args:
        content: an RGB image (H, W, 3) or a batch (N, H, W, 3); uint8, or floating in [0, 1]; any
            size. Under the plan `Tiled` anything that can be sliced like a NumPy array, such as a
            `numpy.memmap`.
        style: an image, or one for each of the batch, of any size; or a `Style`, which
            `encode_style` makes once for many calls; or a list of any of these, which is mixed, or
            with `masks` the styles of the regions.
        alpha: strength, from 0 (the content, as the decoder renders it) to 1: a number, one for
            each image (N,), with masks one for each region (K,), or a map (H, W) or (N, H, W).
        weights: of the styles in a list, all the same if left out; divided by their sum.
        masks: regions, each for a style of its own, of all images alike (`vmap` gives each its
            own): (K, H, W), booleans or floating in [0, 1], or labels (H, W), integers of which k
            is the region of style k - 1, and 0 is none. With one style more than there are masks,
            the last is for what they leave over; else the photograph stays there as it is. Hard
            edges, of booleans and labels, are those of cells of 8 pixels, as in the paper's own
            code; soft ones are as soft as they are drawn. Where masks overlap, styles are averaged.
        color: whose colours the picture has. "style": the style's. The content's: "coral" and
            "histogram" give them to the style's image before it is encoded, for each content anew
            (`ops.color`); so every style must be an image. "luminance" takes of the picture light
            and dark alone; it works with any style, and keeps colours exactly where they fit.
            (Gatys et al. 2016, "Preserving color in neural artistic style transfer".)
        extrapolate: allow strengths up to 2, which exaggerate the style.
        model: from `adain_jax.load`; by default "vgg16".
        plan: how it runs (`adain_jax.inference.plan`), which changes the picture by rounding only:
            `Whole()`, `Bucketed()` or `Tiled(768)`. "auto": a batch whole; one image in windows
            above 4 megapixels, else in one of a few sizes, so that not every size is compiled anew.
            Under a transformation always whole. An image of a style runs by the same plan.

    Returns:
        The shape and dtype of `content` (float64 as float32, unless JAX is told otherwise). A JAX
        array, or, if it was made in windows, a NumPy array.

    Raises:
        ValueError: if an argument has the wrong shape, dtype or range, a mask is empty, a style is
            another model's, or on a CPU for a forward-mode derivative.

    >>> import adain_jax, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> photo = rng.integers(256, size=(20, 30, 3), dtype=np.uint8)
    >>> painting = rng.integers(256, size=(32, 32, 3), dtype=np.uint8)
    >>> picture = adain_jax.stylize(photo, painting, alpha=0.8)
    >>> picture.shape, picture.dtype
    ((20, 30, 3), dtype('uint8'))
    """
    model = model_or(load, model)
    with _forward_mode_told():
        request = ask(
            model,
            content,
            style,
            alpha=alpha,
            weights=weights,
            masks=masks,
            color=color,
            extrapolate=extrapolate,
            plan=plan,
        )
        return render(model, request, plan)


def stylize_many(
    contents: Num[ArrayLike, "n h w 3"] | Iterable[Num[ArrayLike, "_h _w 3"]],
    style: Source | Sequence[Source],
    *,
    alpha: ArrayLike = 1.0,
    weights: Sequence[float] | ArrayLike | None = None,
    masks: ArrayLike | None = None,
    color: str = "style",
    extrapolate: bool = False,
    model: Model | None = None,
    plan: Plan | Literal["auto"] = "auto",
    batch_size: int = 16,
    devices: Sequence[Any] | None = None,
) -> Iterator[Num[np.ndarray, "_h _w 3"]]:
    """Stylize many images of any sizes on all devices, as they come.

    Images of one size, or of one bucket, are computed together. Each batch is cut into equal parts
    for the devices. Images travel as they are, bytes if they are uint8, the next batch while one is
    computed, and its memory is used again for the pictures. Batches are filled up, so that there is
    one program for all of a size.

    Args:
        contents: an array (N, H, W, 3), or anything that yields images (H, W, 3), uint8 or floating
            in [0, 1]; it may be endless.
        style: as for `stylize`, for all images.
        alpha: strength, a number, with masks one for each region (K,), or a map (H, W) for all
            images, which are then of its size.
        weights: as for `stylize`.
        masks: as for `stylize`; all images are then of their size.
        color: as for `stylize`.
        extrapolate: as for `stylize`.
        model: from `adain_jax.load`, best made ready by `Model.prepare`, on accelerators with
            `dtype=jnp.bfloat16`; by default "vgg16", prepared.
        plan: as for `stylize`. "auto": as long as all images are of one size, at that size; from
            the first of another size on in buckets; each above 4 megapixels in windows.
        batch_size: images computed at once, over all devices; rounded up to a multiple of their
            number.
        devices: by default all of this host's.

    Yields:
        Pictures, (H, W, 3), with the dtype of their images, in their order.

    Raises:
        ValueError: if an argument is not as said; for an image, with its number, when all before it
            have come out.

    >>> import adain_jax, numpy as np
    >>> photos = [np.zeros((16, 24, 3), np.uint8)] * 3 + [np.zeros((20, 20, 3), np.uint8)]
    >>> pictures = adain_jax.stylize_many(photos, photos[0], batch_size=2)
    >>> [picture.shape for picture in pictures]
    [(16, 24, 3), (16, 24, 3), (16, 24, 3), (20, 20, 3)]
    """
    return stream.pictures(
        model_or(prepared, model),
        contents,
        style,
        alpha=alpha,
        weights=weights,
        masks=masks,
        color=color,
        extrapolate=extrapolate,
        plan=plan,
        batch_size=batch_size,
        devices=devices,
    )


def encode_style(
    images: Num[ArrayLike, "*n h w 3"],
    *,
    model: Model | None = None,
    plan: Plan | Literal["auto"] = "auto",
) -> Style:
    """The style of an image, to be used for many contents.

    Args:
        images: (H, W, 3), or a batch (N, H, W, 3), of any size; uint8, or floating in [0, 1].
        model: from `adain_jax.load`; by default "vgg16". Only its own pictures can have the style.
        plan: how it runs, as for `stylize`.

    Returns:
        Statistics (C,), or (N, C).

    Raises:
        ValueError: if `images` has the wrong shape, dtype or range.

    >>> import adain_jax, numpy as np
    >>> adain_jax.encode_style(np.zeros((33, 50, 3), np.uint8)).mean.shape
    (963,)
    """
    with _forward_mode_told():
        return encode.encode_style(images, model_or(load, model), plan, name="images")


@contextmanager
def _forward_mode_told() -> Iterator[None]:
    """Say what to do where JAX would tell of a `custom_vjp`: Winograd's convolutions have one."""
    try:
        yield
    except TypeError as error:
        if "custom_vjp" not in str(error):
            raise
        raise ValueError(
            "on a CPU there is no forward-mode derivative (jvp, jacfwd, hessian) of the networks: "
            "take a reverse-mode one (grad, vjp, jacrev)"
        ) from None


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
