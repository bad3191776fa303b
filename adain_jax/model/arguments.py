"""Checks of arguments, with one-line errors, before anything is traced."""

import os
from contextlib import nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike

_IMAGES = ("content", "style", "images", "masks")  # arguments that are read from files
EXTRAPOLATION = 2.0  # the largest alpha; decoders were trained on nothing like larger ones


def as_array(name: str, values: object) -> np.ndarray | jax.Array:
    """Convert values to an array of numbers or booleans: JAX arrays stay, others become NumPy's.

    Raises:
        ValueError: if they are not numbers or booleans.
    """
    if isinstance(values, jax.Array):
        return values
    if isinstance(values, list | tuple) and _holds(jax.Array, values):
        # Inside `jit`, even an array of known values would be traced.
        with nullcontext() if _holds(Tracer, values) else jax.ensure_compile_time_eval():
            return jnp.asarray(values)  # NumPy could not convert it
    try:
        array = np.asarray(values)
    except Exception as error:  # arrays of other libraries raise errors of any type
        raise ValueError(f"{name} is no array: {error}") from None
    if not (array.dtype == bool or jnp.issubdtype(array.dtype, jnp.number)):
        if isinstance(values, str | os.PathLike) and name in _IMAGES:
            raise ValueError(
                f"{name} is an array of numbers, not the name of a file: load it first, by "
                "adain_jax.files.image.load(...).rgb"
            )
        kind = type(values).__name__ if array.dtype == object else array.dtype
        raise ValueError(f"{name} is an array of numbers, not {kind}")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _holds(kind: type, values: object) -> bool:
    """Whether a nested list contains arrays of a kind."""
    return any(isinstance(x, kind) for x in jax.tree.leaves(values))


def check_sliceable(name: str, images: Any) -> Any:
    """Return an object with the shape of images, or an array of it; only its shape is checked.

    It is for images that are read in parts, such as a `numpy.memmap`; `check_image` is for the
    parts.

    Raises:
        ValueError: if it is neither (H, W, 3) nor (N, H, W, 3).
    """
    named = hasattr(images, "__getitem__") and hasattr(images, "shape")
    if not (named and isinstance(getattr(images, "dtype", None), np.dtype)):
        images = as_array(name, images)
    if len(images.shape) not in (3, 4) or images.shape[-1] != 3 or 0 in images.shape:
        raise ValueError(
            f"{name} is one RGB image (H, W, 3) or a batch (N, H, W, 3), not {tuple(images.shape)}"
        )
    return images


def check_image(name: str, images: ArrayLike) -> jax.Array:
    """Return `images` as a JAX array.

    Raises:
        ValueError: as `check_pixels` does.
    """
    return jax.device_put(check_pixels(name, images))


def check_pixels(name: str, images: ArrayLike) -> np.ndarray | jax.Array:
    """Return `images` as an array, without a transfer to a device.

    The range of floats is checked if their values are known, so not if they are traced.

    Raises:
        ValueError: if the images have the wrong shape, dtype or range.
    """
    array = check_sliceable(name, as_array(name, images))
    floating = jnp.issubdtype(array.dtype, jnp.floating)
    if array.dtype != np.uint8 and not floating:
        raise ValueError(f"{name} is uint8, or floating in [0, 1], not {array.dtype}")
    if floating and not isinstance(array, Tracer):
        with jax.ensure_compile_time_eval():  # inside `jit`, the minimum would be traced
            low, high = float(array.min()), float(array.max())
        if not (low >= -1e-3 and high <= 1.001):
            raise ValueError(
                f"floating images are in [0, 1], but {name} has values from {low:g} to {high:g}: "
                "scale it, or pass uint8"
            )
    return array


def check_alpha(
    alpha: ArrayLike,
    content: np.ndarray | jax.Array,
    *,
    extrapolate: bool = False,
    regions: int | None = None,
) -> jax.Array:
    """Return `alpha` as float32, if it fits `content` and, if its values are known, is in range.

    It is a scalar, or one number for each image of a batch (N,), or, if there are regions, one for
    each region (K,), or a map (H, W) or (N, H, W).

    Raises:
        ValueError: if `alpha` does not fit, or is out of range.
    """
    array = as_array("alpha", alpha)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise ValueError(f"alpha is a number between 0 and 1, not {array.dtype}")
    shape, allowed = array.shape, [(), tuple(content.shape[-3:-1])]
    if regions is not None:
        allowed.append((regions,))
    elif content.ndim == 4:
        allowed.append(tuple(content.shape[:1]))
    if content.ndim == 4:
        allowed.append(tuple(content.shape[:3]))
    if shape not in allowed:
        fitting = ", ".join(str(x) for x in allowed[1:])
        raise ValueError(
            f"alpha is a number, or for these images of shape {fitting}, not of shape {shape}"
        )
    if isinstance(array, Tracer):
        return array.astype(jnp.float32)
    values, limit = np.asarray(array).astype(np.float32), EXTRAPOLATION if extrapolate else 1
    if not ((values >= 0) & (values <= limit)).all():
        wrong = values[~((values >= 0) & (values <= limit))].flat[0]
        more = "" if extrapolate else f" (up to {EXTRAPOLATION:g} if extrapolation is asked for)"
        raise ValueError(f"alpha is between 0 and {limit:g}, not {wrong:g}{more}")
    return jax.device_put(values)


def check_masks(masks: ArrayLike, content: np.ndarray | jax.Array, styles: int) -> jax.Array:
    """Return masks or labels as one mask for each style, (K, H, W), booleans or float32.

    Raises:
        ValueError: if they do not fit content and styles, or if known values are out of range or a
            mask is empty.
    """
    array, sides = as_array("masks", masks), content.shape[-3:-1]
    known = not isinstance(array, Tracer)
    array = np.asarray(array) if known else array
    labels = array.ndim == 2 and jnp.issubdtype(array.dtype, jnp.integer)
    if array.shape[-2:] != sides or array.ndim not in ((2,) if labels else (3,)):
        raise ValueError(
            f"masks are (K, H, W), or integer labels (H, W), for this content (K, {sides[0]}, "
            f"{sides[1]}), not {array.dtype} of shape {array.shape}"
        )
    if not len(array):
        raise ValueError("there are no masks: give one for each style, or leave them out")
    if labels:
        if known and not 0 <= array.min() <= array.max() <= styles:
            raise ValueError(
                f"labels are 0, for no region, to {styles}, the number of styles, not from "
                f"{array.min()} to {array.max()}"
            )
        array = array[None] == np.arange(1, styles + 1, dtype=array.dtype)[:, None, None]
    elif array.dtype != bool:
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise ValueError(f"masks are booleans, or floating in [0, 1], not {array.dtype}")
        if known and not (array.min() >= 0 and array.max() <= 1):
            raise ValueError(f"masks are in [0, 1], not from {array.min():g} to {array.max():g}")
        array = array.astype(np.float32)
    if known:
        for number, mask in enumerate(array, start=1):
            if not mask.any():
                raise ValueError(f"mask {number} of {len(array)} has no region: it is 0 everywhere")
    if len(array) == styles - 1:
        xp = np if known else jnp
        hard = array.dtype == bool
        rest = ~array.any(0, keepdims=True) if hard else 1 - array.sum(0, keepdims=True)
        array = xp.concatenate([array, rest if hard else xp.maximum(rest, 0)])
    if len(array) != styles:
        raise ValueError(
            f"{styles} styles for {len(array)} masks: give one for each, or one more, which is for "
            "what they leave over"
        )
    return jax.device_put(array)
