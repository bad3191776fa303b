"""The controls of pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adain_jax.inference.plan import Bucketed, Plan, Tiled, check_tile
from adain_jax.inference.recolor import check_color, recolors
from adain_jax.model import Model


@dataclass(frozen=True)
class Controls:
    """The controls of pictures.

    Attributes:
        alpha: the strength, in [0, 1]. With regions, it is multiplied by the weight of each style,
            which is the strength in the style's region.
        extrapolate: whether strengths up to 2 are allowed.
        alpha_map: a grey image by which the strength is multiplied at each pixel.
        masks: grey images (`files.masks.load_masks`), the regions of the styles of a mixture.
        color: the colours, as in `adain_jax.stylize`.
        tile: the side of windows in pixels; 0: no windows; None: the photograph's size decides.
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
    def regions(self) -> bool:
        """Whether each style has its own region."""
        return bool(self.masks or self.labels)

    @property
    def recolors(self) -> bool:
        """Whether styles are encoded again for each photograph."""
        return recolors(check_color(self.color))

    @property
    def plan(self) -> Plan | Literal["auto"]:
        """The plan by which pictures are made."""
        if self.tile is None:
            return "auto"
        return Tiled(self.tile) if self.tile else Bucketed()

    def check(self, model: Model) -> None:
        """Raise `ValueError` if no picture can be made with these controls."""
        check_color(self.color)
        if self.tile:
            check_tile(self.tile, model)
