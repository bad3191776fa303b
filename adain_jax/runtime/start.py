"""Ctrl-C while the command is imported, when nothing of it is there yet to catch it."""

import os
import signal
import sys
from pathlib import Path


def stop_quietly() -> None:
    """In the command, end at Ctrl-C with a line and code 130, until `raise_again`."""
    if _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)


def raise_again() -> None:
    """From now on Ctrl-C raises `KeyboardInterrupt`, as ever."""
    if signal.getsignal(signal.SIGINT) is _stop:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_command() -> bool:
    """Whether this process is `adain-jax`, or `python -m adain_jax`, whose own name comes later."""
    name = Path(sys.argv[0]).stem if sys.argv else ""
    return name == "adain-jax" or (name == "-m" and "adain_jax" in sys.orig_argv)


def _stop(number: int, _: object) -> None:
    # Not by an exception, which importing could turn into another one. Nothing was begun.
    os.write(2, b"adain-jax: interrupted\n")
    os._exit(128 + number)
