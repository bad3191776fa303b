"""Work done ahead of the one who wants it, in a thread of its own."""

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")
_PATIENCE = 0.2  # seconds after which it is asked again whether to stop


def ahead(
    items: Iterable[Item], most: int, stop: Callable[[], object] = lambda: False
) -> Generator[Item, None, None]:
    """The same items, of which up to `most` are made before they are asked for.

    What the thread raises is raised here, after the items before it. When this is closed, the
    thread ends after the item that it is at.

    Raises:
        KeyboardInterrupt: as soon as `stop` is true.

    >>> list(ahead(range(3), 1))
    [0, 1, 2]
    """
    made: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(most)
    closed = threading.Event()

    def put(item: Item | None, error: BaseException | None) -> bool:
        while not closed.is_set():
            try:
                made.put((item, error), timeout=_PATIENCE)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item, None):
                    return
        except BaseException as error:
            put(None, error)
        else:
            put(None, StopIteration())

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            if stop():
                raise KeyboardInterrupt
            try:
                item, error = made.get(timeout=_PATIENCE)
            except queue.Empty:
                continue
            if isinstance(error, StopIteration):
                return
            if error:
                raise error
            yield item  # type: ignore[misc]
    finally:
        closed.set()
