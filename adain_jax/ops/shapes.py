"""Types of arrays with dtypes and shapes, for signatures; they are those of jaxtyping.

    def upsample(x: Float[Array, "n h w c"]) -> Float[Array, "n 2*h 2*w c"]: ...

Equal names are equal sides, `...` is any number of sides, and names that begin with `_` are not
compared. The tests check the types at run time (tests/conftest.py). Otherwise jaxtyping, which
takes 20 ms to import, is not loaded, and the types are the plain types of arrays.
"""

import sys
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax.typing import ArrayLike

if TYPE_CHECKING:
    from jax import Array

    # For functions with an argument `xp`, where the caller knows which kind of array is returned.
    AnyArray = Any
else:
    # Functions that take JAX arrays take NumPy arrays, too.
    AnyArray = Array = np.ndarray | jax.Array

if TYPE_CHECKING or sys.modules.get("jaxtyping"):
    from jaxtyping import Bool, Float, Float32, Integer, Num, Shaped, UInt8
else:

    class _Shaped:
        """Replaces an array type with a shape by the plain array type."""

        def __class_getitem__(cls, item: tuple[object, str]) -> object:
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
