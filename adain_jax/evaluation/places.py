"""The images of folders, by name, to measure programs with."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import numpy as np

from adain_jax.evaluation.evaluate import Named
from adain_jax.ops.pixels import to_float
from adain_jax.training.sources import Images, middle_square


def named(places: Sequence[str], size: int) -> list[Named]:
    """The middle squares of the images of folders.

    Args:
        places: folders. One may end in a share of it: `photos:0.05` is the twentieth that a
            training with `validation_fraction=0.05` never sees.
        size: of the squares, in pixels.

    Raises:
        FileNotFoundError: if a folder is not there, or has no image.
        ValueError: if two images have one name.

    >>> len(named(["examples/style"], 64))
    8
    """
    found: dict[str, Named] = {}
    for place in places:
        folder, _, share = place.rpartition(":")
        if not Path(place).exists() and folder and re.fullmatch(r"0?\.\d+", share):
            images = Images(folder, size, part="validation", validation_fraction=float(share))
        else:
            images = Images(place, size)
        for index, name in enumerate(images.names):
            if name in found:
                raise ValueError(f"{name} is in two of the folders: rename one")
            found[name] = Named(name, partial(_square, images, index))
    return list(found.values())


def only(
    images: Sequence[Named], patterns: Sequence[str] | None, option: str, kind: str
) -> list[Named]:
    """Those whose names fit one of the patterns, if there are any.

    Args:
        images: to choose from.
        patterns: such as `ink_*`; None for all images.
        option: that the patterns were given by, for the error.
        kind: of images, likewise.

    Raises:
        ValueError: if a pattern fits no name.
    """
    for pattern in patterns or ():
        if not any(fnmatchcase(x.name, pattern) for x in images):
            raise ValueError(f"{option}: {pattern} fits none of the {len(images)} {kind}")
    if patterns is None:
        return list(images)
    return [x for x in images if any(fnmatchcase(x.name, pattern) for pattern in patterns)]


def _square(images: Images, index: int) -> np.ndarray:
    array, name = images[index], images.names[index]
    if reason := images.skipped.get(name):  # the next one would stand for it
        raise ValueError(f"{reason}: leave it out")
    return to_float(middle_square(array, images.size), xp=np)
