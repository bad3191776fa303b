"""Packages that not everyone has installed."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

_OURS = __name__.partition(".")[0]


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


@contextmanager
def needed(by: str, extra: str) -> Iterator[None]:
    """Around imports: a package that is missing becomes a `ValueError` that says how to install it.

    Args:
        by: what needs it.
        extra: of this package, which brings it.

    >>> with needed("fishing", "rods"):
    ...     import rod
    Traceback (most recent call last):
    ...
    ValueError: fishing needs the package rod: pip install 'adain-jax[rods]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package == _OURS:  # a fault in the program
            raise
        raise ValueError(
            f"{by} needs the package {package}: pip install 'adain-jax[{extra}]'"
        ) from None
