"""A checked request: a content, a style, a strength, regions, and a colour mode."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from adain_jax.inference.encode import encode_style
from adain_jax.inference.plan import Plan, Tiled, choose, is_traced
from adain_jax.inference.recolor import check_color, recolor, recolors
from adain_jax.model import Model, Style
from adain_jax.model.arguments import check_alpha, check_masks, check_pixels, check_sliceable
from adain_jax.ops.shapes import AnyArray

Source = ArrayLike | Style  # a style as its image, or encoded


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["content", "style", "alpha", "masks"],
    meta_fields=["color"],
)
@dataclass(frozen=True)
class Request:
    """One stylization, or a batch of them: a pytree that `ask` makes and `render` renders.

    Attributes:
        content: images, (H, W, 3) or (N, H, W, 3), uint8 or floating in [0, 1].
        style: one style (C,), or one for each image (N, C); with masks, one for each region, (K, C)
            or (K, N, C).
        alpha: strengths, float32: (), (N,), (K,) with masks, (H, W) or (N, H, W).
        masks: a mask for each style, (K, H, W), booleans or float32; or None.
        color: "style" or "luminance". The style already contains the effect of the other modes.
    """

    content: AnyArray
    style: Style
    alpha: AnyArray
    masks: AnyArray | None = None
    color: str = "style"

    def of(self, index: int) -> "Request":
        """The request for one image of a batch."""
        style, alpha = self.style, self.alpha
        regions = 0 if self.masks is None else 1  # the number of axes before that of the images
        if style.mean.ndim > 1 + regions:
            number = index % style.mean.shape[regions]
            style = jax.tree.map(lambda x: x[:, number] if regions else x[number], style)
        if alpha.ndim == 3 or (alpha.ndim == 1 and not regions):
            alpha = alpha[index]
        return replace(self, content=self.content[index], style=style, alpha=alpha)


def ask(
    model: Model,
    content: ArrayLike,
    style: Source | Sequence[Source],
    *,
    alpha: ArrayLike = 1.0,
    weights: Sequence[float] | ArrayLike | None = None,
    masks: ArrayLike | None = None,
    color: str = "style",
    extrapolate: bool = False,
    plan: Plan | Literal["auto"] = "auto",
) -> Request:
    """Make a request and encode its styles.

    The arguments are those of `adain_jax.stylize`, and wrong ones raise `ValueError`.
    """
    check_color(color)
    images = check_content(model, content, plan, style, alpha, masks)
    if recolors(color):
        if masks is not None and isinstance(style, np.ndarray | jax.Array) and style.ndim == 4:
            style = list(style)  # one for each region, not for each image
        parts = [_recolored(part, images, color) for part in _parts(style)]
        style, color = (parts if isinstance(style, list | tuple) else parts[0]), "style"
    encoded = as_style(style, model, weights, regions=masks is not None, plan=plan)
    _check_style(model, images, encoded, regions=masks is not None)
    regions = None if masks is None else len(encoded.mean)
    strength = check_alpha(alpha, images, extrapolate=extrapolate, regions=regions)
    checked = None if masks is None else check_masks(masks, images, len(encoded.mean))
    return Request(images, encoded, strength, checked, color)


def check_content(
    model: Model, content: ArrayLike, plan: Plan | Literal["auto"], *inputs: object
) -> AnyArray:
    """Return a valid content, or raise `ValueError`; `inputs` are as for `choose`."""
    images = check_sliceable("content", content)
    if isinstance(choose(plan, images.shape, model, content, *inputs), Tiled):
        return images  # each window is checked when it is read
    return check_pixels("content", content)


def as_style(
    style: Source | Sequence[Source],
    model: Model,
    weights: Sequence[float] | ArrayLike | None = None,
    *,
    regions: bool = False,
    plan: Plan | Literal["auto"] = "auto",
) -> Style:
    """Encode any style that `stylize` takes; a list becomes a mixture, or one style per region.

    Raises:
        ValueError: if there are weights, but regions or only one style; or a style is wrong.
    """
    several, parts = isinstance(style, list | tuple), _parts(style)
    if regions and weights is not None:
        raise ValueError("with masks, styles are not mixed: give their strengths by alpha")
    if not several and weights is not None:
        raise ValueError("weights are of a list of styles, but there is only one")
    if isinstance(plan, Tiled):  # its `out` and `progress` belong to the content
        plan = Tiled(plan.tile)
    styles = [
        part if isinstance(part, Style) else encode_style(part, model, plan) for part in parts
    ]
    if not several:
        return styles[0]
    return Style.stack(styles) if regions else Style.mix(styles, weights)


def _parts(style: Source | Sequence[Source]) -> Sequence[Source]:
    return style if isinstance(style, list | tuple) else [cast(Source, style)]


def _check_style(model: Model, content: AnyArray, style: Style, *, regions: bool) -> None:
    model.check_style(style)
    if regions and style.mean.ndim < 2:
        raise ValueError("with masks, style is a list, or a batch, of one style for each region")
    several = style.mean.shape[1:-1] if regions else style.mean.shape[:-1]
    batch = content.shape[0] if content.ndim == 4 else None
    if several not in ((), (1,), (batch,)):
        raise ValueError(
            f"{several[0]} styles for "
            f"{'one image' if batch is None else f'{batch} images'}: give one, or one for each"
        )


def _recolored(style: Source, contents: AnyArray, color: str) -> AnyArray:
    """Recolour the image of a style by a content; several contents give one image each.

    Unless values are traced, this runs on the host, which saves a compilation for each size.
    """
    if isinstance(style, Style):
        raise ValueError(
            f"color={color!r} recolours the image of a style, which a Style does not hold: give "
            'the image, or use color="luminance"'
        )
    images, xp = check_pixels("style", style), jnp
    if not is_traced(style, contents):
        images, contents, xp = np.asarray(images), np.asarray(contents), np
    batch = images[None] if images.ndim == 3 else images
    several = contents if contents.ndim == 4 else contents[None]
    if len(batch) not in (1, len(several)):
        raise ValueError(
            f"{len(batch)} styles for {len(several)} images: give one, or one for each"
        )
    recolored = [recolor(batch[i % len(batch)], x, color, xp=xp) for i, x in enumerate(several)]
    return xp.stack(recolored) if contents.ndim == 4 else recolored[0]
