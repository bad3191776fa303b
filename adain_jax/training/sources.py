"""Training images: folders and TensorFlow Datasets, as one list."""

import re
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, SupportsIndex, cast

import numpy as np

from adain_jax.files import find, image
from adain_jax.ops.pixels import from_float
from adain_jax.runtime import shipped
from adain_jax.runtime.available import available_memory

# Images that would have to be scaled up by more than this factor are not used: they lack detail.
MAX_UPSCALING = 4
# A name may have a colon before its version, a split may have one in its slice (train[:50%]).
_TFDS_PLACE = re.compile(r"tfds:(.+?):([A-Za-z_][^/]*)")

Part = Literal["all", "training", "validation"]


class _Entry(NamedTuple):
    name: str  # the name within its folder or dataset
    read: Callable[[], bytes]


class Cache:
    """A limit on the bytes of decoded images in memory, which several `Images` may share.

    >>> cache = Cache(10)
    >>> cache.take(6), cache.take(6), cache.take(4)
    (True, False, True)
    """

    def __init__(self, size: int) -> None:
        self._free = size
        self._lock = threading.Lock()

    @classmethod
    def of_share(cls, share: float) -> "Cache":
        """A cache of a share of the memory that is free now."""
        return cls(int(share * available_memory()))

    def take(self, size: int) -> bool:
        """Reserve `size` bytes; return whether there was room for them."""
        with self._lock:
            fits = size <= self._free
            self._free -= size if fits else 0
        return fits


class Images:
    """The images of several places as uint8 arrays, scaled to one shorter side.

    An image that cannot be read, or is too small, is noted in `skipped`, and the next usable one
    takes its place; so the order of a training depends only on its seed and its files. Images that
    fit into the cache are decoded once and kept in memory. Several threads may read at once.

    Attributes:
        names: the names of all images, within their folders or datasets.
    """

    def __init__(
        self,
        places: str,
        size: int,
        *,
        part: Part = "all",
        validation_fraction: float = 0.0,
        cache: Cache | None = None,
    ) -> None:
        """List the images, and read a few.

        Args:
            places: folders, `tfds:NAME:SPLIT` and `tfds:FOLDER:SPLIT`, separated by commas.
            size: the shorter side, in pixels.
            part: "validation" for the share of images kept for validation, "training" for the
                others.
            validation_fraction: that share. A checksum of the name decides, so that an image stays
                in its part whatever else is in the folder.
            cache: the cache of decoded images; by default, of a quarter of the free memory.

        Raises:
            FileNotFoundError: if a folder or dataset is missing, or has no image.
            ValueError: if a place is empty, no image can be used, or the part has no image.
        """
        self.places = places
        self.size = size
        separate = [place.strip() for place in places.split(",")]
        if not all(separate):  # `Path("")` is the current folder
            raise ValueError(
                f"a folder or dataset in {places!r} has no name: leave its comma out, or name it"
            )
        entries = [x for place in separate for x in _entries(place)]
        if part != "all":
            wanted = part == "validation"
            kept = [x for x in entries if _held_out(x.name, validation_fraction) == wanted]
            if not kept:
                raise ValueError(
                    f"config: validation_fraction {validation_fraction} of the {len(entries)} "
                    f"images in {places} leaves none for {part}"
                )
            entries = kept
        self._entries = entries
        self.names = [entry.name for entry in entries]
        self._unusable: dict[int, str] = {}  # the reasons by index
        self._kept: dict[int, np.ndarray] = {}
        self._cache = Cache.of_share(0.25) if cache is None else cache
        self._lock = threading.Lock()
        self._check_some()

    @property
    def skipped(self) -> dict[str, str]:
        """The images that turned out to be unusable so far: the reasons by name."""
        with self._lock:
            return {self.names[index]: reason for index, reason in self._unusable.items()}

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: SupportsIndex) -> np.ndarray:
        return self.decoded(index, keep=True)[1]

    def decoded(
        self, index: SupportsIndex, *, weights: np.ndarray | None = None, keep: bool = False
    ) -> tuple[int, np.ndarray]:
        """Decode an image, or the next usable one.

        Args:
            index: the index of the image.
            weights: the weights of all images; no image of weight 0 takes the place of another.
            keep: whether the cache keeps the image.

        Returns:
            The index of the image that was used, and the image.

        Raises:
            ValueError: if no image can be used.
        """
        for offset in range(len(self)):
            used = (int(index) + offset) % len(self)
            if weights is None or weights[used]:
                found = self._get(used, keep)
                if found is not None:
                    return used, found
        raise ValueError(f"none of the {len(self)} images in {self.places} can be used")

    def _get(self, index: int, keep: bool) -> np.ndarray | None:
        """The image, or None if it cannot be used."""
        with self._lock:
            if index in self._unusable:
                return None
            if index in self._kept:
                return self._kept[index]
        name = self.names[index]
        try:
            loaded = image.decode(self._entries[index].read(), name, size=self.size)
            shorter = min(loaded.original_size)
            if shorter * MAX_UPSCALING < self.size:
                raise ValueError(
                    f"{name} is too small: {shorter} pixels, to be scaled to {self.size}"
                )
            if min(loaded.rgb.shape[:2]) < self.size:  # `decode` limits upscaling
                raise ValueError(f"{name} is too thin to be scaled to {self.size}")
        except Exception as error:  # one unusable file does not stop a training
            with self._lock:
                self._unusable[index] = " ".join(str(error).split())
            return None
        array = from_float(loaded.rgb, np.uint8, xp=np)
        with self._lock:
            if keep and index not in self._kept and self._cache.take(array.nbytes):
                self._kept[index] = array
        return array

    def _check_some(self) -> None:
        """Raise `ValueError` if no image can be used, before minutes of compilation."""
        few = np.linspace(0, len(self) - 1, min(len(self), 8)).astype(int).tolist()
        for index in dict.fromkeys([*few, *range(len(self))]):
            if self._get(index, keep=True) is not None:
                return
        raise ValueError(
            f"no image in {self.places} can be used: {next(iter(self.skipped.values()))}"
        )


