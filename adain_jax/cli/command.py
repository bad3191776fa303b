"""Runs the whole command, from its arguments to its exit code."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from adain_jax.cli.messages import fail, logged, note
from adain_jax.cli.parser import parse
from adain_jax.runtime import process, start
from adain_jax.runtime.errors import is_input
from adain_jax.runtime.interrupt import Interrupted, number_of, stoppable


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    It exits with 2 if anything could not be done, with 130 after Ctrl-C and 143 after SIGTERM. A
    fault in the program is raised, so that Python prints its traceback and exits with 1.
    """
    ok = False
    try:
        start.raise_again()
        if sys.stderr is None:  # it is closed: messages and progress have nowhere to go
            sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # file names may not be encodable
                stream.reconfigure(errors="backslashreplace")
        args = parse(argv)
        with stoppable(), logged(args.debug):
            try:
                ok = args.run(args)
                if sys.stdout is not None:
                    sys.stdout.flush()
            except BrokenPipeError:
                from adain_jax.files import streams

                streams.silence_output()
                fail(streams.CLOSED)
            except Interrupted:
                raise
            except Exception as error:
                if not is_input(error):
                    raise
                fail(error)
    except Interrupted as stop:
        note(str(stop))
        process.leave(process.STOPPED + stop.signal)
    except KeyboardInterrupt as stop:
        process.leave(process.STOPPED + number_of(stop))
    if not ok:
        sys.exit(process.BAD_INPUT)
