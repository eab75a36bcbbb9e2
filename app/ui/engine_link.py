"""The window's side of the engine: starts it, stops it, and brings its news to the GUI thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from app.capture.source import FrameSource, SourceOptions
from app.core.clock import now_ns
from app.ui.opener import Opening, SourceOpener
from app.ui.picture import Canvas, Picture, PictureThread
from app.vision.settings import VisionSettings

if TYPE_CHECKING:  # importing the engine takes longer than showing the window
    from app.capture.grabber import CaptureThread
    from app.vision.engine import LiveEngine
    from app.vision.result import FrameResult

_log = logging.getLogger(__name__)

METERS_MS: Final = 100
"""Panels refresh this often, milliseconds."""

STOP_S: Final = 30.0
"""Importing MediaPipe cannot be broken off; on a slow disk it takes this long."""

EngineFactory = Callable[..., "LiveEngine"]

Listener = Callable[["FrameResult"], None]


def make_live_engine(
    *, settings: VisionSettings, on_result: Callable[[], None], on_change: Callable[[], None]
) -> LiveEngine:
    """The real engine; imports what it needs, which takes a while."""
    from app.vision.engine import LiveEngine

    return LiveEngine(settings=settings, on_result=on_result, on_change=on_change)


class EngineLink(QObject):
    """Everything the widgets know of the engine.

    What is opened before the engine has `started` is shown as soon as it runs; other commands
    do nothing until then, and none does anything after `stop`. News is coalesced: however many
    results come while the GUI thread is busy, it finds one signal and the newest picture.
    """

    started = Signal()
    """The engine runs and takes commands."""
    picture_ready = Signal(object)
    """A `Picture` to be shown now."""
    status_changed = Signal(object)
    """An `EngineStatus`, at once when something happened, and `METERS_MS` apart all the time."""
    source_changed = Signal(object, object)
    """Text of the source that is being opened, and its own name; both "" for none. Python's own
    texts: those of Qt lose what is no character, as a file name may hold."""
    source_problem = Signal(str)
    """A text means no source: one sentence why."""
    failed = Signal(str)
    """A bug somewhere: one sentence."""

    _made = Signal(object)
    _picture_waits = Signal()
    _change_waits = Signal()

    def __init__(self, factory: EngineFactory = make_live_engine) -> None:
        super().__init__()
        self._factory = factory
        self._engine: LiveEngine | None = None
        self._starter: threading.Thread | None = None
        self._waiting_source: FrameSource | None = None
        self._stopped = False
        self._pictures: PictureThread | None = None
        self._canvas = Canvas()
        self._change_noted = False
        self._listeners: dict[object, Listener] = {}
        self._ends: dict[object, Callable[[], None]] = {}
        self._opener = SourceOpener(self)
        self._opener.found.connect(self._open_found)
        self._timer = QTimer(self)
        self._timer.setInterval(METERS_MS)
        self._timer.timeout.connect(self._tell_status)
        self._made.connect(self._begin)
        self._picture_waits.connect(self._fetch_picture)
        self._change_waits.connect(self._tell_change)

    def start(self, settings: VisionSettings) -> None:
        """Start the engine in the background; `started` tells when it runs."""
        self._starter = threading.Thread(
            target=self._make_engine, args=(settings,), name="engine start"
        )
        self._starter.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """End all threads; True once they have ended."""
        self._stopped = True
        self._timer.stop()
        if self._starter is not None:
            self._starter.join(timeout_s)
        engine, self._engine = self._engine, None
        pictures, self._pictures = self._pictures, None
        end_ns = now_ns() + int(timeout_s * 1e9)
        ended = engine is None or engine.stop(timeout_s)
        left_s = max((end_ns - now_ns()) / 1e9, 0.1)
        ended = (pictures is None or pictures.stop(left_s)) and ended
        return self._opener.stop(left_s) and ended

    # Commands.

    def open(self, text: str, options: SourceOptions) -> None:
        """Open the source that a text means, in the background."""
        if not self._stopped:
            self._opener.request(text, options)

    def open_source(self, text: str, source: FrameSource) -> None:
        """Show a source that was made by the caller."""
        if self._stopped:
            return
        self._opener.cancel()
        if self._engine is not None:
            self._engine.open(source)
        else:
            self._waiting_source = source
        self.source_changed.emit(text, source.name)

    def close_source(self) -> None:
        """Show nothing from now on."""
        self._opener.cancel()
        self._waiting_source = None
        if self._engine is not None:
            self._engine.close_source()
        self.source_changed.emit("", "")

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Give every result to `listener`, too, on the vision thread, where it must not wait.

        Returns:
            What ends that; for the GUI thread.
        """
        key = object()
        self._listeners[key] = listener
        if self._engine is not None:
            self._ends[key] = self._engine.listen(listener)

        def end() -> None:
            self._listeners.pop(key, None)
            self._ends.pop(key, lambda: None)()

        return end

    def set_model(self, text: str) -> None:
        """Change the landmark model; "" is the default one."""
        if self._engine is not None:
            self._engine.set_model(text)

    def set_rival(self, text: str) -> None:
        """Compare with a second model; "" ends that."""
        if self._engine is not None:
            self._engine.set_rival(text)

    def rescan(self) -> None:
        """Look again at what lies in the model folders."""
        if self._engine is not None:
            self._engine.rescan()

    def set_detector(self, name: str) -> None:
        """Change the face detector."""
        if self._engine is not None:
            self._engine.set_detector(name)

    def set_settings(self, settings: VisionSettings) -> None:
        """Change the settings of the vision stage."""
        if self._engine is not None:
            self._engine.set_settings(settings)

    def set_canvas(self, canvas: Canvas) -> None:
        """Prepare pictures for another size of the view."""
        self._canvas = canvas
        if self._pictures is not None:
            self._pictures.set_canvas(canvas)

    def play(self, on: bool) -> None:
        """Go on with a clip, or pause it."""
        if player := self._player:
            player.resume() if on else player.pause()

    def step(self, pictures: int) -> None:
        """Pause a clip and move by so many pictures."""
        if player := self._player:
            player.step(pictures)

    def seek(self, time_s: float) -> None:
        """Move a clip to a time."""
        if player := self._player:
            player.seek(time_s)

    def set_loop(self, on: bool) -> None:
        """Start a clip again at its end, or do not."""
        if player := self._player:
            player.set_loop(on)

    @property
    def _player(self) -> CaptureThread | None:
        return None if self._engine is None else self._engine.capture

    # News, on the threads of the engine.

    def _on_result(self) -> None:
        if (pictures := self._pictures) is not None:
            pictures.wake()

    def _on_change(self, *_: object) -> None:
        # Two threads at once may both signal; one signal too many does no harm.
        if not self._change_noted:
            self._change_noted = True
            self._change_waits.emit()

    def _make_engine(self, settings: VisionSettings) -> None:
        try:
            engine = self._factory(
                settings=settings, on_result=self._on_result, on_change=self._on_change
            )
        except Exception as error:  # nobody else would hear of it
            _log.exception("the engine cannot start")
            self.failed.emit(f"The engine cannot start ({type(error).__name__}): {error}")
        else:
            self._made.emit(engine)
            import_module("app.record.recorder")  # so that a recording begins at once

    # News, on the GUI thread.

    def _begin(self, engine: LiveEngine) -> None:
        if self._stopped:
            return
        self._pictures = PictureThread(
            results=engine.results,
            on_picture=self._picture_waits.emit,
            on_error=lambda error: self.failed.emit(f"A picture cannot be shown: {error}"),
        )
        self._pictures.set_canvas(self._canvas)
        self._pictures.start()
        self._engine = engine
        for key, listener in self._listeners.items():
            self._ends[key] = engine.listen(listener)
        engine.start()
        if self._waiting_source is not None:
            engine.open(self._waiting_source)
            self._waiting_source = None
        self._timer.start()
        self.started.emit()

    def _fetch_picture(self) -> None:
        if self._pictures is not None:
            picture: Picture | None = self._pictures.pictures.take()
            if picture is not None:
                self.picture_ready.emit(picture)

    def _tell_change(self) -> None:
        self._change_noted = False
        self._tell_status()

    def _tell_status(self) -> None:
        if self._engine is not None:
            self.status_changed.emit(self._engine.status())

    def _open_found(self, opening: Opening) -> None:
        if opening.source is None:
            self.source_problem.emit(opening.problem)
        else:
            self.open_source(opening.text, opening.source)
