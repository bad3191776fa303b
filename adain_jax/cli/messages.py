"""What the command says on standard error, each in one line."""

import sys
from typing import NoReturn

BAD_INPUT = 2


def one_line(message: Exception | str) -> str:
    """The message without line breaks."""
    return " ".join(str(message).split())


def note(message: str) -> None:
    """Say what the user should know."""
    print(f"adain-jax: {one_line(message)}", file=sys.stderr)


def error(message: Exception | str) -> None:
    """Say what went wrong."""
    note(f"error: {message}")


def fail(message: str) -> NoReturn:
    """Say what went wrong, and exit."""
    error(message)
    sys.exit(BAD_INPUT)
