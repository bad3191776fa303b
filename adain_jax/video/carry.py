"""Temporal blending: the last picture is moved along with the frame and mixed into the new one."""

import numpy as np

from adain_jax.video.flow import Motion, require, warp

MOST = 0.97  # the largest share of the last picture; at 1 a picture would never change
# Contrast is restored in two bands of detail. Their limits are Gaussian blurs of these deviations,
# in pixels; variances below these, in squared levels of 255, do not count as contrast.
_BANDS = (1.0, 4.0)
_FLOORS = (1.0, 2.0)
# Contrast is compared within a Gaussian of this deviation in pixels, at a quarter of the size.
_NEAR, _COARSE = 8.0, 4
_MOST_GAIN = 1.6  # the largest factor by which contrast is raised


def carry(
    last: np.ndarray, picture: np.ndarray, motion: Motion, share: float, *, quick: bool = False
) -> np.ndarray:
    """Blend the last picture, moved along, with the new one: (H, W, 3) float32 in [0, 255].

    The average of strokes that do not coincide is flat. So fine detail gets back the contrast that
    it has in the new picture nearby.

    Args:
        last: the picture before, (H, W, 3) float32 in [0, 255].
        picture: the new picture by itself, of the same kind.
        motion: the motion from the frame before to the new one.
        share: the share of the last picture where the motion is known, in [0, 1]; at most `MOST`
            is used.
        quick: use faster, less exact filters, in half of the time.
    """
    cv2 = require()
    blended = warp(last, motion.back, "cubic" if quick else "lanczos")
    np.clip(blended, 0, 255, out=blended)
    blended -= picture
    blended *= (min(share, MOST) * motion.known)[..., None]
    blended += picture
    (_, *theirs), (coarse, *ours) = (_split(x, quick) for x in (picture, blended))
    for mine, wanted, floor in zip(ours, theirs, _FLOORS, strict=True):
        energies = [_energy(band) + floor for band in (wanted, mine)]
        gain = np.clip(np.sqrt(energies[0] / energies[1]), 1, _MOST_GAIN)
        mine *= cv2.resize(gain, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., None]
        coarse += mine
    return np.clip(coarse, 0, 255, out=coarse)


def _split(picture: np.ndarray, quick: bool) -> tuple[np.ndarray, ...]:
    """Split a picture into coarse, finest and medium detail, which add up to it."""
    cv2 = require()
    fine = cv2.GaussianBlur(picture, (0, 0), _BANDS[0])
    if quick:  # resizing blurs a little, so that a smaller deviation suffices
        small = cv2.GaussianBlur(_smaller(picture), (0, 0), 0.8 * _BANDS[1] / _COARSE)
        coarse = cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    else:
        coarse = cv2.GaussianBlur(picture, (0, 0), _BANDS[1])
    return coarse, picture - fine, fine - coarse


def _energy(band: np.ndarray) -> np.ndarray:
    small = _smaller(np.square(band)).mean(-1)
    return require().GaussianBlur(small, (0, 0), _NEAR / _COARSE)


def _smaller(picture: np.ndarray) -> np.ndarray:
    cv2 = require()
    size = tuple(max(1, side // _COARSE) for side in picture.shape[1::-1])
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
