"""Bugs do not vanish: whatever no code has caught is written down and told."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QObject, Signal

from app.core.errors import PfldLiveError

_log = logging.getLogger(__name__)


class FaultReporter(QObject):
    """Catches exceptions of slots and of threads, and says a sentence on the GUI thread.

    Qt calls Python slots and goes on when one raises; without this only a terminal would know.
    """

    reported = Signal(str)

    def install(self) -> Callable[[], None]:
        """Take over the hooks of the interpreter.

        Returns:
            What puts the old ones back.
        """
        old = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._main
        threading.excepthook = self._thread

        def remove() -> None:
            sys.excepthook, threading.excepthook = old

        return remove

    def _main(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        _log.error("uncaught exception", exc_info=(kind, error, trace))
        self.reported.emit(in_words(error))

    def _thread(self, caught: threading.ExceptHookArgs) -> None:
        error = caught.exc_value
        if error is None or isinstance(error, SystemExit):
            return
        name = "a thread" if caught.thread is None else f"thread {caught.thread.name}"
        _log.error("uncaught exception in %s", name, exc_info=error)
        self.reported.emit(in_words(error))


def in_words(error: BaseException) -> str:
    """One sentence about an exception."""
    if isinstance(error, PfldLiveError):
        return str(error)
    detail = str(error).strip()
    return f"Something went wrong inside the program ({type(error).__name__}" + (
        f": {detail})." if detail else ")."
    )
