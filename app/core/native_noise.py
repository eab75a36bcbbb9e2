"""Keeps what native libraries print out of the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_lock = threading.Lock()
_users = 0
_kept: int | None = None


@contextlib.contextmanager
def native_stderr_silenced() -> Iterator[None]:
    """Send file descriptor 2 nowhere for a moment.

    For libraries that print past their own log levels: libpng and libjpeg about damaged files,
    MediaPipe its greetings. What matters of it comes back as a result or an exception. May be
    used by several threads at once; the terminal is back when the last one leaves.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _users, _kept
    with _lock:
        _users += 1
        if _users > 1:
            return
        try:
            kept = os.dup(_target())
        except (OSError, ValueError):  # no terminal at all, as under pythonw
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
        except OSError:  # rather noise than a failure
            os.close(kept)
            return
        os.dup2(nowhere, _target())
        os.close(nowhere)
        _kept = kept


def _leave() -> None:
    global _users, _kept
    with _lock:
        _users -= 1
        if _users or _kept is None:
            return
        os.dup2(_kept, _target())
        os.close(_kept)
        _kept = None


def _target() -> int:
    return sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
