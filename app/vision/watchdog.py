"""Ends runs of networks that never end by themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_EVERY_S: Final = 0.25
_IDLE_S: Final = 1.0


class Watchdog:
    """Calls for the end of what takes too long, from a thread that lives while there is work.

    To watch something costs a few microseconds, which a timer for each would not.
    """

    def __init__(self, most_s: float) -> None:
        """Watch for what takes longer than `most_s`."""
        self.most_s = most_s
        self._lock = threading.Lock()
        self._watched: dict[int, tuple[float, Callable[[], None]]] = {}
        self._last = 0
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, end: Callable[[], None]) -> Iterator[None]:
        """Call `end`, on another thread, if what happens inside takes too long."""
        with self._lock:
            self._last += 1
            number = self._last
            self._watched[number] = time.monotonic() + self.most_s, end
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="model-watch", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._watched.pop(number, None)

    def _run(self) -> None:
        seen, idle_since = 0, time.monotonic()
        while True:
            time.sleep(_EVERY_S)
            now = time.monotonic()
            with self._lock:
                late = [n for n, (until, _) in self._watched.items() if until < now]
                ends = [self._watched.pop(n)[1] for n in late]
                if self._watched or self._last != seen:
                    seen, idle_since = self._last, now
                if not self._watched and now - idle_since > _IDLE_S:
                    self._thread = None
                    return
            for end in ends:
                end()
