"""Random styles in pipelines of grain, which the extra `train` installs."""

import os
from collections.abc import Mapping
from typing import Any

import grain
import numpy as np

from adain_jax.datasets.bank import Bank, as_bank
from adain_jax.inference.request import Request
from adain_jax.inference.stream import rendered
from adain_jax.model import Model, Style
from adain_jax.stylize import model_or, prepared


class RandomStyle(grain.transforms.RandomMap):
    """Gives the image of an element, or each image of a batch, a random style and strength.

    Style and strength come from grain's own generator, from the pipeline's seed and the position of
    the element, so they differ between epochs. The model runs in this process, so use threads in
    grain and no worker processes. Inside a training step, `adain_jax.random_style` keeps everything
    on the device.

    >>> import adain_jax
    >>> rng = np.random.default_rng(0)
    >>> photos = [rng.integers(256, size=(16, 16, 3), dtype=np.uint8) for _ in range(4)]
    >>> model = adain_jax.load("fast")
    >>> transform = RandomStyle(model.style(np.stack(photos)), alpha=(0.5, 1.0), model=model)
    >>> dataset = grain.MapDataset.source(photos).seed(0).map(lambda x: {"image": x, "label": 1})
    >>> element = dataset.random_map(transform)[0]
    >>> element["image"].shape, element["image"].dtype, element["label"]
    ((16, 16, 3), dtype('uint8'), 1)
    """

    def __init__(
        self,
        bank: Bank | Style | str | os.PathLike,
        *,
        alpha: tuple[float, float] = (0.0, 1.0),
        probability: float = 1.0,
        image: str = "image",
        model: Model | None = None,
    ) -> None:
        """Take a bank.

        Args:
            bank: a bank of styles, or the file of one, which `adain-jax style --bank` makes.
            alpha: lowest and highest strength, within [0, 1].
            probability: probability that an image gets a style; otherwise it is unchanged.
            image: the key of images, (H, W, 3) or (N, H, W, 3), uint8 or floating in [0, 1].
            model: the model of the bank; by default "vgg16".

        Raises:
            ValueError: if an argument does not fit its description.
        """
        if len(alpha) != 2 or not 0 <= alpha[0] <= alpha[1] <= 1:
            raise ValueError(f"alpha is two numbers, 0 <= low <= high <= 1, not {alpha}")
        if not 0 <= probability <= 1:
            raise ValueError(f"probability is between 0 and 1, not {probability}")
        self._model = model_or(prepared, model)
        self._bank = as_bank(bank)
        self._model.check_style(self._bank.styles, "the bank")
        self._alpha, self._probability, self._image = alpha, probability, image

    def random_map(self, element: Mapping[str, object], rng: np.random.Generator) -> Any:
        """The element with stylized images of the same shape and dtype."""
        images = np.asarray(element[self._image])
        batch = images if images.ndim == 4 else images[None]
        styles = rng.integers(len(self._bank), size=len(batch))
        strengths = rng.uniform(*self._alpha, size=len(batch)).astype(np.float32)
        chosen = rng.uniform(size=len(batch)) < self._probability
        requests = [
            Request(batch[i], self._bank[styles[i]], strengths[i]) for i in np.flatnonzero(chosen)
        ]
        made = np.array(batch)
        for i, picture in zip(
            np.flatnonzero(chosen),
            rendered(self._model, requests, batch_size=len(batch)),
            strict=True,
        ):
            made[i] = picture
        return {**element, self._image: made if images.ndim == 4 else made[0]}
