"""Ends long work from outside without cutting through what must stay whole."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final, NoReturn

from app.core.claims import remove_locks

Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None

SIGNALS: Final = tuple(
    number
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if (number := getattr(signal, name, None)) is not None
)
"""What tells a program to end: Ctrl+C, `kill` and a system that shuts down, a closed terminal."""

GRACE_S: Final = 1.4
"""A program that a system or a user tells to end does so within 2 s, whatever it waits for."""

_GRACE_WITH_NOTHING_TO_KEEP_S: Final = 0.4


def exit_code(number: int) -> int:
    """Exit code of a program that a signal has ended, as shells report it."""
    return 128 + number


def leave(code: int) -> NoReturn:
    """End the process here, with all that was printed."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError, ValueError):  # none, or nobody reads it
            stream.flush()
    os._exit(code)


class Watchdog:
    """Sees to it that a wish to end is obeyed in time, for use in a `with` statement.

    Where the main thread waits for what cannot be broken off (a pipe, a driver, a library that
    starts), Python hears of no signal. This thread does, and ends the process after `GRACE_S`:
    files that grow are readable at any time, and the others are whole or not there. Ctrl+C leaves
    all the time that finishing takes, and the second one is as strict.

    Attributes:
        told: the first signal that came, or None.
    """

    def __init__(self) -> None:
        self.told: int | None = None
        self._interrupts = 0
        self._settled = threading.Event()
        self._deadline_s: float | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Watchdog:
        if threading.current_thread() is not threading.main_thread():
            return self
        self._reading, self._writing = socket.socketpair()
        self._writing.setblocking(False)
        self._before = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def heard(self) -> int | None:
        """The first signal that came up to now, or None."""
        if self._thread is not None:
            self._settled.clear()
            self._writing.send(b"\0")
            self._settled.wait(1.0)
        return self.told

    def stop(self) -> None:
        """Watch no more; may be called twice."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        signal.set_wakeup_fd(self._before)
        self._writing.close()
        thread.join()
        self._reading.close()

    def _watch(self) -> None:
        while True:
            left_s = None
            if self._deadline_s is not None:
                left_s = max(self._deadline_s - time.monotonic(), 0.001)
            self._reading.settimeout(left_s)
            try:
                numbers = self._reading.recv(64)
            except TimeoutError:
                self._end()
                continue
            except OSError:
                return
            if not numbers:
                return
            for number in numbers:
                self._hear(number)
            if 0 in numbers:
                self._settled.set()

    def _hear(self, number: int) -> None:
        if number not in SIGNALS:
            return
        self.told = self.told or number
        grace_s = GRACE_S
        if signal.getsignal(number) is _leave:
            grace_s = _GRACE_WITH_NOTHING_TO_KEEP_S
        elif number == signal.SIGINT:
            self._interrupts += 1
            if self._interrupts < 2:
                return
        end_s = time.monotonic() + grace_s
        self._deadline_s = min(self._deadline_s or end_s, end_s)

    def _end(self) -> None:
        with suppress(OSError, AttributeError):
            os.write(2, b"pfld-live: stopped before everything was finished.\n")
        remove_locks()
        os._exit(exit_code(self.told or signal.SIGTERM))


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let a wish to end leave the process on the spot, as long as there is nothing to keep.

    An exception in the middle of the start of a native library comes out as another one, or
    as a crash: Qt ends in a segmentation fault.
    """
    before = _handled(_leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, place: FrameType | None) -> None:  # noqa: ARG001
    remove_locks()
    os._exit(exit_code(number))


def _handled(handler: Handler) -> dict[int, Handler]:
    """Let the main thread hear of the wish to end; what was there before.

    Signals that whoever started the program has switched off stay off.
    """
    before: dict[int, Handler] = {}
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
    return before


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
        self._before = _handled(self._end)
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
