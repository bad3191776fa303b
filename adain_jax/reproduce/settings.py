"""What the figures share: where images are, how large and how long."""

import time
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from adain_jax.training.sources import Images, middle_square

_KEPT = 400  # images of a folder that a training uses


@dataclass(frozen=True)
class Settings:
    """Of one figure.

    Raises:
        ValueError: naming every field that is wrong.
    """

    # Folders of photographs and paintings to train with, and those of which pictures are shown and
    # measured; these should not be among the former.
    content: str
    style: str
    shown_content: str
    shown_style: str
    # Seconds that the figure may take, about; or, if not 0, the steps of every training in it.
    seconds: float = 120.0
    steps: int = 0
    # Sides, in pixels: of the trainings' crops, of the pictures that are measured and shown, and of
    # those that the table times.
    crop: int = 64
    size: int = 256
    timed: tuple[int, ...] = (256, 512)
    # Images in a training's batch, and pairs that are measured.
    batch: int = 4
    pairs: int = 6
    model: str = "vgg16"
    seed: int = 0
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        sides = {"crop": (self.crop,), "size": (self.size,), "timed": self.timed}
        problems = [
            f"{name} is a multiple of 8 from 32 on, not {side}"
            for name, values in sides.items()
            for side in values
            if side < 32 or side % 8
        ]
        problems += [
            f"{name} is at least 1, not {getattr(self, name)}"
            for name in ("batch", "pairs")
            if getattr(self, name) < 1
        ]
        if not 0 < self.seconds < float("inf"):
            problems.append(f"the budget is positive, and finite, not {self.seconds:g} s")
        if self.steps < 0:
            problems.append(f"steps must not be negative, not {self.steps}")
        if problems:
            raise ValueError("; ".join(problems))

    def check_folders(self) -> None:
        """Raise what a folder that cannot be used is wrong with: better before the trainings."""
        for place in (self.content, self.style, self.shown_content, self.shown_style):
            Images(place, self.size)

    def left(self, share: float = 1.0) -> float:
        """Seconds that are left of this share of the figure's time."""
        return max(0.0, share * self.seconds - (time.monotonic() - self.started))

    @property
    def training(self) -> np.ndarray:
        """Photographs to train with, uint8, a quarter larger than the crops."""
        return squares(self.content, self.crop * 5 // 4, _KEPT)

    @property
    def paintings(self) -> np.ndarray:
        """Paintings to train with, likewise."""
        return squares(self.style, self.crop * 5 // 4, _KEPT)

    def shown(self, contents: int, styles: int) -> tuple[np.ndarray, np.ndarray]:
        """The first photographs and paintings to show, uint8 (N, size, size, 3)."""
        return (
            squares(self.shown_content, self.size, contents),
            squares(self.shown_style, self.size, styles),
        )


def squares(place: str, size: int, limit: int) -> np.ndarray:
    """The middle squares of at most so many images of a folder, evenly chosen, uint8."""
    images = Images(place, size)
    chosen = np.linspace(0, len(images) - 1, min(limit, len(images))).astype(int)
    bar = tqdm(chosen, desc=f"read {place}", unit="image", disable=None, leave=False)
    return np.stack([middle_square(images[index], size) for index in bar])
