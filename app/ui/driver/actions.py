"""The commands on the driver state, as menu, side panel, dock and sign share them."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction


class DriverActions(QObject):
    """One action per command; `DriverControl` connects them.

    Attributes:
        watch: checkable: the state of the driver is followed.
        show: opens the dock.
        calibrate, report: what their names say.
        acknowledge: quiets the alarm until something new happens.
        mute: checkable: no sound for a while.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.watch = self._action("&Watch the driver", "Follow eyes, mouth and head", "F6")
        self.watch.setCheckable(True)
        self.show = self._action("&Driver panel…", "See gauges, plots, events and settings", "F7")
        self.show.setIconText("Open…")
        self.calibrate = self._action("&Calibrate…", "Learn your open and shut eyes, 5 to 10 s")
        self.acknowledge = self._action("&Acknowledge the alarm", "You know: quiet for now", "F8")
        self.acknowledge.setIconText("Acknowledge")
        self.mute = self._action("&Mute the alarm", "No sound for a while", "Shift+F8")
        self.mute.setIconText("Mute")
        self.mute.setCheckable(True)
        self.report = self._action("&Report…", "Write the session as HTML and CSV")
        for action in (self.calibrate, self.acknowledge, self.mute, self.report):
            action.setEnabled(False)

    @property
    def all(self) -> tuple[QAction | None, ...]:
        """In the order of the menu; None is a line."""
        return (
            *(self.watch, self.show, None, self.calibrate, self.report, None),
            *(self.acknowledge, self.mute),
        )

    def _action(self, text: str, help: str, shortcut: str = "") -> QAction:
        action = QAction(text, self)
        if shortcut:
            action.setShortcut(shortcut)
        action.setToolTip(f"{help} ({shortcut})" if shortcut else help)
        action.setStatusTip(help)
        return action
