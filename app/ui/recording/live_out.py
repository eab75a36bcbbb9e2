"""Sends live data while the user wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.record.live_out.protocols import LiveOutSettings
from app.ui.panels.live_out_panel import LiveOutPanel

if TYPE_CHECKING:  # what encodes takes a while to import
    from app.record.live_out.sender import LiveOut
    from app.record.sidecar import State
    from app.ui.engine_link import EngineLink
    from app.vision.result import FrameResult


class LiveOutControl(QObject):
    """Owns the sender of a window; another one takes its place when the settings change.

    Attributes:
        state_of: what the driver stage says of a result.
    """

    def __init__(self, link: EngineLink, panel: LiveOutPanel) -> None:
        super().__init__()
        self._link = link
        self._panel = panel
        self._sender: LiveOut | None = None
        self._let_go: Callable[[], None] = lambda: None
        self._leaving: list[LiveOut] = []
        self.state_of: Callable[[FrameResult], State | None] = lambda _: None
        panel.changed.connect(self._apply)
        link.started.connect(lambda: self._apply(panel.settings))

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Send nothing more; True once no thread runs any more."""
        self._retire()
        ended = [sender.stop(timeout_s) for sender in self._leaving]
        return all(ended)

    def refresh(self) -> None:
        """Show the state of this moment."""
        self._panel.show_status(None if self._sender is None else self._sender.status)

    def _apply(self, settings: LiveOutSettings) -> None:
        self._retire()
        if settings.ports:
            from app.record.live_out.sender import LiveOut

            sender = LiveOut(settings)
            self._sender = sender
            sender.start()
            self._let_go = self._link.listen(
                lambda result: sender.put(result, self.state_of(result))
            )
        self.refresh()

    def _retire(self) -> None:
        """Let the sender end without waiting for it."""
        self._let_go()
        sender, self._sender = self._sender, None
        if sender is not None:
            self._leaving.append(sender)
        self._leaving = [sender for sender in self._leaving if not sender.stop(0.0)]
