"""The supply of crops: from images in the devices' memory, or from threads of the host."""

import time
from collections.abc import Iterator

import jax
import numpy as np
from tqdm import tqdm

from adain_jax.networks.params import Params
from adain_jax.runtime.memory import freed_memory_given_back
from adain_jax.training.calls import KINDS, Pool, Supply, crop_size, make_fill, renewed
from adain_jax.training.config import TrainConfig
from adain_jax.training.data import Stream, weights_of
from adain_jax.training.devices import Placement
from adain_jax.training.loss import Batch
from adain_jax.training.packed import Packed, free_memory, load
from adain_jax.training.sources import Images


class Supplies:
    """Supplies every call with images or crops.

    Attributes:
        resident: whether all images are in the devices' memory, so that a call can make several
            steps.
        read: the number of crops taken from streams so far, by kind.
        waited: the seconds that `take` waited for streams; the caller resets it to 0.
    """

    def __init__(
        self, config: TrainConfig, images: dict[str, Images], placement: Placement
    ) -> None:
        """Decode the images that fit into the devices' memory, and open streams of the others.

        Raises:
            ValueError: if weights cannot be parsed, or a pattern of the weights fits no image.
        """
        self._config = config
        self._placement = placement
        self._streams: dict[str, Stream] = {}
        # The batch size and the batches of each stream that is open.
        self._open: dict[str, tuple[int, Iterator[dict[str, np.ndarray]]]] = {}
        self._last: dict[str, Batch] = {}
        self.read: dict[str, int] = dict.fromkeys(KINDS, 0)
        self.waited = 0.0
        count = len(placement.local_devices)
        ranks = jax.process_index() * count + np.arange(count, dtype=np.int32)
        self._rank = placement.each(ranks)
        left = config.device_share * free_memory(placement.local_devices)
        self._packed: dict[str, Packed] = {}
        for number, kind in enumerate(KINDS):
            text = getattr(config, f"{kind}_weights")
            with freed_memory_given_back():
                packed = load(images[kind], weights_of(images[kind].names, text), left, f"{kind}s")
                if packed:
                    packed = placement.replicate(packed, donated=False)
            if packed:
                left -= placement.first(packed.data).nbytes
                self._packed[kind] = packed
            else:
                options = {"weights": text, "flip": config.flip, "seed": config.seed + number}
                self._streams[kind] = Stream(images[kind], crop_size(config, kind), **options)
        self.resident = not self._streams

    def start(self, read: dict[str, int]) -> None:
        """Continue the streams after so many used crops of each kind."""
        self.read = dict(read)
        self._open.clear()

    def take(self, counts: dict[str, int]) -> Supply:
        """The supply of one call, which takes so many new crops of each kind, over all hosts."""
        images: dict[str, Packed | Batch] = {**self._packed}
        asked = time.perf_counter()
        for kind in self._streams:
            if counts[kind]:
                self._last[kind] = self._placement.shard(self._next(kind, counts[kind]))
            elif kind not in self._last:  # in a continued run; the call does not use these crops
                self._last[kind] = self._placement.shard(self._none(kind))
            images[kind] = self._last[kind]
        self.waited += time.perf_counter() - asked
        return Supply(self._rank, images)

    def fill(self, architecture: str, frozen: Params) -> Pool:
        """Fill the pools of the recipe with new crops; the result is on the host."""
        config, placement = self._config, self._placement
        pool = {}
        for kind, size in pool_sizes(config).items():
            function = placement.compile(
                make_fill(config, architecture, kind, len(placement.devices), placement.axis_name),
                donate=False,
            )
            bar = tqdm(
                total=size, desc=f"pool of {kind}s", unit="crop", disable=jax.process_index() > 0
            )
            parts = []
            with bar:
                for number in range(size // config.batch_size):
                    supply = self._only(kind, config.batch_size)
                    part = function(frozen, supply, placement.everywhere(np.int32(number)))
                    parts.append(jax.tree.map(halved, placement.first(part)))
                    bar.update(config.batch_size)
            pool[kind] = jax.tree.map(lambda *xs: np.concatenate(xs), *parts)
        return pool

    def _none(self, kind: str) -> dict[str, np.ndarray]:
        """Empty crops of the shapes of a renewal."""
        size = crop_size(self._config, kind)
        count = renewed(self._config, len(self._placement.devices)) // jax.process_count()
        return {
            "image": np.zeros((count, size, size, 3), np.uint8),
            "number": np.zeros(count, np.int32),
        }

    def _only(self, kind: str, count: int) -> Supply:
        if kind in self._packed:
            return Supply(self._rank, {kind: self._packed[kind]})
        return Supply(self._rank, {kind: self._placement.shard(self._next(kind, count))})

    def _next(self, kind: str, count: int) -> dict[str, np.ndarray]:
        """The next batch of a stream, which is opened again if the batch size has changed."""
        if kind not in self._open or self._open[kind][0] != count:
            batches = self._streams[kind].batches(
                *(self.read[kind], count),
                process=jax.process_index(),
                processes=jax.process_count(),
            )
            self._open[kind] = count, batches
        self.read[kind] += count
        return next(self._open[kind][1])


def pool_sizes(config: TrainConfig) -> dict[str, int]:
    """The number of crops in the pool of each kind that has one.

    >>> pool_sizes(TrainConfig(pool_styles=64))
    {'style': 64}
    """
    sizes = {"content": config.pool_contents, "style": config.pool_styles}
    return {kind: size for kind, size in sizes.items() if size}


def pool_shapes(config: TrainConfig, architecture: str, params: Params) -> Pool:
    """The shapes and dtypes of the pools; `params` are those of the frozen model."""
    pool = {}
    for kind, count in pool_sizes(config).items():
        size, one = crop_size(config, kind), config.batch_size
        cut = {
            "image": jax.ShapeDtypeStruct((one, size, size, 3), np.uint8),
            "number": jax.ShapeDtypeStruct((one,), np.int32),
        }
        scalar = jax.ShapeDtypeStruct((), np.int32)
        fill = make_fill(config, architecture, kind, devices=1)
        batch = jax.eval_shape(fill, params, Supply._make((scalar, {kind: cut})), scalar)
        pool[kind] = jax.tree.map(
            lambda x, count=count: jax.ShapeDtypeStruct((count, *x.shape[1:]), x.dtype), batch
        )
    return pool


def counts_of(config: TrainConfig, step: int, devices: int) -> dict[str, int]:
    """The numbers of new crops that the step after `step` steps takes, over all devices.

    >>> counts_of(TrainConfig(pool_styles=64, renew_every=2), 1, devices=1)
    {'content': 8, 'style': 0}
    """
    new = renewed(config, devices) if step % config.renew_every == 0 else 0
    return {kind: new if kind in pool_sizes(config) else config.batch_size for kind in KINDS}


def halved(x: jax.Array) -> np.ndarray:
    """An array in the dtype of a pool: maps in half precision, as they are most of a pool."""
    array = np.asarray(x)
    return array.astype(np.float16) if array.ndim == 4 and array.dtype != np.uint8 else array
