"""A mailbox for one item between threads: readers get the newest, and may miss older ones."""

import threading
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")


class Numbered(NamedTuple, Generic[Item]):
    """An item and its number, counted from 1."""

    number: int
    item: Item


class Latest(Generic[Item]):
    """Holds the newest item. Each `put` replaces the item before it.

    >>> latest = Latest()
    >>> latest.put("a"), latest.put("b"), latest.after(0)
    (None, None, Numbered(number=2, item='b'))
    >>> latest.after(2)
    """

    def __init__(self) -> None:
        self._newest: Numbered[Item] | None = None
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Replace the item, and wake the threads that wait for a newer one."""
        with self._changed:
            self._newest = Numbered(self._newest.number + 1 if self._newest else 1, item)
            self._changed.notify_all()

    def after(self, number: int, seconds: float = 0) -> Numbered[Item] | None:
        """Wait up to `seconds` for an item with a number above `number`; None if there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_newer(number), seconds)
            return self._newest if self._is_newer(number) else None

    def _is_newer(self, number: int) -> bool:
        return self._newest is not None and self._newest.number > number
