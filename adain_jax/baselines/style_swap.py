"""Style swap (Chen & Schmidt 2016): the most similar patch of the style's features replaces every
patch of the content's.

A convolution compares all patches of one with all of the other. Its kernels are the style's
patches, scaled to unit length. A transposed convolution puts the best patches in place.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from adain_jax.model import Model
from adain_jax.model.arguments import check_alpha, check_image
from adain_jax.model.transfer import statistics, transfer
from adain_jax.networks import ARCHITECTURES, TAPS
from adain_jax.networks.params import check_vgg
from adain_jax.ops.pixels import to_float
from adain_jax.ops.statistics import ChannelStats

_TARGET = TAPS[-1]
_LAYOUT = ("NHWC", "HWIO", "NHWC")
# Accelerators would round factors to TF32 or bfloat16: among similar patches, another one could
# win, and the patches in the result would not be exactly those of the style.
_EXACT = jax.lax.Precision.HIGHEST


class Patches(NamedTuple):
    """A style's patches as the kernels of a convolution, each (size, size, C, P).

    Attributes:
        kernel: the patches.
        unit: the patches, each divided by its length.
    """

    kernel: jax.Array
    unit: jax.Array


def style_patches(style: ArrayLike, *, size: int = 3) -> Patches:
    """All patches of a style's features: the part of the work that depends on the style alone.

    Args:
        style: the features, (H, W, C), floating.
        size: the side of the patches, in cells.

    Raises:
        ValueError: if the features are not (H, W, C), or smaller than one patch.

    >>> import jax.numpy as jnp
    >>> style_patches(jnp.ones((4, 5, 8))).kernel.shape
    (3, 3, 8, 6)
    """
    style = _checked("style", jnp.asarray(style), 3, size)
    height, width, channels = style.shape
    rows, columns = height - size + 1, width - size + 1
    cuts = [
        style[i : i + rows, j : j + columns].reshape(-1, channels)
        for i in range(size)
        for j in range(size)
    ]
    kernel = jnp.stack(cuts).reshape(size, size, -1, channels).swapaxes(2, 3)
    length = jnp.sqrt(jnp.sum(jnp.square(kernel), (0, 1, 2), keepdims=True))
    return Patches(kernel, kernel / jnp.maximum(length, 1e-12))


def swap(content: ArrayLike, patches: Patches) -> jax.Array:
    """Replace each patch of the content by the style's patch with the largest correlation.

    Where patches overlap, their mean is taken.

    Args:
        content: the features, (N, H, W, C), floating.
        patches: the patches of one style, from `style_patches`.

    Returns:
        Features with the shape and dtype of `content`.

    Raises:
        ValueError: if the features are not (N, H, W, C), or smaller than one patch.

    >>> import jax
    >>> x = jax.random.normal(jax.random.key(0), (1, 6, 7, 16))
    >>> bool(jnp.allclose(swap(x, style_patches(x[0])), x, atol=1e-5))  # its own patches win
    True
    """
    size = patches.kernel.shape[0]
    content = _checked("content", jnp.asarray(content), 4, size)
    unit, kernel = (x.astype(content.dtype) for x in (patches.unit, patches.kernel))
    likeness = jax.lax.conv_general_dilated(
        content, unit, (1, 1), "VALID", dimension_numbers=_LAYOUT, precision=_EXACT
    )
    best = jax.nn.one_hot(likeness.argmax(-1), kernel.shape[-1], dtype=content.dtype)

    def lay(winners: jax.Array, kernel: jax.Array) -> jax.Array:
        return jax.lax.conv_transpose(
            winners,
            kernel,
            (1, 1),
            "VALID",
            dimension_numbers=_LAYOUT,
            transpose_kernel=True,
            precision=_EXACT,
        )

    one = jnp.ones((1, *best.shape[1:3], 1), content.dtype)
    count = lay(one, jnp.ones((size, size, 1, 1), content.dtype))
    return lay(best, kernel) / count


def stylize(
    model: Model, content: ArrayLike, style: ArrayLike, alpha: ArrayLike = 1.0, *, size: int = 3
) -> jax.Array:
    """Stylize by style swap in place of AdaIN, between a VGG's encoder and its decoder.

    Args:
        model: a VGG, such as `adain_jax.load("vgg16")`.
        content: an image (H, W, 3) or a batch (N, H, W, 3), uint8 or floating in [0, 1].
        style: an image (H, W, 3), uint8 or floating in [0, 1].
        alpha: the strength: 0 keeps the content's own features, 1 uses the style's patches alone.
        size: the side of the patches, in cells of 8 pixels.

    Returns:
        Pictures of the shape of `content`, floating in [0, 1].

    Raises:
        ValueError: if an argument does not fit its description, or an image has fewer cells than a
            patch.
    """
    check_vgg(model.architecture)
    content, style = check_image("content", content), check_image("style", style)
    if jnp.ndim(alpha):
        raise ValueError(f"style swap takes one alpha, not {jnp.shape(alpha)}")
    check_alpha(alpha, content)
    if style.ndim != 3:
        raise ValueError(f"style swap takes one style (H, W, 3), not {style.shape}")
    return _stylize(model, content, encode_style(model, style, size=size), jnp.float32(alpha))


@jax.jit(static_argnames="size")
def encode_style(model: Model, style: jax.Array, *, size: int = 3) -> tuple[Patches, ChannelStats]:
    """Encode an image (H, W, 3) for reuse: its `style_patches`, and statistics for the decoder."""
    features = model.encode(to_float(style)[None])
    return style_patches(features[_TARGET][0], size=size), statistics(features)


@jax.jit
def _stylize(
    model: Model, content: jax.Array, style: tuple[Patches, ChannelStats], alpha: jax.Array
) -> jax.Array:
    batch = to_float(content if content.ndim == 4 else content[None])
    patches, stats = style
    features, architecture = model.encode(batch), ARCHITECTURES[model.architecture]
    x = features[_TARGET]
    others = [name for name in architecture.levels if name != _TARGET]
    given = transfer(features, stats, alpha, levels=others, told=architecture.told)
    images = model.decode({**given, _TARGET: x + alpha * (swap(x, patches) - x)})
    images = jnp.clip(images[:, : batch.shape[1], : batch.shape[2]], 0, 1)
    return images if content.ndim == 4 else images[0]


def _checked(name: str, x: jax.Array, ndim: int, size: int) -> jax.Array:
    if x.ndim != ndim or not jnp.issubdtype(x.dtype, jnp.floating):
        axes = "(N, H, W, C)" if ndim == 4 else "(H, W, C)"
        raise ValueError(f"{name} features are floating {axes}, not {x.dtype} of shape {x.shape}")
    if min(x.shape[-3:-1]) < size:
        raise ValueError(
            f"style swap: the {name} is too small: {x.shape[-3]} x {x.shape[-2]} cells, and a "
            f"patch has {size} x {size}"
        )
    return x
