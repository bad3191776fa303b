from collections.abc import Iterator
from typing import Any

import jax


def precisions(function: Any, *args: Any) -> Iterator[Any]:
    """Of every product of matrices and convolution that a function makes, at any depth."""

    def walk(jaxpr: Any) -> Iterator[Any]:
        for equation in jaxpr.eqns:
            if equation.primitive.name in ("dot_general", "conv_general_dilated"):
                yield equation.params["precision"]
            for value in jax.tree.leaves(equation.params, is_leaf=lambda x: hasattr(x, "eqns")):
                inner = getattr(value, "jaxpr", value)
                if hasattr(inner, "eqns"):
                    yield from walk(inner)

    yield from walk(jax.make_jaxpr(function)(*args).jaxpr)


def all_exact(function: Any, *args: Any) -> bool:
    """Whether there are any, and an accelerator rounds the factors of none of them."""
    exact = (jax.lax.Precision.HIGHEST,) * 2
    found = list(precisions(function, *args))
    return bool(found) and all(each == exact for each in found)
