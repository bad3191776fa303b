"""`stylize`: arrays in, arrays out."""

from functools import cache

import jax
from jax.typing import ArrayLike

from adain_jax.checks import check_image
from adain_jax.model import Model
from adain_jax.style import Style


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
    style: ArrayLike | Style,
    *,
    alpha: ArrayLike = 1.0,
    model: Model | None = None,
) -> jax.Array:
    """Give images the style of another (Huang & Belongie 2017).

    Compiled once for every size; works inside `jit`, `vmap`, `pmap`, `grad` and `scan`, and is
    differentiable with respect to `content`, `style` and `alpha`.

    Args:
        content: an RGB image (H, W, 3) or a batch (N, H, W, 3); uint8, or floating in [0, 1]; any
            size.
        style: an image, or one for each of the batch, of any size; or a `Style`, which
            `model.style(image)` makes once for many calls.
        alpha: strength, from 0 (the content, as the decoder renders it) to 1; may be traced.
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
    if model is None:
        model = load()
    elif not isinstance(model, Model):
        raise ValueError("model is a Model: load it by adain_jax.load(name_or_path)")
    content = check_image("content", content)
    if not isinstance(style, Style):
        style = model.style(style)
    return model.stylize(content, style, alpha)
