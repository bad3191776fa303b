"""Validation during a training: the losses on images kept for it, and a grid of pictures."""

import jax
import numpy as np

from adain_jax.files.sheet import sheet
from adain_jax.model import Model
from adain_jax.networks.params import Params
from adain_jax.stylize import stylize
from adain_jax.training.combinations import choose_pairs
from adain_jax.training.config import TrainConfig
from adain_jax.training.sources import Images, middle_square
from adain_jax.training.step import make_loss

_GRID = 3  # the number of contents, and of styles
_ALPHAS = (1.0, 0.5)


class Validation:
    """Computes the losses on fixed pairs: central squares of the images kept for validation."""

    def __init__(
        self, config: TrainConfig, architecture: str, contents: Images, styles: Images
    ) -> None:
        pairs = choose_pairs(len(contents), len(styles), config.validation_samples)
        batch_size = min(config.batch_size, 8)  # validation always runs on one device
        self._batches = [
            {
                "content": np.stack([_square(contents, i, config.crop_size) for i, _ in part]),
                "style": np.stack([_square(styles, j, config.style_crop_size) for _, j in part]),
            }
            for part in np.array_split(pairs, -(-len(pairs) // batch_size))
        ]
        self._losses = {
            phase: jax.jit(make_loss(config, architecture, phase))
            for phase in ("style", "reconstruction")
        }
        self._last_step = config.steps  # the losses are weighted as at the end of the schedules

    def __call__(self, params: Params, frozen: Params) -> dict[str, float]:
        """Compute the mean losses by name; `reconstruction_loss` is the one at alpha 0."""
        sums: dict[str, float] = {}
        count = 0
        for batch in self._batches:
            size = len(batch["content"])
            _, metrics = self._losses["style"](params, frozen, batch, self._last_step)
            _, at_zero = self._losses["reconstruction"](params, frozen, batch, self._last_step)
            for name, value in {**at_zero, **metrics}.items():
                sums[name] = sums.get(name, 0.0) + size * float(value)
            count += size
        return {name: total / count for name, total in sums.items()}


class PictureGrid:
    """Makes a grid of a few contents in a few styles, at two strengths.

    The styles stand above their columns. A row shows a content, what the decoder makes of it at
    alpha 0, and the pictures; each content has a row at alpha 1 and one at 0.5.
    """

    def __init__(self, config: TrainConfig, contents: Images, styles: Images) -> None:
        size = min(config.crop_size, config.style_crop_size)
        self._contents = np.stack([_square(contents, i, size) for i in range(_GRID)])
        self._styles = np.stack([_square(styles, i, size) for i in range(_GRID)])

    def __call__(self, model: Model) -> np.ndarray:
        """Make the grid, uint8 (H, W, 3)."""
        styles = model.style(self._styles)
        rows: list[list[np.ndarray | None]] = [[None, None, *self._styles]]
        for content in self._contents:
            batch = np.repeat(content[None], _GRID, 0)
            plain = np.asarray(stylize(batch, styles, alpha=0.0, model=model))[0]
            for alpha in _ALPHAS:
                pictures = np.asarray(stylize(batch, styles, alpha=alpha, model=model))
                rows.append([content, plain, *pictures])
        return sheet(rows, self._contents.shape[1:3])


def _square(images: Images, index: int, size: int) -> np.ndarray:
    return middle_square(images[index % len(images)], size)
