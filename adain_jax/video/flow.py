"""How pictures move from one frame to the next, by OpenCV's DIS optical flow."""

from typing import Any, Literal, NamedTuple

import numpy as np

from adain_jax.runtime.packages import required

_LARGEST, _QUICK = 512, 256  # pixels of the longer side at which flow is looked for
_AGREE, _TOLERATED = 0.01, 0.5  # of both ways: share of their squared lengths, and squared pixels
_UNLIKE = 24.0  # levels by which a pixel may differ from the one it came from


def require() -> Any:
    """OpenCV, or a `ValueError` that says how to install it."""
    return required("cv2", "optical flow needs the package opencv-python-headless", "video")


class Motion(NamedTuple):
    """Where the pixels of a frame come from.

    Attributes:
        back: (H, W, 2) float32, x and y: what is added to a pixel's place to find it in the frame
            before.
        known: (H, W) float32 in [0, 1]: how sure that is; 0 where it was hidden or outside.
    """

    back: np.ndarray
    known: np.ndarray


def motion(before: np.ndarray, now: np.ndarray, *, quick: bool = False) -> Motion:
    """From one frame to the next, both (H, W, 3) uint8.

    A place is known where the flow there and the flow back agree (Sundaram et al. 2010), and where
    the pixel looks as it did. `quick` looks for flow at half the size.

    >>> frame = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    >>> float(np.abs(motion(frame, frame).back).max())
    0.0
    """
    cv2 = require()
    height, width = now.shape[:2]
    factor = min(1.0, (_QUICK if quick else _LARGEST) / max(height, width))
    size = max(16, round(width * factor)), max(16, round(height * factor))
    small = [cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in (before, now)]
    first, second = (cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) for x in small)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    if quick:  # down to half of the size, not to a quarter, and smoothed less often
        dis.setFinestScale(1)
        dis.setVariationalRefinementIterations(2)
    back, forth = dis.calc(second, first, None), dis.calc(first, second, None)
    forth = warp(forth, back)  # from where the flow back leads
    error, length = _squared(back + forth), _squared(back) + _squared(forth)
    agree = (error < _AGREE * length + _TOLERATED) & inside(back)
    unlike = np.abs(small[1].astype(np.float32) - warp(small[0].astype(np.float32), back))
    unlike = np.maximum(np.maximum(unlike[..., 0], unlike[..., 1]), unlike[..., 2])
    unlike = cv2.GaussianBlur(unlike, (0, 0), 1.5)
    known = agree * np.exp(-np.square(unlike / _UNLIKE))
    known = cv2.GaussianBlur(cv2.erode(known.astype(np.float32), np.ones((3, 3))), (0, 0), 1.0)
    if factor < 1:
        scale = np.array([width / size[0], height / size[1]], np.float32)
        back = cv2.resize(back, (width, height), interpolation=cv2.INTER_LINEAR) * scale
        known = cv2.resize(known, (width, height), interpolation=cv2.INTER_LINEAR)
    return Motion(back, known)


def warp(
    image: np.ndarray, back: np.ndarray, way: Literal["linear", "cubic", "lanczos"] = "linear"
) -> np.ndarray:
    """The pixels of an image (H, W) or (H, W, C), float32, at where they have gone.

    Interpolated; Lanczos's kernel does not blur when it is done again and again, the cubic one
    hardly.
    """
    cv2 = require()
    ways = {
        "linear": cv2.INTER_LINEAR,
        "cubic": cv2.INTER_CUBIC,
        "lanczos": cv2.INTER_LANCZOS4,
    }
    return cv2.remap(image, *_places(back), ways[way], borderMode=cv2.BORDER_REPLICATE)


def inside(back: np.ndarray) -> np.ndarray:
    """Which pixels come from a place inside of the frame before, (H, W)."""
    height, width = back.shape[:2]
    x, y = _places(back)
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)


def _squared(vectors: np.ndarray) -> np.ndarray:
    """The squares of their lengths, ten times as fast as by NumPy's sum over so short an axis."""
    return np.square(vectors[..., 0]) + np.square(vectors[..., 1])


def _places(back: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where pixels come from, x and y."""
    rows, columns = np.indices(back.shape[:2], dtype=np.float32)
    return columns + back[..., 0], rows + back[..., 1]
