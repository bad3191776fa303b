"""The command as a whole: from its arguments to its exit code."""

import io
import signal
import sys
from collections.abc import Sequence

from adain_jax.cli.messages import BAD_INPUT, fail, note
from adain_jax.cli.parser import parse
from adain_jax.runtime import process
from adain_jax.runtime.interrupt import Interrupted

STOPPED = 128  # and the number of the signal, as shells have it


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
    except Interrupted as stop:
        note(str(stop))
        process.leave(STOPPED + stop.signal)
    except KeyboardInterrupt:
        process.leave(STOPPED + signal.SIGINT)
    if not ok:
        sys.exit(BAD_INPUT)
