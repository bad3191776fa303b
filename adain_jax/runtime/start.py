"""Ctrl-C while the command is still being imported, before it can handle the signal."""

import os
import signal
import sys
from pathlib import Path


def stop_quietly() -> None:
    """Let Ctrl-C end the command with one line and code 130, until `raise_again` is called."""
    if _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)


def raise_again() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt` again."""
    if signal.getsignal(signal.SIGINT) is _stop:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_command() -> bool:
    """Whether this process is `adain-jax` or `python -m adain_jax`, whose argv[0] is still "-m"."""
    name = Path(sys.argv[0]).stem if sys.argv else ""
    return name == "adain-jax" or (name == "-m" and "adain_jax" in sys.orig_argv)


def _stop(number: int, _: object) -> None:
    # Not by an exception, which an import could turn into another one. No work has begun.
    os.write(2, b"adain-jax: interrupted\n")
    os._exit(128 + number)
