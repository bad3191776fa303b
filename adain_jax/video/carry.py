"""The last picture carried along by the motion, and blended with the new one."""

import numpy as np

from adain_jax.video.flow import Motion, require, warp

MOST = 0.97  # share of the last picture; at 1 nothing new would ever come in
_BANDS = (1.0, 4.0)  # pixels: what is finer than either of these keeps its contrast
_FLOORS = (1.0, 2.0)  # squared levels, below which nothing is contrast
_NEAR, _COARSE = 8.0, 4  # pixels over which contrast is compared, at a quarter of the size
_MOST_GAIN = 1.6


def carry(
    last: np.ndarray, picture: np.ndarray, motion: Motion, share: float, *, quick: bool = False
) -> np.ndarray:
    """The next picture, (H, W, 3) float32 in [0, 255], like `last` where it has but moved.

    A mean of strokes that do not lie on each other is flat. So what is finer than some pixels is
    given the contrast back that it has in the new picture, in its neighbourhood.

    Args:
        last: the picture before, in [0, 255].
        picture: the new one by itself, likewise.
        motion: from the frame before to the new one.
        share: of the last picture in the next, where the motion is known.
        quick: less exact, in half of the time.
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
    """What is coarse, what is finest, and what is between; they add up to the picture."""
    cv2 = require()
    fine = cv2.GaussianBlur(picture, (0, 0), _BANDS[0])
    if quick:  # the smaller one is blurred a little by becoming small, and large again
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
