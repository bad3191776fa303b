"""Motion between two frames, by OpenCV's DIS optical flow."""

from types import ModuleType
from typing import Literal, NamedTuple

import numpy as np

from adain_jax.runtime.packages import required

_LARGEST, _QUICK = 512, 256  # the longer side, in pixels, of the frames that flow is computed on
# The least side of these frames, in pixels. DIS compares patches of 8 pixels at a quarter of the
# size. If a side has fewer pixels than a patch there, OpenCV gives NaN, or the process crashes.
_SMALLEST = 32
_MOST = 32_766  # the longest side, in pixels, that OpenCV's `remap` takes
# Forward and backward flow agree if their sum, squared, is below this share of their squared
# lengths plus this number of squared pixels.
_AGREE, _TOLERATED = 0.01, 0.5
_UNLIKE = 24.0  # the difference, in levels of 255, at which a match counts 1 / e


def require() -> ModuleType:
    """Import OpenCV, or raise a `ValueError` that says how to install it."""
    return required("cv2", "optical flow needs the package opencv-python-headless", "video")


class Motion(NamedTuple):
    """The motion of each pixel since the frame before.

    Attributes:
        back: (H, W, 2) float32, in pixels: the vector (x, y) from a pixel to its place in the frame
            before.
        known: (H, W) float32 in [0, 1]: the confidence in that vector; 0 where the pixel was hidden
            or outside the frame.
    """

    back: np.ndarray
    known: np.ndarray


def motion(before: np.ndarray, now: np.ndarray, *, quick: bool = False) -> Motion:
    """The motion from a frame to the next one, both (H, W, 3) uint8.

    The confidence is high where forward and backward flow agree (Sundaram et al. 2010) and the
    pixel has kept its colour. `quick` computes the flow at half the size.

    Raises:
        ValueError: if OpenCV is not installed, or a side has more pixels than it can move.

    >>> frame = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    >>> float(np.abs(motion(frame, frame).back).max())
    0.0
    """
    cv2 = require()
    height, width = now.shape[:2]
    if max(height, width) > _MOST:
        raise ValueError(
            f"optical flow takes frames of at most {_MOST} pixels a side, not {width} x {height}: "
            "scale them, or do without calm (calm 0)"
        )
    factor = min(1.0, (_QUICK if quick else _LARGEST) / max(height, width))
    size = max(_SMALLEST, round(width * factor)), max(_SMALLEST, round(height * factor))
    small = [cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in (before, now)]
    first, second = (cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) for x in small)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    if quick:  # the finest scale is a half in place of a quarter, with fewer iterations
        dis.setFinestScale(1)
        dis.setVariationalRefinementIterations(2)
    back, forth = dis.calc(second, first, None), dis.calc(first, second, None)
    forth = warp(forth, back)  # the forward flow at the places that the backward flow leads to
    error, length = _squared(back + forth), _squared(back) + _squared(forth)
    agree = (error < _AGREE * length + _TOLERATED) & inside(back)
    unlike = np.abs(small[1].astype(np.float32) - warp(small[0].astype(np.float32), back))
    unlike = np.maximum(np.maximum(unlike[..., 0], unlike[..., 1]), unlike[..., 2])
    unlike = cv2.GaussianBlur(unlike, (0, 0), 1.5)
    known = agree * np.exp(-np.square(unlike / _UNLIKE))
    known = cv2.GaussianBlur(cv2.erode(known.astype(np.float32), np.ones((3, 3))), (0, 0), 1.0)
    if size != (width, height):
        scale = np.array([width / size[0], height / size[1]], np.float32)
        back = cv2.resize(back, (width, height), interpolation=cv2.INTER_LINEAR) * scale
        known = cv2.resize(known, (width, height), interpolation=cv2.INTER_LINEAR)
    return Motion(back, known)


def warp(
    image: np.ndarray, back: np.ndarray, way: Literal["linear", "cubic", "lanczos"] = "linear"
) -> np.ndarray:
    """Move the pixels of the frame before, (H, W) or (H, W, C) float32, along `Motion.back`.

    `way` is the interpolation. Repeated many times, Lanczos's does not blur, the cubic one hardly
    does, and the linear one does.
    """
    cv2 = require()
    ways = {
        "linear": cv2.INTER_LINEAR,
        "cubic": cv2.INTER_CUBIC,
        "lanczos": cv2.INTER_LANCZOS4,
    }
    return cv2.remap(image, *_places(back), ways[way], borderMode=cv2.BORDER_REPLICATE)


def inside(back: np.ndarray) -> np.ndarray:
    """Whether each pixel's place in the frame before lies inside that frame: (H, W) bool."""
    height, width = back.shape[:2]
    x, y = _places(back)
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)


def _squared(vectors: np.ndarray) -> np.ndarray:
    """The squared lengths of vectors; ten times as fast as NumPy's sum over an axis of two."""
    return np.square(vectors[..., 0]) + np.square(vectors[..., 1])


def _places(back: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The coordinates (x, y) of each pixel in the frame before."""
    rows, columns = np.indices(back.shape[:2], dtype=np.float32)
    return columns + back[..., 0], rows + back[..., 1]
