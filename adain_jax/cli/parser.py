"""Parses the arguments of the command."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from adain_jax.cli import (
    camera,
    convert,
    dataset,
    evaluate,
    evaluate_video,
    export,
    grid,
    info,
    optimize,
    page,
    reproduce,
    style,
    stylize,
    train,
    video,
)
from adain_jax.cli.messages import fail
from adain_jax.version import __version__

_COMMANDS = (
    *(stylize, style, grid, video, camera, dataset, optimize, export, page, info),
    *(train, evaluate, evaluate_video, convert, reproduce),
)

_LISTS = ("stylize", "style", "grid", "video", "camera")  # commands that take a list of files


class _Parser(argparse.ArgumentParser):
    def parse_known_args(self, *args: Any, **options: Any) -> Any:
        """Parse arguments, after adding those whose imports only this command needs."""
        if late := self._defaults.pop("late", None):
            late(self)
        self._words = list(args[0] or ()) if args else []
        return super().parse_known_args(*args, **options)

    def error(self, message: str) -> NoReturn:
        """Print one line, without argparse's usage, and exit."""
        _, found, missing = message.partition("arguments are required: ")
        if found and not missing.startswith("-") and (option := self._greedy()):
            message += f": {option} takes all words up to the next option: name the files before it"
        fail(f"{message} (see {self.prog} --help)")

    def _greedy(self) -> str:
        """The last option that takes a list, if it has several words."""
        lists = {x for a in self._actions if a.nargs in ("+", "*") for x in a.option_strings}
        places = [i for i, word in enumerate(self._words) if word in lists]
        several = [i for i in places if not any(x[:1] == "-" for x in self._words[i + 1 : i + 3])]
        return self._words[several[-1]] if several and len(self._words) > several[-1] + 2 else ""


def build() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """Build the parser; return it, and the parsers of its commands by name."""
    parser = _Parser(prog="adain-jax", description="Arbitrary style transfer in real time.")
    parser.add_argument("--version", action="version", version=f"adain-jax {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    for place in (parser, *commands.choices.values()):  # so it may come before or after the command
        place.add_argument(
            "--debug",
            action="store_true",
            default=argparse.SUPPRESS,  # or the command's default would override it
            help="show where errors come from, and what libraries warn of",
        )
    return parser, commands.choices


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse and check the arguments; their `run` is the function that executes the command."""
    parser, commands = build()
    args, unknown = parser.parse_known_args(argv)
    if unknown:  # the command's help lists its options, not that of `adain-jax`
        late = args.command in _LISTS and not any(text.startswith("-") for text in unknown)
        hint = ": name all files one after another, with no option between them" if late else ""
        commands[args.command].error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    args.debug = "debug" in args
    if check := vars(args).pop("check", None):  # checks of several arguments
        check(args)
    return args
