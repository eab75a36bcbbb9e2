"""Fetches single frames of a clip on a thread of its own."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.capture.source import Pace, SourceOptions, open_source
from app.core.errors import PfldLiveError
from app.core.frame import Frame

_log = logging.getLogger(__name__)

_TURN_S: Final = 0.5


class FrameFetcher(QObject):
    """Gives the frame of a number; of several wishes the last one counts."""

    fetched = Signal(object)
    """A `Frame`; its `sequence` is the number."""
    failed = Signal(str)
    """The clip cannot be read: one sentence."""

    def __init__(self, media: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._media = media
        self._wake = threading.Condition()
        self._wanted: int | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="label frames", daemon=True)

    def start(self) -> None:
        """Open the clip."""
        self._thread.start()

    def want(self, number: int) -> None:
        """Fetch a frame."""
        with self._wake:
            self._wanted = number
            self._wake.notify()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End the thread; True once it has ended."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._fetch()
        except PfldLiveError as error:
            self.failed.emit(str(error))
        except Exception as error:
            _log.exception("the frames of a clip cannot be fetched")
            self.failed.emit(f"{self._media.name} cannot be shown: {error}")

    def _fetch(self) -> None:
        from app.capture.playback import PlayedSource

        source = open_source(str(self._media), SourceOptions(pace=Pace.FAST))
        if not isinstance(source, PlayedSource):
            raise TypeError(f"{self._media.name} cannot be stepped through")
        shown = -1
        with source:
            source.pause()
            while (number := self._next()) is not None:
                if number == shown:
                    continue
                source.step(number - shown)
                frame = self._read(source)
                if frame is None:
                    self.failed.emit(f"{self._media.name} has no frame {number}; it was cut off.")
                    source.seek(0.0)
                    frame = self._read(source)
                if frame is not None:
                    shown = frame.sequence
                    self.fetched.emit(frame)

    def _next(self) -> int | None:
        with self._wake:
            self._wake.wait_for(lambda: self._wanted is not None or self._stopping)
            number, self._wanted = self._wanted, None
            return None if self._stopping else number

    def _read(self, source: object) -> Frame | None:
        from app.capture.playback import PlayedSource

        assert isinstance(source, PlayedSource)  # noqa: S101 - checked when it was opened
        while not self._stopping:
            try:
                return source.read(_TURN_S)
            except TimeoutError:
                continue
        return None
