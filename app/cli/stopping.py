"""Ends long work from outside without cutting through what must stay whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let Ctrl+C end the process on the spot, as long as there is nothing to keep.

    An exception in the middle of the start of a native library comes out as another one, or
    as a crash: Qt ends in a segmentation fault.
    """
    mine = threading.current_thread() is threading.main_thread()
    if not mine or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Stopping:
    """Turns the wish to end into KeyboardInterrupt, at a moment when it does no harm.

    Ctrl+C, `kill`, a closed terminal and a system that shuts down all mean the same: keep what
    there is and end. While entered on the main thread, each raises KeyboardInterrupt; inside
    `held_back` only when that is left, or at the second wish. Signals that whoever started the
    program has switched off stay off.
    """

    def __init__(self) -> None:
        self._held = False
        self._wanted = False

    def __enter__(self) -> Stopping:
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, name, None) for name in _NAMES):
                if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._end)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Let what happens inside be finished first."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._wanted:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt if somebody wishes to end: inside `held_back` this is a moment
        when it does no harm.
        """
        if self._wanted:
            raise KeyboardInterrupt

    def _end(self, number: int, place: FrameType | None) -> None:  # noqa: ARG002
        if self._held and not self._wanted:
            self._wanted = True
            return
        raise KeyboardInterrupt
