"""Batches of photographs and paintings, in an order that the seed alone decides."""

import os
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from typing import Any

import grain
import numpy as np

from adain_jax.ops.color import LUMA
from adain_jax.training.bank import StyleBank
from adain_jax.training.config import TrainConfig
from adain_jax.training.sources import Images, middle_square


class Pairs:
    """Pairs of a content and a style, shuffled independently, without end.

    Pair number i depends on the seed, the recipe and the lists of images alone: whoever knows how
    many pairs were used can go on from there, on any number of hosts.

    >>> import tempfile, numpy as np
    >>> from adain_jax.files import image
    >>> from adain_jax.training.config import TrainConfig
    >>> from adain_jax.training.sources import Images, middle_square
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     image.save(f"{folder}/gray.png", np.full((20, 30, 3), 128, np.uint8))
    ...     images = Images(folder, 16)
    ...     config = TrainConfig(content_size=16, crop_size=8, style_size=16, style_crop_size=8)
    ...     batch = next(Pairs(config, images, images).batches(0, 4))
    >>> batch["content"].shape
    (4, 8, 8, 3)
    """

    def __init__(
        self,
        config: TrainConfig,
        contents: Images,
        styles: Images,
        freeze: Callable[[Images], StyleBank] | None = None,
    ) -> None:
        """Order the images.

        Args:
            config: the recipe.
            contents: photographs.
            styles: paintings.
            freeze: makes the statistics of them all, if those are wanted in place of crops.

        Raises:
            ValueError: if a pattern of the weights fits no image.
        """
        self._orders = (
            _order(contents.names, config.content_weights, config.seed),
            _order(styles.names, config.style_weights, config.seed + 1),
        )
        self._names = contents.names, styles.names
        content = self._orders[0].map(contents.__getitem__)
        parts = {"content": _crops(content, config.crop_size, config.flip)}
        if freeze:
            parts["style_stats"] = self._orders[1].map(freeze(styles).__getitem__)
        if freeze and config.network:  # which needs the same pixels for features of its own
            parts["style"] = self._orders[1].map(
                lambda index: middle_square(styles[index], config.style_crop_size)
            )
        elif not freeze:
            style = self._orders[1].map(styles.__getitem__)
            style = _crops(style, config.style_crop_size, config.flip)
            parts["style"] = _recolored(style, config)
        zipped = grain.experimental.ZipMapDataset(list(parts.values()))
        self._dataset = zipped.map(lambda items: dict(zip(parts, items, strict=True)))

    def batches(
        self, start: int, batch_size: int, *, process: int = 0, processes: int = 1
    ) -> Iterator[dict[str, Any]]:
        """One host's part of every batch, decoded ahead by threads.

        Args:
            start: pairs used before.
            batch_size: pairs in a batch, over all hosts.
            process: number of this host.
            processes: number of hosts, a divisor of `batch_size`.

        Yields:
            `content`, uint8 (N, crop, crop, 3), and `style`, likewise; if styles are frozen,
            `style_stats`, the `tap_stats` of each painting, and `style` only for a network with an
            encoder of its own.
        """
        # The bound is no pair anyone gets to; without it, grain overflows on batches of one.
        part = self._dataset[start + process : 1 << 60 : processes].batch(batch_size // processes)
        threads = max(2, min(16, os.cpu_count() or 2))  # each makes a batch
        options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=2 * threads)
        return iter(part.to_iter_dataset(options))

    def names(self, start: int, count: int) -> list[tuple[str, str]]:
        """The content and the style of pairs, by name."""
        numbers = range(start, start + count)
        contents, styles = (
            [names[order[i]] for i in numbers]  # type: ignore[index]
            for names, order in zip(self._names, self._orders, strict=True)
        )
        return list(zip(contents, styles, strict=True))


def parse_weights(text: str) -> list[tuple[str, float]]:
    """`"a*=0.3, b*=2"` as pairs of pattern and weight.

    >>> parse_weights("vangogh_*=0.3, photos/*=2")
    [('vangogh_*', 0.3), ('photos/*', 2.0)]
    """
    pairs = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        pattern, _, weight = item.rpartition("=")
        try:
            pairs.append((pattern, float(weight)))
        except ValueError:
            raise ValueError(f"config: {item!r} is no pattern=weight") from None
        if not pattern or not 0 <= pairs[-1][1] < float("inf"):
            raise ValueError(f"config: {item!r} is no pattern=weight of at least 0")
    return pairs


def _order(names: Sequence[str], weights: str, seed: int) -> grain.MapDataset:
    """Indices of images, each once before any comes again, or as often as weights say."""
    patterns = [*parse_weights(weights), ("*", 1.0)]
    groups: list[list[int]] = [[] for _ in patterns]
    for index, name in enumerate(names):
        groups[next(i for i, (pattern, _) in enumerate(patterns) if fnmatch(name, pattern))].append(
            index
        )
    for (pattern, _), group in zip(patterns[:-1], groups, strict=False):
        if not group:
            raise ValueError(f"config: no image's name fits the pattern {pattern!r}")
    parts, shares = [], []
    for (_, weight), group in zip(patterns, groups, strict=True):
        if group and weight:
            parts.append(grain.MapDataset.source(group).seed(seed).shuffle().repeat())
            shares.append(weight * len(group))
    if not parts:
        raise ValueError("config: the weights leave no image")
    # Seeded again, for the random transformations that follow.
    return grain.MapDataset.mix(parts, weights=shares).seed(seed)


def _crops(images: grain.MapDataset, size: int, flip: bool) -> grain.MapDataset:
    def crop(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        top, left = (int(rng.integers(side - size + 1)) for side in array.shape[:2])
        array = array[top : top + size, left : left + size]
        return array[:, ::-1] if flip and rng.random() < 0.5 else array

    return images.random_map(crop)


def _recolored(images: grain.MapDataset, config: TrainConfig) -> grain.MapDataset:
    def recolor(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        gray, permute, invert = rng.random(3)
        if gray < config.style_gray:
            luma = np.round(array @ np.array(LUMA, np.float32)).astype(np.uint8)
            array = np.repeat(luma[..., None], 3, axis=-1)
        if permute < config.style_permute:
            array = array[..., rng.permutation(3)]
        return 255 - array if invert < config.style_invert else array

    if not (config.style_gray or config.style_permute or config.style_invert):
        return images
    return images.random_map(recolor)
