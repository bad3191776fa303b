"""Types of arrays, with dtypes and shapes, for signatures: those of jaxtyping.

    def upsample(x: Float[Array, "n h w c"]) -> Float[Array, "n 2*h 2*w c"]: ...

Equal names are equal sides, `...` is any number of sides, and names that begin with `_` are not
compared. The tests check all of it at run time (tests/conftest.py). Elsewhere jaxtyping, which
takes 20 ms to import, is not needed, and the types are those of the arrays alone.
"""

import sys
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax.typing import ArrayLike

if TYPE_CHECKING:
    from jax import Array

    # Of functions that take the library to compute with: the caller knows which array is returned.
    AnyArray = Any
else:
    # Functions of JAX's arrays take NumPy's, too.
    AnyArray = Array = np.ndarray | jax.Array

if TYPE_CHECKING or sys.modules.get("jaxtyping"):
    from jaxtyping import Bool, Float, Float32, Integer, Num, Shaped, UInt8
else:

    class _Shaped:
        """The array's type, for one with a shape."""

        def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
            return item[0]

    Bool = Float = Float32 = Integer = Num = Shaped = UInt8 = _Shaped

__all__ = [
    "AnyArray",
    "Array",
    "ArrayLike",
    "Bool",
    "Float",
    "Float32",
    "Integer",
    "Num",
    "Shaped",
    "UInt8",
]
