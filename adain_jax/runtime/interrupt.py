"""Being told to stop, by Ctrl-C or by a scheduler that wants the machine."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_AGAIN = 0.05  # seconds


class Interrupted(Exception):  # noqa: N818 no error
    """Told to stop; what was being done has been left in good order.

    Attributes:
        signal: SIGINT or SIGTERM.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.signal = signal.Signals(number)


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt in the block, as Ctrl-C does, and neither gets lost.

    An exception that comes up in a callback, such as JAX has for the garbage collector, goes no
    further: Python prints it. Then the signal is sent again.
    """

    def stop(number: int, _: FrameType | None) -> None:
        raise KeyboardInterrupt(number)

    def again(lost: Any) -> None:
        if isinstance(lost.exc_value, KeyboardInterrupt):
            number = number_of(lost.exc_value)
            threading.Timer(_AGAIN, os.kill, (os.getpid(), number)).start()
        else:
            hook(lost)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hook, before = sys.unraisablehook, signal.getsignal(signal.SIGTERM)
    sys.unraisablehook = again
    if before != signal.SIG_IGN:
        signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        sys.unraisablehook = hook


def number_of(stop: KeyboardInterrupt) -> int:
    """The signal that it came of.

    >>> number_of(KeyboardInterrupt(signal.SIGTERM)) == signal.SIGTERM
    True
    """
    return stop.args[0] if stop.args else signal.SIGINT


class Interrupts:
    """Notes SIGTERM and SIGINT while it is entered. A second SIGINT stops at once, as ever."""

    def __init__(self) -> None:
        self.received: int = 0
        self._before: dict[int, object] = {}

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                if signal.getsignal(number) != signal.SIG_IGN:  # as with nohup
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _note(self, number: int, _: FrameType | None) -> None:
        self.received = number
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
