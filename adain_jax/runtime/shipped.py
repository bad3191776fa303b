"""Folders that ship with the package, but not as parts of its code: recipes and examples.

They lie at the top of a clone. A wheel has them inside the package.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_EXAMPLES = "examples"


def folder(name: str) -> Path:
    """The folder of this name, "configs" or "examples".

    >>> (folder("examples") / "style/cafe_terrace.jpg").is_file()
    True
    """
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def find(place: str) -> Path:
    """The path that a text names; without a folder `examples` here, the one that ships.

    >>> find("examples/style").is_dir(), find("photos")
    (True, PosixPath('photos'))
    """
    path = Path(place)
    if path.parts[:1] == (_EXAMPLES,) and not Path(_EXAMPLES).exists():
        return folder(_EXAMPLES).joinpath(*path.parts[1:])
    return path
