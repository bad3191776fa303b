"""Stylization of Ray Data data sets, as a step of other pipelines."""

import os
from importlib import import_module
from typing import Any

import numpy as np

from adain_jax.datasets.bank import Bank, as_bank
from adain_jax.datasets.pictures import make
from adain_jax.datasets.records import Record
from adain_jax.datasets.task import Look, Tools
from adain_jax.model import Style

# A worker gets so many batches of rows at once, so that it can compute images of one size together.
_BATCHES = 4


def stylize(
    dataset: Any,
    bank: Bank | Style | str | os.PathLike,
    *,
    image: str = "image",
    key: str = "key",
    look: Look | None = None,
    model: str = "vgg16",
    workers: int = 1,
    **resources: Any,
) -> Any:
    """Give the images of a Ray Data data set random styles, as `adain-jax dataset` does.

    It is lazy, as Ray Data is. Style, strength and copies follow from the seed and the key alone.

    Args:
        dataset: a `ray.data.Dataset` of rows with an image and a key.
        bank: a bank of styles, or the file of one, which `adain-jax style --bank` makes.
        image: name of the column of images: arrays (H, W, 3) uint8, or the bytes of files.
        key: name of the column of keys, texts or numbers.
        look: seed, strengths, copies and so on; `size`, `format` and `quality` apply to files only.
        model: name of a model, or a file that all workers can read.
        workers: number of workers; each has its own model.
        resources: resources of each worker, such as `num_gpus=1` or `num_cpus=2`.

    Returns:
        A `ray.data.Dataset` with the same columns and `per_image` rows for each row. Images remain
        arrays or bytes. It also has the columns `style` (its name), `alpha` and `copy`.

    Raises:
        ValueError: if an argument does not fit its description; when it runs, if an image cannot be
            read.
    """
    if not hasattr(dataset, "map_batches"):
        raise ValueError(f"dataset is one of Ray Data's, not {type(dataset).__name__}")
    look = look or Look()
    look.check()
    return dataset.map_batches(
        _Stylist,
        fn_constructor_args=(as_bank(bank), image, key, look, model),
        batch_size=_BATCHES * (look.batch or 32),
        batch_format="numpy",
        compute=import_module("ray.data").ActorPoolStrategy(size=workers),
        **resources,
    )


class _Stylist:
    """Stylizes rows, given as columns. It holds the model and the bank."""

    def __init__(self, bank: Bank, image: str, key: str, look: Look, model: str) -> None:
        self._image, self._key, self._look = image, key, look
        self._tools = Tools.load(model, bank, look.batch)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        for name in (self._image, self._key):
            if name not in batch:
                raise ValueError(f"the data set has no column {name}, but {', '.join(batch)}")
        records = [
            Record(str(key), image, str(key), fields={"row": i})
            for i, (key, image) in enumerate(zip(batch[self._key], batch[self._image], strict=True))
        ]
        made = list(make(records, self._look, self._tools))
        for one in made:
            if one.error:
                raise ValueError(f"{one.record.key}: {one.error}")
        rows = np.array([one.record.fields["row"] for one in made], int)
        copies = [one.copy for one in made if one.copy]
        columns = {name: np.asarray(values)[rows] for name, values in batch.items()}
        columns[self._image] = _column([one.picture.data for one in made if one.picture])
        columns["style"] = np.array([self._tools.bank.names[x.choice.style] for x in copies])
        columns["alpha"] = np.array([x.choice.alpha for x in copies], np.float32)
        columns["copy"] = np.array([x.number for x in copies], np.int32)
        return columns


def _column(values: list[Any]) -> np.ndarray:
    """Stack values to one array or, if their shapes differ, put them into an array of objects."""
    if isinstance(values[0], np.ndarray) and len({x.shape for x in values}) == 1:
        return np.stack(values)
    column = np.empty(len(values), object)
    column[:] = values
    return column
