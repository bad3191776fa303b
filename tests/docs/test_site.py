"""The parts of the documentation that are made when it is built."""

import importlib
import re
from dataclasses import fields

import pytest

from adain_jax.cli.parser import build
from adain_jax.training.config import TrainConfig
from docs.hooks import maths, offline, options, recipe, sources
from tests.conftest import ROOT

_REFERENCE = "\n".join(path.read_text() for path in (ROOT / "docs/reference").glob("*.md"))
_SHOWN = set(re.findall(r"^::: (\S+)", _REFERENCE, re.MULTILINE))


def test_every_option_of_every_command_is_in_the_tables():
    text = options.tables()
    for name, parser in build()[1].items():
        section = text.split(f"## adain-jax {name}\n")[1].split("\n## ")[0]
        for action in parser._actions:
            for option in action.option_strings:
                if action.dest != "help" and not action.dest.startswith(options.FIELD):
                    assert re.search(rf"`{re.escape(option)}[` ]", section), (name, option)


def test_a_row_of_the_table_says_the_default():
    assert "| `--alpha ALPHA` | Strength of the style, from 0 to 1 (default: 1.0) |" in (
        options.tables()
    )


def test_every_field_of_a_recipe_is_in_the_tables():
    text = recipe.tables()
    for field in fields(TrainConfig):
        assert f"| `{field.name} = " in text or f"<br>`{field.name} = " in text, field.name
    assert "| `flip = False` | Mirror photographs and paintings half of the time. |" in text


@pytest.mark.parametrize(
    "package",
    [
        *("adain_jax", "adain_jax.model", "adain_jax.networks", "adain_jax.video"),
        *("adain_jax.datasets", "adain_jax.export"),
    ],
)
def test_every_public_name_is_in_the_reference(package):
    room = importlib.import_module(package)
    for name in room.__all__:
        value = getattr(room, name)
        if name != "__version__":
            home = getattr(value, "__module__", package)
            shown = any(x.startswith(package) and x.endswith(f".{name}") for x in _SHOWN)
            assert shown or {f"{home}.{name}", home, package} & _SHOWN, name


def test_what_the_reference_shows_is_there():
    for name in _SHOWN:
        room, _, member = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(room), member), name


def test_links_to_files_lead_to_pages():
    shown = {"adain_jax/augment.py": "source/adain_jax/augment.py.md", "CHANGELOG.md": "x.md"}
    text = "[a](../../adain_jax/augment.py#L3) [b](../paper.md#x) [c](https://e.org) ![d](../i.png)"
    assert sources.moved("docs/guides/jax.md", "guides/jax.md", text, shown) == text.replace(
        "../../adain_jax/augment.py#L3", "../source/adain_jax/augment.py.md"
    )
    assert sources.moved("README.md", "a/b.md", "[x](docs/paper.md)", {}) == "[x](../paper.md)"


def test_links_in_code_are_left():
    text = "```python\na[0](../b.py)\n```"
    assert sources.moved("docs/paper.md", "paper.md", text, {"b.py": "c.md"}) == text


def test_a_link_to_no_file_ends_the_build():
    with pytest.raises(FileNotFoundError, match=r"docs/paper\.md links to \.\./missing\.py"):
        sources.targets("docs/paper.md", "[a](../missing.py)")


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_links_of_the_pages_lead_somewhere(page):
    sources.targets(f"docs/{page}", (ROOT / "docs" / page).read_text())


def test_what_needs_a_network_is_found():
    page = (
        '<link rel="stylesheet" href="https://a/b.css"><link rel=canonical href="https://a/">'
        '<img alt="x" src="//a/b.png"><a href="https://a/"><script src="a.js"></script>'
    )
    assert len(offline.from_elsewhere(page)) == 2


def test_formulas_are_found():
    pytest.importorskip("latex2mathml")
    page = r'<p><span class="arithmatex">\(\sigma(x)\)</span></p>'
    assert "<math" in maths.on_page_content(page)
    assert maths.on_page_content("<p>x</p>") == "<p>x</p>"
