"""Size, place and layout of the window: remembered, and changed for the full screen."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QSplitter, QWidget

from app.ui.menus import Menus
from app.ui.preferences import Preferences


class WindowState:
    """Knows what to hide on the full screen and what to bring back."""

    def __init__(
        self,
        window: QMainWindow,
        *,
        splitter: QSplitter,
        panel: QWidget,
        menus: Menus,
        preferences: Preferences,
    ) -> None:
        self._window = window
        self._splitter = splitter
        self._panel = panel
        self._menus = menus
        self._preferences = preferences

    def restore(self) -> None:
        """As it was the last time; on a screen that is gone Qt finds another place."""
        geometry = self._preferences.get_bytes("window/geometry")
        if not geometry.isEmpty():
            self._window.restoreGeometry(geometry)
        splitter = self._preferences.get_bytes("window/splitter")
        if not splitter.isEmpty():
            self._splitter.restoreState(splitter)
            # The state of another program's splitter fits as well, and may stand upright.
            self._splitter.setOrientation(Qt.Orientation.Horizontal)
            self._splitter.setHandleWidth(1)
            self._splitter.setChildrenCollapsible(False)
        self._menus.panel.setChecked(self._preferences.get("window/panel", True))
        self._panel.setVisible(self._menus.panel.isChecked())

    def save(self) -> None:
        """Remember how it is now."""
        self.set_full_screen(False)
        self._preferences.set_bytes("window/geometry", self._window.saveGeometry())
        self._preferences.set_bytes("window/splitter", self._splitter.saveState())
        self._preferences.set("window/panel", self._menus.panel.isChecked())
        self._preferences.save()

    def show_panel(self, on: bool) -> None:
        """Show or hide the side panel."""
        self._panel.setVisible(on)

    def set_full_screen(self, on: bool) -> None:
        """Nothing but video, messages and player, or everything."""
        if on == self._window.isFullScreen():
            return
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)
        self._menus.full_screen.setChecked(on)
        self._window.menuBar().setVisible(not on)
        self._panel.setVisible(not on and self._menus.panel.isChecked())
