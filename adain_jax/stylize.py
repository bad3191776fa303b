"""The public functions, which take and return arrays."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Literal

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
    """Load a model that ships with the package, by name, or a safetensors file, by path.

    Each model is loaded once: the same argument returns the same model again. `Model.load` reads
    the file again.

    Raises:
        FileNotFoundError: if there is no such file, nor a shipped model of that name.
        ValueError: if the file is not the file of a model, or is damaged.

    >>> import adain_jax
    >>> adain_jax.load("vgg16").architecture
    'vgg16_film'
    """
    path = store.find(name_or_path).resolve()
    with _loading:  # so that two threads do not load it twice
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
    """Give images the style of another image (Huang & Belongie 2017).

    It works inside `jit`, `vmap`, `pmap`, `grad` and `scan`, and is differentiable with respect to
    `content`, `style`, `alpha`, `weights` and `masks`. On a CPU there is no forward mode (`jvp`).

    Args:
        content: an RGB image (H, W, 3) or a batch (N, H, W, 3), of any size; uint8, or floating in
            [0, 1]. Under the plan `Tiled` it can be anything that is sliced like a NumPy array,
            such as a `numpy.memmap`.
        style: an image of any size, or one for each image of the batch; or a `Style`, which
            `encode_style` makes once for many calls; or a list of any of these. A list is mixed,
            or, with `masks`, has the styles of the regions.
        alpha: the strength of the style, from 0 (the decoder's reconstruction of the content) to 1:
            a number, one number for each image (N,), with masks one for each style (K,), or a map
            (H, W) or (N, H, W). A traced strength, such as an argument of a jitted function, is not
            checked: keep it in this range.
        weights: the weights of the styles in a list, equal by default; they are divided by their
            sum.
        masks: regions with different styles, the same for all images (`vmap` gives each image its
            own): (K, H, W), booleans or floating in [0, 1]; or labels (H, W), integers, where k is
            the region of style k - 1 and 0 is no region. If there is one style more than masks, the
            last style is for the area outside all masks; otherwise that area stays as in the
            photograph. Booleans and labels have hard edges along the cells of each map, 8 pixels in
            the coarsest, as in the paper's own code; floats have the edges that are drawn. Where
            masks overlap, styles are averaged.
        color: the colours of the picture. "style" gives it those of the style. The other modes give
            it those of the content. "coral" and "histogram" recolour the style's image before it is
            encoded, for each content separately (`ops.color`), so every style must be an image.
            "luminance" takes only the luma from the picture and the chroma from the content; it
            works with any style. (Gatys et al. 2016, "Preserving color in neural artistic style
            transfer".)
        extrapolate: whether strengths up to 2, which exaggerate the style, are allowed.
        model: from `adain_jax.load`; by default "vgg16".
        plan: how the call runs (`adain_jax.inference.plan`): `Whole()`, `Bucketed()` or
            `Tiled(768)`. The pictures are equal to rounding. "auto" runs a batch whole, and one
            image in windows above 4 megapixels, otherwise in one of a few sizes, so that not every
            size is compiled. Inside a transformation the plan is always `Whole()`. The image of a
            style is encoded by the same plan.

    Returns:
        Pictures with the shape and dtype of `content` (float64 becomes float32, unless
        `jax_enable_x64` is set): a JAX array, or a NumPy array if it was made in windows.

    Raises:
        ValueError: if an argument has the wrong shape, dtype or range, a mask is empty, a style was
            made by another model, or a forward-mode derivative is taken on a CPU.

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
    devices: Sequence[object] | None = None,
) -> Iterator[Num[np.ndarray, "_h _w 3"]]:
    """Stylize a stream of images of any sizes on all devices.

    Images of one size, or of one bucket, are computed together. Each batch is divided equally among
    the devices. Images are transferred in their own dtype, the next batch while one is computed,
    and the memory of a batch is reused for its pictures. Incomplete batches are padded, so that
    each size has one program.

    Args:
        contents: an array (N, H, W, 3), or an iterable of images (H, W, 3), uint8 or floating in
            [0, 1]; it may be endless.
        style: as for `stylize`, for all images.
        alpha: the strength, a number, with masks one for each style (K,), or a map (H, W) for all
            images, which must then have its size.
        weights: as for `stylize`.
        masks: as for `stylize`; all images must then have their size.
        color: as for `stylize`.
        extrapolate: as for `stylize`.
        model: from `adain_jax.load`, preferably prepared by `Model.prepare`, on accelerators with
            `dtype=jnp.bfloat16`; by default "vgg16", prepared.
        plan: as for `stylize`. "auto" computes images at their own size as long as all have the
            same one, and in buckets from the first image of another size on; each image above 4
            megapixels is computed in windows.
        batch_size: the number of images computed at once, over all devices; it is rounded up to a
            multiple of the number of devices. Models with batch normalisation compute one image at
            a time, on the first device, so that no picture depends on the other images.
        devices: the devices to use; by default, all of this host.

    Yields:
        Pictures (H, W, 3), with the dtype of their images (of float64 as `stylize`), in the order
        of the images.

    Raises:
        ValueError: if an argument does not fit its description. For an image, the error names its
            number and comes after all pictures before it.

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
    """Encode the style of an image once, for many contents.

    Args:
        images: an image (H, W, 3), or a batch (N, H, W, 3), of any size; uint8, or floating in
            [0, 1].
        model: from `adain_jax.load`; by default "vgg16". The style fits models with the same
            encoder.
        plan: how the call runs, as for `stylize`.

    Returns:
        A `Style` of statistics (C,), or (N, C).

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
    """Replace JAX's error about the `custom_vjp` of Winograd's convolutions by a helpful one."""
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
    """Return `model`, or the result of `default` if it is None.

    Raises:
        ValueError: if `model` is not a `Model`.
    """
    if model is None:
        return default()
    if not isinstance(model, Model):
        raise ValueError("model is a Model: load it by adain_jax.load(name_or_path)")
    return model


@cache
def prepared() -> Model:
    """The default model, prepared for many images."""
    return load().prepare()
