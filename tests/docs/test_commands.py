"""Every command in the README and in the documentation is one that the program takes."""

import ast
import importlib
import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from adain_jax.cli.parser import parse
from adain_jax.training.config import TrainConfig
from tests.conftest import ROOT

_PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`(adain-jax \w[^`]*? -o [^`]+)`")  # a whole command in a sentence
_FIELDS = {field.name for field in fields(TrainConfig)}


def commands(page: Path) -> list[list[str]]:
    """The words of every command in a page's blocks of shell, and of whole ones in its text."""
    text = page.read_text()
    found = [shlex.split(span) for span in _SPAN.findall(text)]
    for block in _BLOCK.findall(text):
        block = re.split(r"^python - <<", block, flags=re.MULTILINE)[0]
        for line in block.replace("\\\n", " ").splitlines():
            words: list[str] = []
            for word in [*shlex.split(line, comments=True), "&&"]:
                if word in ("&&", "|", ">"):
                    found.append(words)
                    words = []
                else:
                    words.append(word)
    return [words for words in found if words]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_are_taken(page):
    for words in commands(page):
        words = [word for word in words if word != "..."]
        program = Path(words[0]).name
        if program == "adain-jax":
            assert parse(words[1:]).run, words
        if program == "python" and words[1].endswith(".py"):
            assert (ROOT / words[1]).is_file(), words
        for word in words:
            if word.startswith("--config."):
                assert re.split("[.=]", word)[1] in _FIELDS, word


def test_commands_are_found():
    found = [words for page in _PAGES for words in commands(page)]
    assert sum(Path(words[0]).name == "adain-jax" for words in found) > 50
    assert ["adain-jax", "stylize", "-", "painting.jpg", "-o", "-"] in found


def _programs():
    """Python that is no doctest: blocks without prompts, and programs in blocks of shell."""
    for page in _PAGES:
        text = page.read_text()
        blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        blocks += re.findall(r"^python - <<'END'\n(.*?)^END$", text, re.MULTILINE | re.DOTALL)
        for i, block in enumerate(blocks):
            if not block.startswith(">>>"):
                yield pytest.param(block, id=f"{page.relative_to(ROOT).as_posix()}-{i}")


@pytest.mark.parametrize("program", list(_programs()))
def test_what_programs_import_is_there(program):
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("adain_jax"):
            room = importlib.import_module(node.module or "")
            for name in node.names:
                if not hasattr(room, name.name):
                    importlib.import_module(f"{node.module}.{name.name}")
