"""Regular textures in pictures, by their spectra."""

import numpy as np

from adain_jax.ops.color import LUMA

PERIODS = (2, 4, 8)  # pixels: a network's upsamplings repeat what they do at these distances
_ROUNDING = 1 / 255 / np.sqrt(12)  # the deviation of what is lost by rounding to 8 bits
_NEAR, _FAR = 4 / 512, 12 / 512  # cycles a pixel: the surroundings of a frequency


def peaks(picture: np.ndarray) -> tuple[float, ...]:
    """The power at each of the `PERIODS`, divided by the power of similar frequencies.

    The spectrum is that of the luma under a Hann window. The quotients are geometric means over
    rows, columns and both diagonals. They are about 1 for photographs, and much higher for a
    picture with a mesh or with rows of marks at that distance. Rounding to 8 bits is added as
    noise, so that a mesh too weak for a file does not count.

    Args:
        picture: float (H, W, 3) in [0, 1], H and W at least 16.

    >>> import numpy as np
    >>> noise = np.random.default_rng(0).random((64, 64, 3)) / 4
    >>> columns = noise + 0.5 * (np.arange(64) % 4 == 0)[:, None]
    >>> [round(peak, 1) for peak in peaks(columns)]
    [6.7, 8.6, 1.0]
    """
    luma = picture @ np.array(LUMA)
    window = np.multiply.outer(*(np.hanning(side) for side in luma.shape))
    power = np.abs(np.fft.fft2((luma - luma.mean()) * window)) ** 2
    power += np.square(window).sum() * _ROUNDING**2
    rows, columns = (np.fft.fftfreq(side) for side in luma.shape)
    bins = 1 / min(luma.shape)

    def quotient(row: float, column: float) -> float:
        distances = np.maximum(_around(rows - row)[:, None], _around(columns - column))
        here = distances < 1.5 * bins
        near, far = max(_NEAR, 2 * bins), max(_FAR, 4 * bins)
        around = (distances > near - bins / 2) & (distances < far + bins / 2)
        return power[here].mean() / power[around].mean()

    def peak(period: int) -> float:
        directions = ((1, 0), (0, 1), (1, 1), (1, -1))
        quotients = [quotient(row / period, column / period) for row, column in directions]
        return float(np.exp(np.log(quotients).mean()))

    return tuple(peak(period) for period in PERIODS)


def _around(frequencies: np.ndarray) -> np.ndarray:
    """The distances of frequencies from 0, where 1 is 0 again."""
    return np.abs(frequencies - np.round(frequencies))