def middle_square(array: np.ndarray, size: int) -> np.ndarray:
    """The square of `size` pixels in the middle of an image (H, W, 3)."""
    top, left = ((side - size) // 2 for side in array.shape[:2])
    return array[top : top + size, left : left + size]


def _entries(place: str) -> list[_Entry]:
    if place.startswith("tfds:"):
        return _tfds_entries(place)
    folder = shipped.find(place)
    return [
        _Entry(path.relative_to(folder).as_posix(), path.read_bytes) for path in find.images(folder)
    ]


def _tfds_entries(place: str) -> list[_Entry]:
    """List the images of a dataset in the format ArrayRecord, which is read without TensorFlow."""
    name, source, key = tfds_source(place)

    def read(index: int) -> bytes:
        return cast(bytes, source[index][key])

    return [_Entry(f"{name}#{i}", partial(read, i)) for i in range(len(source))]


def tfds_source(place: str) -> tuple[str, Sequence[Mapping[str, object]], str]:
    """Open a dataset in the format ArrayRecord: its full name, its examples, the key of images.

    Images are the bytes of their files.

    Raises:
        FileNotFoundError: if it cannot be read, or has no image.
        ValueError: if `place` is not `tfds:NAME:SPLIT` or `tfds:FOLDER:SPLIT`.
    """
    parts = _TFDS_PLACE.fullmatch(place)
    if not parts:
        raise ValueError(f"{place}: a dataset is given as tfds:NAME:SPLIT or tfds:FOLDER:SPLIT")
    import tensorflow_datasets as tfds

    name, split = parts.groups()
    try:
        if Path(name).is_dir():
            builder: Any = tfds.builder_from_directory(name)
        else:
            builder = tfds.builder(name, file_format="array_record")
            builder.download_and_prepare()
        keys = [
            key
            for key, feature in builder.info.features.items()
            if isinstance(feature, tfds.features.Image)
        ]
        if not keys:
            raise ValueError("it has no image among its features")
        source: Any = builder.as_data_source(
            split=split, decoders={keys[0]: tfds.decode.SkipDecoding()}
        )
    except Exception as error:  # TFDS raises errors of many types
        reason = " ".join(str(error).split()).split(" Available datasets")[0]
        raise FileNotFoundError(f"cannot read the dataset {place}: {reason}") from None
    if not len(source):
        raise FileNotFoundError(f"no image in {place}")
    return f"{builder.info.full_name}/{split}", source, keys[0]


def _held_out(name: str, fraction: float) -> bool:
    return zlib.crc32(name.encode("utf-8", "surrogateescape")) % 10_000 < fraction * 10_000
