"""What can be asked of pictures, and making one accordingly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adain_jax.files import masks
from adain_jax.inference.recolor import check_color, recolor, recolors
from adain_jax.inference.tiling import TILE, TILE_ABOVE, check_tile, stylize_tiled
from adain_jax.jobs import style_files
from adain_jax.jobs.plan import Mixture
from adain_jax.model.model import Model
from adain_jax.model.style import Style
from adain_jax.ops.color import keep_chroma
from adain_jax.runtime.memory import freed_memory_given_back

_ROWS = 256  # that are given other colours at a time
_COLORS = 1 << 20  # pixels that a photograph's colours are taken from


@dataclass(frozen=True)
class Controls:
    """What can be asked of pictures.

    Attributes:
        alpha: strength, in [0, 1]; with masks it multiplies the weights of the styles, which are
            then the strengths of the regions.
        extrapolate: allow strengths up to 2.
        alpha_map: a grey image, by which the strength is multiplied, place by place.
        masks: grey images (`files.masks.load_masks`), the regions of the styles of a mixture.
        color: as in `adain_jax.stylize`.
        tile: pixels to a side of windows, 0 for none; None decides by the size of the photograph.
        labels: in place of masks, one image of all regions (`files.masks.load_labels`).
    """

    alpha: float = 1.0
    extrapolate: bool = False
    alpha_map: Path | None = None
    masks: tuple[Path, ...] = ()
    color: str = "style"
    tile: int | None = None
    labels: Path | None = None

    @property
    def recolors(self) -> bool:
        """Whether styles are encoded for each photograph anew."""
        return recolors(check_color(self.color))

    def check(self, model: Model) -> None:
        """Raise `ValueError` for what no picture could be made with."""
        check_color(self.color)
        if self.tile:
            check_tile(self.tile, model)

    def style(
        self,
        mixture: Mixture,
        sources: Sequence[Style | np.ndarray],
        model: Model,
        content: np.ndarray | None = None,
    ) -> Style:
        """The style of what was read for a mixture; for each region one if there are masks.

        `content` is the photograph that they are recoloured to, if they are.
        """
        styles = []
        for (path, _), source in zip(mixture.parts, sources, strict=True):
            if content is not None:
                if isinstance(source, Style):
                    raise ValueError(
                        f"{path} is a style without an image, which cannot be recoloured: give the "
                        "image, or take the colours by luminance"
                    )
                source = recolor(_floats(source), content, self.color, xp=np)
            styles.append(style_files.encode(path, source, model))
        if self.masks or self.labels:
            return Style.stack(styles)
        return Style.mix(styles, [weight for _, weight in mixture.parts])

    def picture(
        self,
        content: np.ndarray,
        style: Style,
        mixture: Mixture,
        model: Model,
        report: Callable[[str], None] = lambda stage: None,
    ) -> np.ndarray:
        """The picture of a photograph (H, W, 3), uint8 or floating in [0, 1], and like it."""
        size = content.shape[:2]
        alpha = np.float32(self.alpha)
        regions = None
        if self.labels:
            regions = masks.load_labels(self.labels, len(mixture.parts), size)
        elif self.masks:
            regions = masks.load_masks(self.masks, len(mixture.parts), size)
        if regions is not None:
            weights = np.array([weight for _, weight in mixture.parts], np.float32)
            alpha = alpha * weights
        if self.alpha_map:
            alpha = np.float32(self.alpha) * masks.load_map(self.alpha_map, size)
        options = {"masks": regions, "extrapolate": self.extrapolate}
        by_windows = size[0] * size[1] > TILE_ABOVE if self.tile is None else self.tile > 0
        if by_windows:
            with freed_memory_given_back():
                picture = stylize_tiled(
                    content,
                    style,
                    alpha=alpha,
                    model=model,
                    tile=self.tile or TILE,
                    progress=lambda done, total: report(f"window {done} of {total}"),
                    **options,
                )
        else:
            picture = model.stylize_any_size(content, style, alpha, **options)
        return _in_colors_of(content, picture) if self.color == "luminance" else picture


def colors_of(content: np.ndarray) -> np.ndarray:
    """A photograph's pixels, or of a large one every so manieth, in floats, to recolour by."""
    step = 1
    while content.shape[0] * content.shape[1] > _COLORS * step * step:
        step += 1
    return _floats(content[::step, ::step])


def _in_colors_of(content: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Luma of the picture and chroma of the content, in strips, for the memory's sake."""
    result = np.array(picture)
    for first in range(0, len(result), _ROWS):
        rows = slice(first, first + _ROWS)
        part = keep_chroma(_floats(picture[rows]), _floats(content[rows]), xp=np)
        result[rows] = np.round(part * 255) if result.dtype == np.uint8 else part
    return result


def _floats(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.float32) / 255 if pixels.dtype == np.uint8 else pixels
