"""The tables of the command's options, read off its parser, so that they cannot drift from it."""

import argparse
from textwrap import wrap
from typing import Any

MARK = "<!-- options -->"  # where a page has them
FIELD = "config."  # begins the names of a recipe's fields, which have a page of their own


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the tables in place of the mark (an event of MkDocs)."""
    return markdown.replace(MARK, tables()) if MARK in markdown else markdown


def tables() -> str:
    """A section in Markdown for each command: what it does, how it is called, its options."""
    from adain_jax.cli.parser import build

    return "\n\n".join(_section(name, parser) for name, parser in build()[1].items())


def _section(name: str, parser: argparse.ArgumentParser) -> str:
    if late := parser.get_default("late"):  # what only this command has to import
        late(parser)
    lines = [f"## adain-jax {name}", "", "```text", _usage(parser), "```", ""]
    lines += [_description(parser), "", "| argument | meaning |", "| --- | --- |"]
    for action in parser._actions:
        shown = action.help not in (None, argparse.SUPPRESS) and action.dest != "help"
        if shown and not action.dest.startswith(FIELD):
            lines.append(f"| {_names(action)} | {_meaning(action, parser)} |")
    if any(action.dest.startswith(FIELD) for action in parser._actions):
        lines += ["", f"[The fields of a recipe](recipe.md) are set by `--{FIELD}NAME=VALUE`."]
    return "\n".join(lines)


def _description(parser: argparse.ArgumentParser) -> str:
    """As text, or as it is where its lines count."""
    text = (parser.description or "").strip()
    return f"```text\n{text}\n```" if "\n" in text else _escaped(text)


def _usage(parser: argparse.ArgumentParser) -> str:
    usage = " ".join(parser.format_usage().split()).removeprefix("usage: ").replace(" [-h]", "")
    return "\n".join(wrap(usage, 80, subsequent_indent="  ", break_on_hyphens=False))


def _names(action: argparse.Action) -> str:
    """Such as `-o OUTPUT`, `--output OUTPUT`."""
    value = _value(action)
    if not action.option_strings:
        return f"`{value}`"
    value = f" {value}" if value else ""
    return ", ".join(f"`{name}{value}`" for name in action.option_strings)


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    name = action.metavar or action.dest.upper()
    several = " ..." if action.nargs == "+" and "..." not in name else ""
    return f"{name}{several}"


def _meaning(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    text = parser._get_formatter()._expand_help(action)
    return _escaped(f"{text[:1].upper()}{text[1:]}{'' if text.endswith((')', '.')) else '.'}")


def _escaped(text: str) -> str:
    for character in "|{}<>*_":
        text = text.replace(character, f"\\{character}")
    return text
