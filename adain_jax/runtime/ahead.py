"""Prefetching: a thread makes items before the consumer asks for them."""

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")
_PATIENCE = 0.2  # seconds between two checks whether to stop


def ahead(
    items: Iterable[Item], most: int, stop: Callable[[], object] = lambda: False
) -> Generator[Item, None, None]:
    """Yield the same items; a thread makes up to `most` of them in advance.

    An exception in the thread is raised here, after the items that were made before it. When the
    generator is closed, the thread finishes the item that it is making and ends.

    Raises:
        KeyboardInterrupt: as soon as `stop()` is true.

    >>> list(ahead(range(3), 1))
    [0, 1, 2]
    """
    made: queue.Queue[tuple[Item] | BaseException] = queue.Queue(most)
    closed = threading.Event()

    def put(what: tuple[Item] | BaseException) -> bool:
        while not closed.is_set():
            try:
                made.put(what, timeout=_PATIENCE)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((item,)):
                    return
        except BaseException as error:
            put(error)
        else:
            put(StopIteration())

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            if stop():
                raise KeyboardInterrupt
            try:
                what = made.get(timeout=_PATIENCE)
            except queue.Empty:
                continue
            if isinstance(what, StopIteration):
                return
            if isinstance(what, BaseException):
                raise what
            yield what[0]
    finally:
        closed.set()
