"""The statistics of frozen styles."""

import hashlib
from pathlib import Path
from typing import Any, SupportsIndex

import jax
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError
from tqdm import tqdm

from adain_jax.model import Model
from adain_jax.networks import PIXELS
from adain_jax.ops.losses import TapStats, tap_stats
from adain_jax.ops.pixels import to_float
from adain_jax.ops.statistics import ChannelStats
from adain_jax.runtime.atomic import atomic_path
from adain_jax.training.sources import Images, middle_square


class StyleBank:
    """The statistics of taps and pixels of the middle square of every painting, computed once.

    They are kept in a file, so that a training that is taken up again need not wait for them.

    Attributes:
        names: of the paintings.
    """

    def __init__(
        self, images: Images, model: Model, crop_size: int, folder: Path, batch_size: int = 8
    ) -> None:
        self.names = images.names
        what = [PIXELS, model.fingerprint, images.places, str(images.size), str(crop_size)]
        what += self.names
        digest = hashlib.sha256("\n".join(what).encode()).hexdigest()[:12]
        path = folder / f"styles-{digest}.safetensors"
        self._stats = _read(path) or _compute(images, crop_size, model, path, batch_size)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: SupportsIndex) -> Any:
        return jax.tree.map(lambda x: x[int(index)], self._stats)


def _read(path: Path) -> TapStats | None:
    try:
        arrays = safetensors.numpy.load_file(path)
    except (FileNotFoundError, SafetensorError):
        return None
    taps = sorted({key.split(".")[0] for key in arrays})
    return {
        tap: ChannelStats(arrays[f"{tap}.mean"], arrays[f"{tap}.std"])  # type: ignore[arg-type]
        for tap in taps
    }


def _compute(images: Images, crop_size: int, model: Model, path: Path, batch_size: int) -> TapStats:
    encode = jax.jit(lambda model, x: tap_stats({PIXELS: x, **model.taps(x)}))
    parts = []
    with tqdm(total=len(images), desc="styles", unit="image") as bar:
        for start in range(0, len(images), batch_size):
            stop = min(start + batch_size, len(images))
            batch = np.stack([middle_square(images[i], crop_size) for i in range(start, stop)])
            # One shape for all, and so one compilation: the last batch is filled up.
            filled = np.pad(batch, ((0, start + batch_size - stop), *((0, 0),) * 3), mode="edge")
            stats = encode(model, to_float(filled, xp=np))
            parts.append(jax.tree.map(lambda x, count=stop - start: np.asarray(x)[:count], stats))
            bar.update(stop - start)
    stats: TapStats = jax.tree.map(lambda *xs: np.concatenate(xs), *parts)
    arrays = {
        f"{tap}.{field}": value
        for tap, pair in stats.items()
        for field, value in pair._asdict().items()
    }
    with atomic_path(path) as temporary:
        temporary.write_bytes(safetensors.numpy.save(arrays))
    return stats
