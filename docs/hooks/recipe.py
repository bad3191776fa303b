"""The tables of a recipe's fields, read off the comments of `TrainConfig`."""

import re
from pathlib import Path
from typing import Any

MARK = "<!-- fields -->"  # where a page has them
SOURCE = Path(__file__).parents[2] / "adain_jax" / "training" / "config.py"
_SECTION = re.compile(r"    # -{3,} (.+)$")
_COMMENT = re.compile(r"    # (.+)$")
_FIELD = re.compile(r"    (\w+): [\w\[\]., ]+ = (.+)$")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the tables in place of the mark (an event of MkDocs)."""
    return markdown.replace(MARK, tables()) if MARK in markdown else markdown


def tables() -> str:
    """A section in Markdown for each part of a recipe: fields, defaults and meanings."""
    source = SOURCE.read_text().split("class TrainConfig:")[1].split("    def ")[0]
    lines: list[str] = []
    fields: list[str] = []
    words: list[str] = []

    def finish() -> None:
        if fields:
            lines.append(f"| {'<br>'.join(fields)} | {' '.join(words)} |")
            fields.clear()
            words.clear()

    for line in source.splitlines():
        if section := _SECTION.match(line):
            finish()
            title = section[1][:1].upper() + section[1][1:]
            lines += ["", f"## {title}", "", "| field and default | meaning |", "| --- | --- |"]
        elif comment := _COMMENT.match(line):
            if fields:
                finish()
            words.append(comment[1].replace("|", "\\|"))
        elif field := _FIELD.match(line):
            fields.append(f"`{field[1]} = {field[2]}`")
    finish()
    return "\n".join(lines)
