"""The settings of a figure: images, sizes, time."""

import time
from dataclasses import dataclass, field, replace

import numpy as np
from tqdm import tqdm

from adain_jax.training.config import TrainConfig
from adain_jax.training.sources import Images, middle_square

_KEPT = 400  # the largest number of images of a folder that a training uses


@dataclass(frozen=True)
class Settings:
    """The settings of one figure.

    Raises:
        ValueError: if a field is wrong; the message names every such field.
    """

    # Folders of photographs and paintings for training, and folders of the images that are shown
    # and measured. No image should be in both.
    content: str
    style: str
    shown_content: str
    shown_style: str
    # The time of the figure in seconds, roughly; or, if not 0, the steps of each of its trainings.
    seconds: float = 120.0
    steps: int = 0
    # Sides in pixels: of training crops, of pictures that are measured and shown, and of pictures
    # that are timed for the table.
    crop: int = 64
    size: int = 256
    timed: tuple[int, ...] = (256, 512)
    # The number of images in a training batch, and the number of pairs that are measured.
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
        """Check the folders. Call it before the trainings.

        Raises:
            FileNotFoundError: if a folder is missing, or has no image.
            ValueError: if no image of a folder can be used at the size at which it is read.
        """
        for place in (self.content, self.style):
            Images(place, self._side)
        for place in (self.shown_content, self.shown_style):
            Images(place, self.size)

    def left(self, share: float = 1.0) -> float:
        """The seconds left of a share of the figure's time."""
        return max(0.0, share * self.seconds - (time.monotonic() - self.started))

    def sized(self, recipe: TrainConfig) -> TrainConfig:
        """A recipe with crops of `crop` pixels, of images that are not larger."""
        return replace(
            recipe,
            content_size=self.crop,
            style_size=self.crop,
            crop_size=self.crop,
            style_crop_size=self.crop,
        )

    @property
    def _side(self) -> int:
        """The side at which training images are read, a quarter larger than the crops."""
        return self.crop * 5 // 4

    @property
    def training(self) -> np.ndarray:
        """The training photographs, uint8, a quarter larger than the crops."""
        return squares(self.content, self._side, _KEPT)

    @property
    def paintings(self) -> np.ndarray:
        """The training paintings, uint8, a quarter larger than the crops."""
        return squares(self.style, self._side, _KEPT)

    def shown(self, contents: int, styles: int) -> tuple[np.ndarray, np.ndarray]:
        """Photographs and paintings to show and measure, uint8 (N, size, size, 3)."""
        return (
            squares(self.shown_content, self.size, contents),
            squares(self.shown_style, self.size, styles),
        )


def squares(place: str, size: int, limit: int) -> np.ndarray:
    """Central squares, uint8, of up to `limit` images spread evenly over a folder."""
    images = Images(place, size)
    chosen = np.linspace(0, len(images) - 1, min(limit, len(images))).astype(int)
    bar = tqdm(chosen, desc=f"read {place}", unit="image", disable=None, leave=False)
    return np.stack([middle_square(images[index], size) for index in bar])
