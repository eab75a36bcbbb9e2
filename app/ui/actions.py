"""The commands of the window, as menus and shortcuts have them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence

from app.record.style import OverlayOptions
from app.ui.preferences import Preferences


@dataclass(frozen=True, slots=True)
class _Toggle:
    text: str
    key: str
    help: str


_TOGGLES: Final = {
    "mirror": _Toggle("&Mirror", "M", "Show the picture as a mirror does; nothing else changes"),
    "points": _Toggle("&Points", "P", "Draw the landmarks"),
    "lines": _Toggle("&Lines", "L", "Join the landmarks of each region"),
    "numbers": _Toggle("&Numbers", "N", "Write id, yaw, pitch and roll beside each face"),
    "box": _Toggle("&Box", "B", "Draw the box around each face"),
    "axes": _Toggle("&Axes", "A", "Draw where each head points: red right, green down, blue ahead"),
}


class OverlayActions(QObject):
    """One checkable action per part of the overlay; menu, shortcut and panel share it."""

    changed = Signal(object)
    """The new `OverlayOptions`."""

    def __init__(self, parent: QObject, preferences: Preferences) -> None:
        super().__init__(parent)
        self._preferences = preferences
        defaults = OverlayOptions()
        self.actions: dict[str, QAction] = {}
        for name, toggle in _TOGGLES.items():
            action = QAction(toggle.text, self)
            action.setCheckable(True)
            action.setShortcut(QKeySequence(toggle.key))
            action.setToolTip(f"{toggle.help} ({toggle.key})")
            action.setStatusTip(toggle.help)
            action.setChecked(preferences.get(f"overlay/{name}", getattr(defaults, name)))
            action.toggled.connect(lambda on, name=name: self._toggled(name, on))
            self.actions[name] = action

    @property
    def options(self) -> OverlayOptions:
        """What is to be drawn now."""
        return OverlayOptions(**{name: a.isChecked() for name, a in self.actions.items()})

    def _toggled(self, name: str, on: bool) -> None:
        self._preferences.set(f"overlay/{name}", on)
        self.changed.emit(self.options)


def make_action(
    parent: QObject,
    text: str,
    run: Callable[[], object],
    *,
    shortcut: str | QKeySequence.StandardKey | Qt.Key = "",
    help: str = "",
) -> QAction:
    """An action that runs something, with its shortcut in the tooltip."""
    action = QAction(text, parent)
    if shortcut:
        action.setShortcut(QKeySequence(shortcut))
    if help:
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{help} ({keys})" if keys else help)
        action.setStatusTip(help)
    action.triggered.connect(lambda: run())
    return action
