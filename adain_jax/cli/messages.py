"""The command's messages on standard error, each in one line, and the log for --debug."""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from adain_jax.runtime.errors import in_words
from adain_jax.runtime.process import BAD_INPUT

_LOG = logging.getLogger("adain_jax")


def note(message: str) -> None:
    """Print a message in one line."""
    print(f"adain-jax: {' '.join(message.split())}", file=sys.stderr)


def error(message: Exception | str) -> None:
    """Print an error in one line."""
    if isinstance(message, Exception):
        _LOG.debug("where this comes from:", exc_info=message)
        message = in_words(message)
    note(f"error: {message}")


def fail(message: Exception | str) -> NoReturn:
    """Print an error in one line, and exit with code 2."""
    error(message)
    sys.exit(BAD_INPUT)


@contextmanager
def logged(debug: bool) -> Iterator[None]:
    """Within the block, print libraries' warnings and the tracebacks of errors to standard error.

    Without `debug`, they are dropped.
    """
    handler = logging.StreamHandler() if debug else logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(name)s: %(message)s"))
    level = _LOG.level
    logging.root.addHandler(handler)
    with warnings.catch_warnings():
        if debug:
            _LOG.setLevel(logging.DEBUG)
            warnings.simplefilter("default")
        logging.captureWarnings(True)
        try:
            yield
        finally:
            logging.captureWarnings(False)
            _LOG.setLevel(level)
            logging.root.removeHandler(handler)
