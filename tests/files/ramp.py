"""A small image, and how it is read again."""

import numpy as np

from adain_jax.files import image

RAMP = np.stack(
    np.broadcast_arrays(
        np.arange(0, 240, 10, dtype=np.uint8)[:, None],
        np.arange(0, 160, 10, dtype=np.uint8)[None],
        np.uint8(90),
    ),
    axis=-1,
)  # (24, 16, 3)


def assert_shows(path, expected, tolerance=0.02):
    loaded = image.load(path)
    assert loaded.rgb.dtype == np.float32
    assert loaded.rgb.shape == expected.shape
    np.testing.assert_allclose(loaded.rgb, expected / 255, atol=tolerance)
    return loaded
