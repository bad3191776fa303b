"""Folders that ship beside the code: recipes and examples.

In a clone they are at the top. In a wheel they are inside the package.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_EXAMPLES = "examples"


def folder(name: str) -> Path:
    """The path of the folder "configs" or "examples".

    >>> (folder("examples") / "style/cafe_terrace.jpg").is_file()
    True
    """
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def find(place: str) -> Path:
    """The path `place`. If it begins with `examples` and there is no such folder, the shipped one.

    >>> find("examples/style").is_dir(), find("photos")
    (True, PosixPath('photos'))
    """
    path = Path(place)
    if path.parts[:1] == (_EXAMPLES,) and not Path(_EXAMPLES).exists():
        return folder(_EXAMPLES).joinpath(*path.parts[1:])
    return path
