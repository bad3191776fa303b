"""How much the pictures of a clip move at places where the clip does not."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image

from adain_jax.video.flow import Motion, inside, motion, require, warp

_KNOWN = 0.3  # of a place's certainty, from which it counts
_CUT = 0.3  # share of a frame that counts, below which two frames are of two scenes


class Clip(NamedTuple):
    """Frames, and how they move.

    Attributes:
        frames: (H, W, 3) uint8.
        motions: the motion from each frame to the next.
    """

    frames: list[np.ndarray]
    motions: list[Motion]


def of_frames(frames: Sequence[np.ndarray]) -> Clip:
    """A clip whose motion is estimated."""
    return Clip(list(frames), [motion(before, now) for before, now in pairwise(frames)])


def pan(picture: np.ndarray, size: tuple[int, int], count: int, x: float, y: float) -> Clip:
    """A camera that moves by x and y pixels a frame over a larger picture; its motion is exact."""
    return _moved(picture, size, [(1.0, x * i, y * i) for i in range(count)])


def zoom(picture: np.ndarray, size: tuple[int, int], count: int, rate: float) -> Clip:
    """A camera that zooms to the middle of a larger picture; its motion is exact."""
    height, width = picture.shape[:2]
    places = []
    for i in range(count):
        scale = max(size[0] / height, size[1] / width) * rate**i
        middle = (width - size[1] / scale) / 2, (height - size[0] / scale) / 2
        places.append((scale, *middle))
    return _moved(picture, size, places)


def noise(picture: np.ndarray, count: int, sigma: float) -> Clip:
    """A camera that stands still, with the noise of a sensor, in levels."""
    rng, size = np.random.default_rng(0), picture.shape[:2]
    frames = [
        np.clip(picture + rng.normal(0, sigma, picture.shape), 0, 255).round().astype(np.uint8)
        for _ in range(count)
    ]
    still = Motion(np.zeros((*size, 2), np.float32), np.ones(size, np.float32))
    return Clip(frames, [still] * (count - 1))


def warp_error(pictures: Sequence[np.ndarray], clip: Clip) -> float:
    """Mean difference, in levels, of each picture and the moved previous one.

    It covers the places that both frames show, and leaves out cuts (Lai et al. 2018, who square
    it).
    """
    errors = []
    pairs = zip(pictures, pictures[1:], clip.motions, strict=False)
    for before, now, (back, known) in pairs:
        counted = known > _KNOWN
        if counted.mean() >= _CUT:
            errors.append(differences(before, now, back)[counted].mean())
    return float(np.mean(errors))


def differences(before: np.ndarray, now: np.ndarray, back: np.ndarray) -> np.ndarray:
    """The map (H, W), averaged over channels, whose mean is `warp_error`."""
    moved = warp(before.astype(np.float32), back)
    return np.abs(now.astype(np.float32) - moved).mean(-1)


def sharpness(picture: np.ndarray) -> float:
    """The amount of the finest detail: the standard deviation of the Laplacian."""
    cv2 = require()
    return float(cv2.Laplacian(picture.astype(np.float32), cv2.CV_32F).std())


def _moved(
    picture: np.ndarray, size: tuple[int, int], places: Sequence[tuple[float, float, float]]
) -> Clip:
    """By scale, and left and top of what is seen, in the picture's pixels."""
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
        # Pixels' middles: Pillow's box is of edges, which differ by half a pixel of each scale.
        shift = 0.5 - 0.5 / scale
        box = (left + shift, top + shift)
        box = (*box, box[0] + width / scale, box[1] + height / scale)
        box = tuple(np.clip(box, 0, (*image.size, *image.size)))
        yield np.asarray(image.resize((width, height), Image.Resampling.LANCZOS, box=box))  # type: ignore[arg-type]
