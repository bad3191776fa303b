"""The newest of what one thread makes and others look at: what they come too late for is lost."""

import threading
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")


class Numbered(NamedTuple, Generic[Item]):
    """An item, and how many there were up to it."""

    number: int
    item: Item


class Latest(Generic[Item]):
    """A place for one item, which the next takes. Nothing waits in it.

    >>> latest = Latest()
    >>> latest.put("a"), latest.put("b"), latest.after(0)
    (None, None, Numbered(number=2, item='b'))
    >>> latest.after(2)
    """

    def __init__(self) -> None:
        self._newest: Numbered[Item] | None = None
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Put an item in the place of the last."""
        with self._changed:
            self._newest = Numbered(self._newest.number + 1 if self._newest else 1, item)
            self._changed.notify_all()

    def after(self, number: int, seconds: float = 0) -> Numbered[Item] | None:
        """The newest item, if it is not the one of this number, or comes within some seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_newer(number), seconds)
            return self._newest if self._is_newer(number) else None

    def _is_newer(self, number: int) -> bool:
        return self._newest is not None and self._newest.number > number
