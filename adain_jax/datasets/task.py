"""The settings of a data set: everything that its bytes depend on, except the images."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adain_jax.datasets.bank import Bank
from adain_jax.files import image
from adain_jax.model import Model
from adain_jax.model.arguments import check_alpha
from adain_jax.runtime.threads import threads
from adain_jax.weights import store

ON_CPU, ON_ACCELERATOR = 1, 32  # the number of images that each device computes at once


@dataclass(frozen=True)
class Look:
    """The settings that decide a picture, together with its image and the image's key.

    Numbers of NumPy become Python's, which can be written as JSON.

    Attributes:
        seed: decides, with the key of an image, its styles, strengths and crops.
        per_image: number of pictures of each image.
        alpha: lowest and highest strength.
        size: the shorter side to which images are scaled; 0: they keep their size.
        crop: side of the random square crop of each image; 0: no crop.
        format: suffix of the pictures; None: that of their image, if it can be written.
        quality: quality of JPEG, WebP and AVIF, 1 to 100; None: the default of `image.save`.
        batch: number of images that each device computes at once; 0: 1 on a CPU, 32 on an
            accelerator.
    """

    seed: int = 0
    per_image: int = 1
    alpha: tuple[float, float] = (1.0, 1.0)
    size: int = 0
    crop: int = 0
    format: str | None = None
    quality: int | None = None
    batch: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _plain(getattr(self, field.name)))

    def check(self) -> None:
        """Raise `ValueError` if a setting is wrong."""
        pair = self.alpha if isinstance(self.alpha, tuple) else ()
        if len(pair) != 2 or not all(isinstance(x, int | float) for x in pair):
            raise ValueError(
                f"alpha is two numbers, the least and the greatest strength, not {self.alpha!r}"
            )
        low, high = self.alpha
        zero = np.zeros((8, 8, 3), np.uint8)
        for strength in self.alpha:
            check_alpha(strength, zero, extrapolate=False)
        if low > high:
            raise ValueError(f"alpha is from the least to the greatest, not {low:g} to {high:g}")
        for name, least in (("per_image", 1), ("size", 0), ("crop", 0), ("batch", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name} is a whole number of at least {least}, not {value!r}")
        whole = isinstance(self.quality, int) and 1 <= self.quality <= 100
        if self.quality is not None and not whole:
            raise ValueError(f"quality is a whole number from 1 to 100, not {self.quality!r}")
        if self.size and self.crop > self.size:
            raise ValueError(f"crop {self.crop} is larger than size {self.size}")
        if self.format:
            image.check_writable(f"image{self.format}")


@dataclass(frozen=True)
class Tools:
    """The model and the bank that make pictures. Each worker loads them once.

    Attributes:
        model: the prepared model.
        bank: the bank of styles.
        batch: the number of images computed at once, on all devices of this process together.
        label: the model's entry in the manifest: its architecture, and a checksum of all weights.
        threads: the number of threads that decode and encode.
    """

    model: Model
    bank: Bank
    batch: int
    label: tuple[str, str]
    threads: int

    @classmethod
    def load(cls, model: str | Path | Model, bank: Bank, batch: int = 0) -> "Tools":
        """Load a model, and prepare it, on an accelerator in bfloat16.

        Raises:
            FileNotFoundError: if there is no such model.
            ValueError: if the file is not a model, or the bank's styles are those of another model.
        """
        loaded = model if isinstance(model, Model) else Model.load(model)
        loaded.check_style(bank.styles, "the bank")
        on_cpu = jax.default_backend() == "cpu"
        label = label_of(loaded)
        ready = loaded
        if not loaded.prepared:
            ready = loaded.prepare(dtype=jnp.float32 if on_cpu else jnp.bfloat16)
        batch = batch or (ON_CPU if on_cpu else ON_ACCELERATOR)
        return cls(ready, bank, batch * len(jax.local_devices()), label, threads())


def device() -> str:
    """The kind of this process's device, such as "cpu" or "NVIDIA H100 80GB HBM3"."""
    return jax.local_devices()[0].device_kind


def _plain(value: Any) -> Any:
    """A setting with Python's numbers in place of NumPy's, and tuples in place of arrays."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def label_of(model: Model) -> tuple[str, str]:
    """A model's architecture, and a checksum of all its weights."""
    return model.architecture, store.fingerprint(model.params)
