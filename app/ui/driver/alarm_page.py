"""How the alarm calls, and what is kept of what happened."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.driver.alarm import ALARM_QUANTITIES, AlarmSettings
from app.ui.driver.words import DISCLAIMER
from app.ui.panels.quantity_field import QuantityField
from app.ui.panels.section import WheelGuard
from app.ui.preferences import Preferences
from app.ui.wrapped_label import WrappedLabel


class AlarmPage(QScrollArea):
    """Switches and times of the alarm, remembered from start to start."""

    changed = Signal()
    try_wanted = Signal()

    def __init__(
        self, preferences: Preferences, *, folder: Path, acknowledge: QAction, mute: QAction
    ) -> None:
        """Build it.

        Args:
            preferences: what is remembered.
            folder: of the evidence clips, until the user names another one.
            acknowledge: shown as a button.
            mute: shown as a button.
        """
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._preferences = preferences
        self.sound = self._box("sound", "Sound", True)
        self.sign = self._box("sign", "Sign over the picture", True)
        self.keep = self._box("keep", "Keep a clip of each event", False)
        self.keep.setToolTip("Writes the seconds around each event that counts into a video file")
        self.device = WrappedLabel(quiet=True)
        self.folder = preferences.get_folder("driver/folder", str(folder))
        self.folder_words = WrappedLabel(quiet=True)
        self.choose = QPushButton("Folder…")
        self.choose.clicked.connect(self._ask_for_folder)
        self.try_out = QPushButton("Try the sound")
        self.try_out.clicked.connect(self.try_wanted)
        self._wheel = WheelGuard(self)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(4)
        row = QHBoxLayout()
        for action in (acknowledge, mute):
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.sign)
        sound = QHBoxLayout()
        sound.addWidget(self.sound, 1)
        sound.addWidget(self.try_out)
        column.addLayout(sound)
        column.addWidget(self.device)
        self.fields: dict[str, QuantityField] = {}
        for name, quantity in ALARM_QUANTITIES.items():
            kept = preferences.get_quantity(f"driver/{name}", quantity)
            field = self.fields[name] = QuantityField(quantity, kept)
            field.changed.connect(lambda value, name=name: self._edited(name, value))
            for child in field.findChildren(QWidget):
                self._wheel.watch(child)
            column.addWidget(field)
        keep = QHBoxLayout()
        keep.addWidget(self.keep, 1)
        keep.addWidget(self.choose)
        column.addLayout(keep)
        column.addWidget(self.folder_words)
        words = WrappedLabel(quiet=True)
        words.say(DISCLAIMER)
        column.addWidget(words)
        column.addStretch(1)
        self.setWidget(inside)
        self._show_folder()

    def show_device(self, available: bool) -> None:
        """Say whether anything can be heard."""
        self.device.say("" if available else "There is no sound device: the alarm is only seen.")
        self.try_out.setEnabled(available)

    def _box(self, name: str, text: str, default: bool) -> QCheckBox:
        box = QCheckBox(text)
        key = f"driver/{name}"
        box.setChecked(self._preferences.get(key, default))
        box.toggled.connect(lambda on: self._switched(key, on))
        return box

    def _switched(self, key: str, on: bool) -> None:
        self._preferences.set(key, on)
        self._show_folder()
        self.changed.emit()

    def _edited(self, name: str, value: float) -> None:
        self._preferences.set(f"driver/{name}", value)
        self.changed.emit()

    def _ask_for_folder(self) -> None:
        text = QFileDialog.getExistingDirectory(self, "Folder of the clips", str(self.folder))
        if text:
            self.folder = Path(text)
            self._preferences.set("driver/folder", text)
            self._show_folder()

    def _show_folder(self) -> None:
        self.folder_words.say(str(self.folder) if self.keep.isChecked() else "")


def alarm_settings(preferences: Preferences) -> AlarmSettings:
    """As remembered; the page need not have been opened."""
    values = asdict(AlarmSettings())
    return AlarmSettings(
        **{
            name: preferences.get_quantity(f"driver/{name}", ALARM_QUANTITIES[name])
            for name in values
        }
    )
