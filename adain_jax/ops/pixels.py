"""Conversion of pixels between bytes and floats, which no other module does itself."""

from types import ModuleType

import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from adain_jax.ops.shapes import AnyArray, Float, Num


def to_float(images: Num[AnyArray, "*shape"], *, xp: ModuleType = jnp) -> Float[AnyArray, "*shape"]:
    """Convert images to float32; unsigned integers are divided by their largest value.

    Args:
        images: images of any shape, uint8, uint16, or floating in [0, 1].
        xp: jax.numpy, or numpy for arrays that stay on the host.

    >>> import numpy as np
    >>> print(to_float(np.array([0, 51, 255], np.uint8), xp=np))
    [0.  0.2 1. ]
    """
    if jnp.issubdtype(images.dtype, jnp.unsignedinteger):
        return images.astype(xp.float32) / xp.float32(np.iinfo(images.dtype).max)
    return images.astype(xp.float32)


def from_float(
    images: Float[AnyArray, "*shape"], dtype: DTypeLike, *, xp: ModuleType = jnp
) -> Num[AnyArray, "*shape"]:
    """Convert floating images to `dtype`, with rounding to the nearest: the inverse of `to_float`.

    Args:
        images: images of any shape, floating; clipped to [0, 1] if `dtype` is an integer type.
        dtype: uint8, uint16, or a floating dtype.
        xp: as for `to_float`.

    >>> import numpy as np
    >>> print(from_float(np.array([0.0, 0.2, 1.3]), np.uint8))
    [  0  51 255]
    """
    if not jnp.issubdtype(dtype, jnp.unsignedinteger):
        return images.astype(dtype)
    most = xp.float32(np.iinfo(dtype).max)
    return xp.round(xp.clip(images.astype(xp.float32), 0, 1) * most).astype(dtype)
