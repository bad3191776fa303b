"""Packages that not everyone has installed."""

from importlib import import_module
from typing import Any


def required(module: str, needs: str, extra: str) -> Any:
    """A module, or a `ValueError` that says how to install its package.

    Args:
        module: its name.
        needs: what needs which package, such as "videos need the package av".
        extra: of this package, which brings it.

    >>> required("json", "texts need the package json", "texts").loads("[1]")
    [1]
    """
    try:
        return import_module(module)
    except ImportError:
        raise ValueError(f"{needs}: pip install 'adain-jax[{extra}]'") from None
