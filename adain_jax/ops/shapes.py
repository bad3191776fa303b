"""Types of arrays, with dtypes and shapes, for signatures: those of jaxtyping.

    def upsample(x: Float[Array, "n h w c"]) -> Float[Array, "n 2*h 2*w c"]: ...

Equal names are equal sides, `...` is any number of sides, and names that begin with `_` are not
compared. The tests check all of it at run time (tests/conftest.py). Elsewhere jaxtyping, which
takes 20 ms to import, is not needed, and the types are those of the arrays alone.
"""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from jax import Array
from jax.typing import ArrayLike

# Of functions that take the library to compute with; who calls them knows which array is returned.
if TYPE_CHECKING:
    AnyArray = Any
else:
    AnyArray = np.ndarray | Array

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
