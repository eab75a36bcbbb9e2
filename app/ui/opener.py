"""Finds the source that a text means, off the GUI thread.

Looking at a file may wait for a slow disk, and the first clip imports the video library.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.capture.source import FrameSource, SourceOptions, open_source
from app.core.errors import PfldLiveError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class Opening:
    """How looking for a source ended: with `source`, or else with a `problem` in words."""

    text: str
    source: FrameSource | None
    problem: str = ""


class SourceOpener(QObject):
    """Runs `open_source` on a thread; only the last request counts."""

    found = Signal(object)
    """An `Opening`, on the thread of this object."""

    _done = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._request = 0
        self._threads: list[threading.Thread] = []
        self._done.connect(self._deliver)

    def request(self, text: str, options: SourceOptions) -> None:
        """Look for a source; `found` tells the end, unless another request comes first."""
        self._request += 1
        # A disk that never answers must not keep the program from ending, so it is a daemon.
        thread = threading.Thread(
            target=self._look, args=(self._request, text, options), name="opener", daemon=True
        )
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()

    def cancel(self) -> None:
        """Forget the request that is under way."""
        self._request += 1

    def stop(self, timeout_s: float) -> bool:
        """Wait for the threads; True once all have ended."""
        self.cancel()
        for thread in self._threads:
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in self._threads)

    def _look(self, request: int, text: str, options: SourceOptions) -> None:
        try:
            opening = Opening(text, open_source(text, options))
        except PfldLiveError as error:
            opening = Opening(text, None, str(error))
        except Exception as error:
            _log.exception("a source cannot be made")
            opening = Opening(text, None, f"{text} cannot be opened: {error}")
        self._done.emit(request, opening)

    def _deliver(self, request: int, opening: Opening) -> None:
        if request == self._request:
            self.found.emit(opening)
