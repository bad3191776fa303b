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


def check_readable(path: Path) -> None:
    """Raise an `OSError` that says why a file cannot be opened, which safetensors does not.

    >>> check_readable(Path("none.safetensors"))
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'none.safetensors'
    """
    with path.open("rb"):
        pass


def real(path: str | os.PathLike) -> Path:
    """The absolute path, with all links followed.

    `Path.resolve` raises an error for links that lead to themselves; this does not.

    >>> real("a/../b") == Path.cwd().resolve() / "b"
    True
    """
    return Path(os.path.realpath(path))
