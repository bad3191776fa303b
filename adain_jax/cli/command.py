"""The command as a whole: from its arguments to its exit code."""

import io
import sys
from collections.abc import Sequence

from adain_jax.cli import process
from adain_jax.cli.messages import BAD_INPUT, fail
from adain_jax.cli.parser import parse

INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command; exits with 2 if anything could not be done, with 130 after Ctrl-C."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # names of files need be no text in it
                stream.reconfigure(errors="backslashreplace")
        args = parse(argv)
        ok = args.run(args)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        from adain_jax.files import streams

        streams.silence_output()
        fail(streams.CLOSED)
    except (ValueError, OSError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        process.leave(INTERRUPTED)
    if not ok:
        sys.exit(BAD_INPUT)
