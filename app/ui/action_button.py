"""A button that is another face of an action."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton


class ActionButton(QPushButton):
    """Shows the short text, the tip and the state of an action, and triggers it."""

    def __init__(self, action: QAction) -> None:
        """Follow `action` from now on."""
        super().__init__()
        self._action = action
        action.changed.connect(self._look)
        self.clicked.connect(action.trigger)
        self._look()

    def _look(self) -> None:
        self.setText(self._action.iconText())
        self.setToolTip(self._action.toolTip())
        self.setEnabled(self._action.isEnabled())
