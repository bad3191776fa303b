"""SIGINT (Ctrl-C) and SIGTERM (from schedulers): how work stops."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN = 0.05  # seconds until a lost signal is sent again


class Interrupted(Exception):  # noqa: N818 no error
    """The work was stopped by a signal, after it saved its state.

    Attributes:
        signal: SIGINT or SIGTERM.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.signal = signal.Signals(number)


@contextmanager
def stoppable() -> Iterator[None]:
    """Make SIGTERM raise `KeyboardInterrupt` in the block, as Ctrl-C does, and lose neither.

    Python prints and drops an exception that is raised in a callback, such as those that JAX
    registers with the garbage collector. If that happens to a signal, it is sent again.
    """

    def stop(number: int, _: FrameType | None) -> None:
        raise KeyboardInterrupt(number)

    def again(lost: "sys.UnraisableHookArgs") -> None:
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
    """The number of the signal that caused the exception.

    >>> number_of(KeyboardInterrupt(signal.SIGTERM)) == signal.SIGTERM
    True
    """
    return stop.args[0] if stop.args else signal.SIGINT


class Interrupts:
    """A context that notes SIGTERM and SIGINT in `received`. A second SIGINT interrupts at once."""

    def __init__(self) -> None:
        self.received: int = 0
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                if signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores signals
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.received = number
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
