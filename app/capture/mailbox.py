"""A slot for one item between two threads: the newest wins."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Hands the newest item to a reader that may be slower than the writer.

    A fresh item replaces an unread one, and the loss is counted, so neither latency nor memory
    grows while the reader is busy. Every method may be called from any thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._dropped = 0
        self._closed = False

    def put(self, item: T) -> bool:
        """Leave an item; never waits.

        Returns:
            True when the slot was empty, that is when a reader has to be woken; False when
            an unread item was replaced or the box is closed.
        """
        with self._changed:
            if self._closed:
                return False
            was_empty = self._item is None
            if not was_empty:
                self._dropped += 1
            self._item = item
            self._changed.notify()
            return was_empty

    def take(self, timeout_s: float | None = 0.0) -> T | None:
        """Remove and return the newest item.

        Args:
            timeout_s: how long to wait for one; None waits until there is one or the box closes.

        Returns:
            The item, or None when the time is over or the box is closed and empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout_s)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Accept nothing more and wake all readers; an unread item can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        with self._changed:
            return self._closed

    @property
    def dropped(self) -> int:
        """Number of items that were replaced before anyone read them."""
        with self._changed:
            return self._dropped
