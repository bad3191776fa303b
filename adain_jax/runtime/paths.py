"""Paths from callers."""

import os
from pathlib import Path


def as_path(path: object) -> Path:
    """Convert a string or a path to a `Path`.

    Raises:
        ValueError: if `path` is neither.

    >>> as_path("a.png").suffix
    '.png'
    """
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"a file is named by a string or a path, not by {type(path).__name__}")
    return Path(path)
