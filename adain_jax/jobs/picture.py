"""Makes one picture with its controls."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from adain_jax.files import masks
from adain_jax.inference.plan import Plan, Tiled, choose
from adain_jax.inference.render import render
from adain_jax.inference.request import Request, ask
from adain_jax.jobs import style_files
from adain_jax.jobs.options import Controls
from adain_jax.jobs.plan import Mixture
from adain_jax.model import Model, Style
from adain_jax.model.arguments import EXTRAPOLATION

Sources = Sequence[Style | np.ndarray]  # the styles of a mixture, or their images, as read


def encode(mixture: Mixture, sources: Sources, controls: Controls, model: Model) -> Style | Sources:
    """Encode the styles of a mixture to one style, or with masks to one style per region.

    If styles are recoloured for each photograph, they remain images.

    Raises:
        ValueError: if a style belongs to another model, or has no image to be recoloured.
    """
    named = [(path, source) for (path, _), source in zip(mixture.parts, sources, strict=True)]
    if not controls.recolors:
        styles = [style_files.encode(path, source, model) for path, source in named]
        if controls.regions:
            return Style.stack(styles)
        return Style.mix(styles, [weight for _, weight in mixture.parts])
    for path, source in named:
        if isinstance(source, Style):
            raise ValueError(
                f"{path} is a style without an image, which cannot be recoloured: give the image, "
                "or take the colours by luminance"
            )
    return sources


def make(
    content: np.ndarray,
    style: Style | Sources,
    mixture: Mixture,
    controls: Controls,
    model: Model,
    report: Callable[[str], None] = lambda stage: None,
) -> np.ndarray:
    """Make the picture of a photograph (H, W, 3), uint8 or floating in [0, 1], of the same kind.

    `style` is from `encode`; `report` is called with the progress of windows.
    """
    size = content.shape[:2]
    plan = choose(controls.plan, content.shape, model)
    if isinstance(plan, Tiled):
        plan = replace(plan, progress=lambda done, total: report(f"window {done} of {total}"))
    regions, strengths = regions_of(mixture, controls, size), map_of(controls, size)
    request = request_for(content, style, mixture, controls, model, plan, regions, strengths)
    return np.asarray(render(model, request, plan))


def regions_of(mixture: Mixture, controls: Controls, size: tuple[int, int]) -> np.ndarray | None:
    """Read the regions of a photograph of this size (H, W) from their files, if there are any."""
    if controls.labels:
        return masks.load_labels(controls.labels, len(mixture.parts), size)
    if controls.masks:
        return masks.load_masks(controls.masks, len(mixture.parts), size)
    return None


def map_of(controls: Controls, size: tuple[int, int]) -> np.ndarray | None:
    """Read the map of strengths for a photograph of this size, if there is one."""
    return masks.load_map(controls.alpha_map, size) if controls.alpha_map else None


def strengths_of(mixture: Mixture, alpha: float, controls: Controls) -> np.ndarray:
    """The strength of each region, its style's weight times `alpha`, as float32.

    Raises:
        ValueError: if one is out of range.
    """
    strengths = np.float32(alpha) * np.array([weight for _, weight in mixture.parts], np.float32)
    most = EXTRAPOLATION if controls.extrapolate else 1
    for (path, _), strength in zip(mixture.parts, strengths, strict=True):
        if not 0 <= strength <= most:
            raise ValueError(
                f"{path}: with regions, its weight is its strength (times --alpha), between 0 and "
                f"{most:g}, not {strength:g} (--allow-extrapolation: up to {EXTRAPOLATION:g})"
            )
    return strengths


def request_for(
    content: np.ndarray,
    style: Style | Sources,
    mixture: Mixture,
    controls: Controls,
    model: Model,
    plan: Plan | Literal["auto"],
    regions: np.ndarray | None,
    strengths: np.ndarray | None,
) -> Request:
    """The request for the picture of a photograph; regions and strengths have its size.

    Raises:
        ValueError: if the strength of a region is out of range, or `ask` refuses an argument.
    """
    alpha = np.float32(controls.alpha)
    if regions is not None:
        alpha = strengths_of(mixture, controls.alpha, controls)
    if strengths is not None:
        alpha = np.float32(controls.alpha) * strengths
    mixed = not isinstance(style, Style) and regions is None
    return ask(
        model,
        content,
        style,
        alpha=alpha,
        weights=[weight for _, weight in mixture.parts] if mixed else None,
        masks=regions,
        color=controls.color,
        extrapolate=controls.extrapolate,
        plan=plan,
    )
