"""Batches of photographs and paintings, in an order that the seed alone decides."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, SupportsIndex

import grain
import jax
import numpy as np
from tqdm import tqdm

from adain_jax.files import image
from adain_jax.model import Model
from adain_jax.training.config import TrainConfig
from adain_jax.training.losses import TapStats, tap_stats

CACHE_BYTES = 4 << 30  # of decoded images, for each kind


class ImageFolder:
    """The images of folders as uint8 arrays, scaled to one shorter side.

    Those that fit into `CACHE_BYTES` are decoded once and kept in memory.
    """

    def __init__(self, folders: str, size: int) -> None:
        """`folders` are separated by commas; raises `FileNotFoundError` as `files.image.find`."""
        self.paths = _find(folders)
        self._size = size
        self._cache: dict[int, np.ndarray] = {}
        self._free = CACHE_BYTES
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: SupportsIndex) -> np.ndarray:
        index = int(index)
        cached = self._cache.get(index)
        if cached is None:
            rgb = image.load(self.paths[index], size=self._size).rgb
            cached = np.round(rgb * 255).astype(np.uint8)
            with self._lock:
                if self._free >= cached.nbytes and index not in self._cache:
                    self._cache[index] = cached
                    self._free -= cached.nbytes
        return cached


class StyleBank:
    """The tap statistics of every painting of folders, computed once."""

    def __init__(self, folders: str, size: int, model: Model, batch_size: int = 8) -> None:
        paths = _find(folders)
        encode = jax.jit(lambda model, images: tap_stats(model.taps(images)))
        parts = []
        with tqdm(total=len(paths), desc="styles", unit="image") as bar:
            for start in range(0, len(paths), batch_size):
                batch = _squares(paths[start : start + batch_size], size)
                # One shape for all, and so one compilation: the last batch is filled up.
                filled = np.concatenate([batch, batch[:1].repeat(batch_size - len(batch), 0)])
                stats = jax.tree.map(np.asarray, encode(model, filled))
                parts.append((stats, len(batch)))
                bar.update(len(batch))
        self._stats: TapStats = jax.tree.map(
            lambda *xs: np.concatenate([x[:n] for x, (_, n) in zip(xs, parts, strict=True)]),
            *(stats for stats, _ in parts),
        )
        self._length = len(paths)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: SupportsIndex) -> Any:
        return jax.tree.map(lambda x: x[int(index)], self._stats)


def make_batches(config: TrainConfig, model: Model) -> grain.IterDataset:
    """An endless dataset of `{"content": ..., "style": ...}`, shuffled independently.

    `content` is uint8 (N, crop, crop, 3); `style` likewise, or, if frozen, the `tap_stats` of each
    painting. Its iterator's state can be saved and restored.
    """
    photos = ImageFolder(config.content, config.content_size)
    content = _crops(photos, config.crop_size, config.seed)
    if config.frozen_styles:
        bank = StyleBank(config.style, config.style_size, model)
        style = grain.MapDataset.source(bank).seed(config.seed + 1).shuffle().repeat()
    else:
        folder = ImageFolder(config.style, config.style_size)
        style = _crops(folder, config.style_crop_size, config.seed + 1)
    pairs = grain.experimental.ZipMapDataset([content, style])
    batches = pairs.map(_name_pair).batch(config.batch_size)
    return batches.to_iter_dataset(grain.ReadOptions(num_threads=2, prefetch_buffer_size=4))


def _find(folders: str) -> list[Path]:
    return [path for folder in folders.split(",") for path in image.find(folder.strip())]


def _crops(folder: ImageFolder, size: int, seed: int) -> grain.MapDataset:
    def crop(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        top, left = (int(rng.integers(side - size + 1)) for side in array.shape[:2])
        return array[top : top + size, left : left + size]

    return grain.MapDataset.source(folder).seed(seed).shuffle().repeat().random_map(crop)


def _name_pair(pair: tuple[Any, Any]) -> dict[str, Any]:
    return {"content": pair[0], "style": pair[1]}


def _squares(paths: Sequence[Path], size: int) -> np.ndarray:
    return np.stack([image.load(path, size=size, square=True).rgb for path in paths])
