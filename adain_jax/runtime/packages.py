"""Optional packages: one clear line if one is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

_OURS = __name__.partition(".")[0]


def required(module: str, needs: str, extra: str) -> ModuleType:
    """Import a module, or raise a `ValueError` that says how to install its package.

    Args:
        module: the name of the module.
        needs: the beginning of the message, such as "videos need the package av".
        extra: the extra of this package that installs it.

    >>> required("json", "texts need the package json", "texts").loads("[1]")
    [1]
    """
    try:
        return import_module(module)
    except ImportError:
        raise ValueError(f"{needs}: pip install 'adain-jax[{extra}]'") from None


@contextmanager
def needed(by: str, extra: str) -> Iterator[None]:
    """In a block of imports, turn a missing package into a `ValueError` that says how to get it.

    Args:
        by: what needs the package, for the message.
        extra: the extra of this package that installs it.

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
        if package == _OURS:  # a bug in this package
            raise
        raise ValueError(
            f"{by} needs the package {package}: pip install 'adain-jax[{extra}]'"
        ) from None
