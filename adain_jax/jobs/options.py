"""What can be asked of pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adain_jax.inference.plan import Bucketed, Plan, Tiled, check_tile
from adain_jax.inference.recolor import check_color, recolors
from adain_jax.model import Model


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
    def regions(self) -> bool:
        """Whether each style is for a region of its own."""
        return bool(self.masks or self.labels)

    @property
    def recolors(self) -> bool:
        """Whether styles are encoded for each photograph anew."""
        return recolors(check_color(self.color))

    @property
    def plan(self) -> Plan | Literal["auto"]:
        """How pictures are made."""
        if self.tile is None:
            return "auto"
        return Tiled(self.tile) if self.tile else Bucketed()

    def check(self, model: Model) -> None:
        """Raise `ValueError` for what no picture could be made with."""
        check_color(self.color)
        if self.tile:
            check_tile(self.tile, model)
