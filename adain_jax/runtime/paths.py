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


def real(path: str | os.PathLike) -> Path:
    """The absolute path, with all links followed.

    `Path.resolve` raises an error for links that lead to themselves; this does not.

    >>> real("a/../b") == Path.cwd().resolve() / "b"
    True
    """
    return Path(os.path.realpath(path))
