"""Checks of signatures during tests: dtypes and shapes of arrays, and types (ops/shapes.py)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jaxtyping
import pytest
from beartype import BeartypeConf, beartype

CHECKED = ("adain_jax.ops", "adain_jax.augment")  # modules, including their submodules

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int counts as a float, too
_raises: Any = pytest.raises


def install() -> None:
    """Make modules that are imported from now on check their calls, except in `pytest.raises`.

    There, the package itself must refuse wrong arguments.
    """
    jaxtyping.install_import_hook(list(CHECKED), f"{__name__}.checked")
    pytest.raises = _raises_by_itself  # type: ignore[assignment]


@contextmanager
def _raises_by_itself(*args: Any, **options: Any) -> Iterator[Any]:
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        with _raises(*args, **options) as caught:
            yield caught
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
