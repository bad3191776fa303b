"""Measures the changes in the pictures of a clip that the clip's motion does not explain."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image

from adain_jax.video.flow import Motion, inside, motion, require, warp

_KNOWN = 0.3  # pixels count if the confidence in their motion exceeds this
_CUT = 0.3  # if a smaller share of the pixels counts, there is a cut between the frames


class Clip(NamedTuple):
    """A clip of known motion.

    Attributes:
        frames: the frames, (H, W, 3) uint8.
        motions: the motion from each frame to the next.
    """

    frames: list[np.ndarray]
    motions: list[Motion]


def of_frames(frames: Sequence[np.ndarray]) -> Clip:
    """Make a clip of frames, and estimate its motion."""
    return Clip(list(frames), [motion(before, now) for before, now in pairwise(frames)])


def pan(picture: np.ndarray, size: tuple[int, int], count: int, x: float, y: float) -> Clip:
    """Make a clip of exact motion: a camera moves by x and y pixels per frame over a picture.

    It turns round at the edges. `size` is the height and width of the frames, which are smaller
    than the picture.
    """
    down, across = (whole - part for whole, part in zip(picture.shape, size, strict=False))
    places = [(1.0, _between(x * i, across), _between(y * i, down)) for i in range(count)]
    return _moved(picture, size, places)


def _between(way: float, room: int) -> float:
    """Where one is after `way`, back and forth between 0 and `room`."""
    return room - abs(way % (2 * room) - room) if room else 0.0


def zoom(picture: np.ndarray, size: tuple[int, int], count: int, rate: float) -> Clip:
    """Make a clip of exact motion: a camera zooms into the centre of a picture.

    `size` is the height and width of the frames; `rate` is the factor per frame.
    """
    height, width = picture.shape[:2]
    places = []
    for i in range(count):
        scale = max(size[0] / height, size[1] / width) * rate**i
        middle = (width - size[1] / scale) / 2, (height - size[0] / scale) / 2
        places.append((scale, *middle))
    return _moved(picture, size, places)


def noise(picture: np.ndarray, count: int, sigma: float) -> Clip:
    """Make a clip of a still camera with sensor noise of deviation `sigma`, in levels of 255."""
    rng, size = np.random.default_rng(0), picture.shape[:2]
    frames = [
        np.clip(picture + rng.normal(0, sigma, picture.shape), 0, 255).round().astype(np.uint8)
        for _ in range(count)
    ]
    still = Motion(np.zeros((*size, 2), np.float32), np.ones(size, np.float32))
    return Clip(frames, [still] * (count - 1))


def warp_error(pictures: Sequence[np.ndarray], clip: Clip) -> float:
    """The mean difference, in levels of 255, of each picture and the previous one, moved along.

    It covers the pixels that both frames show, and leaves out cuts (Lai et al. 2018, who square
    it). There must be two frames without a cut between them.
    """
    errors = []
    pairs = zip(pictures, pictures[1:], clip.motions, strict=False)
    for before, now, change in pairs:
        if not is_cut(change):
            counted = change.known > _KNOWN
            errors.append(differences(before, now, change.back)[counted].mean())
    return float(np.mean(errors))


def is_cut(change: Motion) -> bool:
    """Whether there is a cut between two frames: the motion of most pixels is not known."""
    return bool((change.known > _KNOWN).mean() < _CUT)


def differences(before: np.ndarray, now: np.ndarray, back: np.ndarray) -> np.ndarray:
    """The map of differences (H, W), averaged over channels, whose mean is `warp_error`."""
    moved = warp(before.astype(np.float32), back)
    return np.abs(now.astype(np.float32) - moved).mean(-1)


def sharpness(picture: np.ndarray) -> float:
    """The amount of the finest detail: the standard deviation of the Laplacian."""
    cv2 = require()
    return float(cv2.Laplacian(picture.astype(np.float32), cv2.CV_32F).std())


def _moved(
    picture: np.ndarray, size: tuple[int, int], places: Sequence[tuple[float, float, float]]
) -> Clip:
    """Make a clip of a moving camera; `places` has the scale, left and top of each view.

    Left and top are in pixels of the picture.
    """
    frames = list(_views(picture, size, places))
    rows, columns = np.indices(size, dtype=np.float32)
    motions = []
    for (scale, left, top), (next_scale, next_left, next_top) in pairwise(places):
        x = (columns / next_scale + next_left - left) * scale - columns
        y = (rows / next_scale + next_top - top) * scale - rows
        back = np.stack([x, y], -1).astype(np.float32)
        motions.append(Motion(back, inside(back).astype(np.float32)))
    return Clip(frames, motions)


def _views(
    picture: np.ndarray, size: tuple[int, int], places: Sequence[tuple[float, float, float]]
) -> Iterator[np.ndarray]:
    image, (height, width) = Image.fromarray(picture), size
    for scale, left, top in places:
        # `places` refers to the centres of pixels, Pillow's box to their edges. The two differ by
        # half a pixel of each scale.
        shift = 0.5 - 0.5 / scale
        x, y = left + shift, top + shift
        edges = (x, y, x + width / scale, y + height / scale)
        x, y, right, bottom = np.clip(edges, 0, (*image.size, *image.size))
        box = (x, y, right, bottom)
        yield np.asarray(image.resize((width, height), Image.Resampling.LANCZOS, box=box))
