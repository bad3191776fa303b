"""The options of an export."""

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

Format = Literal["onnx", "stablehlo"]
Float = Literal["float32", "float16"]
Images = Literal["uint8", "float32"]


class Options(NamedTuple):
    """How programs are written.

    Attributes:
        dtype: the dtype of the weights in the file.
        compute: the dtype of the feature maps; statistics are in float32.
        images: the dtype of images and pictures; float32 is in [0, 1].
    """

    dtype: Float = "float16"
    compute: Float = "float32"
    images: Images = "uint8"


def check_options(to: str, options: Options) -> None:
    """Raise `ValueError` if the format or an option has an unknown value."""
    given = {"to": (to, Format), "dtype": (options.dtype, Float)}
    given |= {"compute": (options.compute, Float), "images": (options.images, Images)}
    for name, (value, known) in given.items():
        if value not in get_args(known):
            raise ValueError(f"{name} is {' or '.join(get_args(known))}, not {value!r}")


def kept(name: str, weights: ArrayLike, dtype: Float) -> np.ndarray:
    """Convert weights to the dtype of a file; `name` is their name in errors.

    Raises:
        ValueError: if some values are not finite in this dtype.
    """
    with np.errstate(over="ignore"):
        array = np.asarray(weights).astype(dtype)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that {dtype} has not: take float32 as dtype")
    return array
