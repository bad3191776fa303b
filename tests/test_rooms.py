"""The order of the rooms (docs/design.md): each uses those before it, and none behind."""

import ast
from pathlib import Path

import adain_jax

PACKAGE = Path(adain_jax.__file__).parent
ROOMS = (
    *("version", "ops", "runtime", "networks", "files", "weights", "model", "inference"),
    *("stylize", "augment", "video", "training", "evaluation", "baselines", "export", "jobs"),
    *("reproduce", "cli"),
)
DOORS = ("__init__", "__main__")  # of the package as a whole


def imports(path: Path) -> set[str]:
    """The modules of the package that a file imports, wherever in it, without the package's name.

    >>> sorted(imports(PACKAGE / "__main__.py"))
    ['cli']
    """
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} has a relative import"
            modules = [node.module or ""]
            if modules == ["adain_jax"]:
                modules = [f"adain_jax.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
            continue
        found |= {m.removeprefix("adain_jax.") for m in modules if m.startswith("adain_jax.")}
    return found


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_module_is_in_a_room():
    rooms = {room_of(path) for path in PACKAGE.rglob("*.py")}
    assert rooms == {*ROOMS, *DOORS}


def test_rooms_use_only_those_before_them():
    climbs = [
        f"{path.relative_to(PACKAGE)} imports {module}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if room_of(path) not in DOORS
        for module in sorted(imports(path))
        if ROOMS.index(module.split(".")[0]) > ROOMS.index(room_of(path))
    ]
    assert not climbs
