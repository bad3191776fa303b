"""Streams of random crops, decoded by threads; the seed and weights decide their order."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import numpy as np

from adain_jax.runtime.threads import threads
from adain_jax.training.config import TrainConfig
from adain_jax.training.sources import Images

if TYPE_CHECKING:
    import grain  # imported where it is used: images that fit into memory are not streamed

# The fields of a recipe that decide the crops, beside their sizes and the images.
_OF_CROPS = (
    *("content_weights", "style_weights", "content_size", "style_size"),
    *("flip", "style_gray", "style_permute", "style_invert", "style_hue", "style_contrast"),
    *("style_gamma", "style_synthetic"),
)


class Stream:
    """An endless stream of random crops of images in random order.

    Without weights, each image comes once before any comes again. Crop number i depends only on the
    seed, the weights and the list of images; so the number of used crops is all that is needed to
    continue a stream, on any number of hosts.

    >>> import tempfile, numpy as np
    >>> from adain_jax.files import image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     image.save(f"{folder}/gray.png", np.full((20, 30, 3), 128, np.uint8))
    ...     batch = next(Stream(Images(folder, 16), 8).batches(0, 4))
    >>> batch["image"].shape, batch["number"].tolist()
    ((4, 8, 8, 3), [0, 0, 0, 0])
    """

    def __init__(
        self,
        images: Images,
        crop_size: int,
        *,
        weights: str = "",
        flip: bool = False,
        seed: int = 0,
    ) -> None:
        """Order the images.

        Args:
            images: the images that are cropped.
            crop_size: the side of the crops, in pixels.
            weights: weights of the images by their names, as `parse_weights` takes them.
            flip: whether to mirror half of the crops.
            seed: the seed of the order and of the crops.

        Raises:
            ValueError: if the weights cannot be parsed, a pattern fits no image, or no weight is
                positive.
        """
        frequencies = weights_of(images.names, weights)

        def crop(index: int, rng: np.random.Generator) -> dict[str, object]:
            number, array = images.decoded(index, weights=frequencies, keep=True)
            top, left = (int(rng.integers(side - crop_size + 1)) for side in array.shape[:2])
            array = array[top : top + crop_size, left : left + crop_size]
            array = array[:, ::-1] if flip and rng.random() < 0.5 else array
            return {"image": array, "number": np.int32(number)}

        self._dataset = _order(frequencies, seed).random_map(crop)

    def batches(
        self, start: int, batch_size: int, *, process: int = 0, processes: int = 1
    ) -> Iterator[dict[str, np.ndarray]]:
        """Yield one host's part of every batch, decoded ahead by threads.

        Args:
            start: the number of crops that were used before.
            batch_size: the number of crops in a batch, over all hosts.
            process: the number of this host.
            processes: the number of hosts, a divisor of `batch_size`.

        Yields:
            `image`, uint8 (N, crop, crop, 3), and `number`, the index of each image, int32 (N,).
        """
        import grain

        # No training reaches the bound; without it, grain overflows on batches of one.
        part = self._dataset[start + process : 1 << 60 : processes].batch(batch_size // processes)
        at_once = max(2, min(16, threads()))  # each thread makes a batch
        options = grain.ReadOptions(num_threads=at_once, prefetch_buffer_size=2 * at_once)
        return iter(part.to_iter_dataset(options))


def crops_digest(config: TrainConfig, names: Mapping[str, Sequence[str]]) -> str:
    """A digest of everything that decides which crops a pool may hold, but the seed.

    Args:
        config: the recipe.
        names: the names of the images, by kind.
    """
    fields = [(name, getattr(config, name)) for name in _OF_CROPS]
    return hashlib.sha256(repr((fields, sorted(names.items()))).encode()).hexdigest()[:16]


def weights_of(names: Sequence[str], text: str) -> np.ndarray:
    """The relative frequency of each image: the weight of the first pattern that fits its name.

    Images that no pattern fits have the weight 1.

    Raises:
        ValueError: if the text cannot be parsed, a pattern fits no name, or no weight is positive.

    >>> weights_of(["a1", "a2", "b"], "a*=0.3")
    array([0.3, 0.3, 1. ])
    """
    patterns = [*parse_weights(text), ("*", 1.0)]
    first = [next(i for i, (x, _) in enumerate(patterns) if fnmatch(name, x)) for name in names]
    for i, (pattern, _) in enumerate(patterns[:-1]):
        if i not in first:
            raise ValueError(
                f"config: no image's name fits the pattern {pattern!r}; those that an earlier "
                "pattern fits, or that are kept for validation, do not count"
            )
    weights = np.array([patterns[i][1] for i in first])
    if not weights.any():
        raise ValueError("config: the weights leave no image")
    return weights


def parse_weights(text: str) -> list[tuple[str, float]]:
    """Parse a text such as `"a*=0.3, b*=2"` to pairs of pattern and weight.

    Raises:
        ValueError: if a part is not `pattern=weight`, with a finite weight of at least 0.

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


def _order(weights: np.ndarray, seed: int) -> "grain.MapDataset":
    """An endless dataset of image numbers, shuffled, with frequencies by the weights.

    Of the images with the same weight, each comes once before any comes again.
    """
    import grain

    parts, shares = [], []
    for weight in sorted(set(weights[weights > 0].tolist())):
        group = np.flatnonzero(weights == weight).tolist()
        parts.append(grain.MapDataset.source(group).seed(seed).shuffle().repeat())
        shares.append(weight * len(group))
    # The random transformations that follow need a seed, too.
    return grain.MapDataset.mix(parts, weights=shares).seed(seed)
