"""Named images from folders, with which programs are measured."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import numpy as np

from adain_jax.evaluation.evaluate import Named
from adain_jax.ops.pixels import to_float
from adain_jax.runtime.text import printable
from adain_jax.training.sources import Images, middle_square


def named(places: Sequence[str], size: int) -> list[Named]:
    """The central squares of the images of folders.

    Args:
        places: folders. A share may follow the name of one: `photos:0.05` is the twentieth that a
            training with `validation_fraction=0.05` never sees.
        size: the side of the squares, in pixels.

    Raises:
        FileNotFoundError: if a folder is missing, or has no image.
        ValueError: if two images have the same name, or none of a few can be used.

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
        for index, name in enumerate(map(printable, images.names)):
            if name in found:
                raise ValueError(f"{name} is in two of the folders: rename one")
            found[name] = Named(name, partial(_square, images, index))
    return list(found.values())


def only(
    images: Sequence[Named], patterns: Sequence[str] | None, option: str, kind: str
) -> list[Named]:
    """The images whose names fit at least one pattern.

    Args:
        images: the images to choose from.
        patterns: patterns such as `ink_*`; None for all images.
        option: the option that gave the patterns, for the error.
        kind: the kind of the images, for the error.

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
    used, array = images.decoded(index, keep=True)
    if used != index:
        raise ValueError(f"{images.skipped[images.names[index]]}: leave it out")
    return to_float(middle_square(array, images.size), xp=np)
