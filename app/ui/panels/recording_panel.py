"""How recordings are made, and the button that makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QDir, QStandardPaths, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from app.record.quality import DEFAULT_QUALITY, QUALITIES
from app.record.settings import CONSTANT_RATE, RecordSettings, What
from app.record.style import OverlayOptions
from app.ui.elided_label import ElidedLabel
from app.ui.panels.combo import RoomyCombo
from app.ui.panels.quantity_field import QuantityField
from app.ui.panels.section import Section
from app.ui.preferences import Preferences

_WHAT = {
    What.ANNOTATED: "With overlay",
    What.CLEAN: "Clean picture",
    What.BOTH: "Both, in two files",
}


@dataclass(frozen=True, slots=True)
class FileWishes:
    """Which files beside the videos are wanted."""

    table: bool


class RecordingPanel(Section):
    """Buttons and the settings of the next recording."""

    def __init__(self, preferences: Preferences, actions: Sequence[QAction]) -> None:
        """Make the panel.

        Args:
            preferences: where settings are remembered.
            actions: shown as buttons.
        """
        super().__init__("recording", "Recording")
        self._preferences = preferences
        self.what = RoomyCombo("What is recorded", "Which pictures are recorded")
        for what, label in _WHAT.items():
            self.what.addItem(label, what.value)
        self.quality = RoomyCombo("Quality", "Small files or good pictures")
        for quality in QUALITIES.values():
            self.quality.addItem(quality.label, quality.name)
        for combo, key, default in (
            (self.what, "record/what", What.ANNOTATED.value),
            (self.quality, "record/quality", DEFAULT_QUALITY),
        ):
            choices = [combo.itemData(i) for i in range(combo.count())]
            combo.setCurrentIndex(choices.index(preferences.get_choice(key, default, choices)))
            combo.activated.connect(lambda _, combo=combo, key=key: self._keep(combo, key))
        self.constant = self._box(
            "&Constant rate", "record/constant", "Else each picture keeps its true time"
        )
        self.rate = QuantityField(
            CONSTANT_RATE, preferences.get_quantity("record/rate", CONSTANT_RATE)
        )
        self.rate.changed.connect(lambda value: preferences.set("record/rate", value))
        self.constant.toggled.connect(self.rate.setVisible)
        self.rate.setVisible(self.constant.isChecked())
        self.mirror = self._box(
            "As in the &mirror",
            "record/mirror",
            "Record the mirrored picture while the view is mirrored; numbers stay true",
        )
        self.table = self._box(
            "CS&V, too", "record/csv", "What was found as CSV beside the JSON lines"
        )
        self.text = QLineEdit(preferences.get("record/name", ""))
        self.text.setPlaceholderText("Source and time")
        self.text.setAccessibleName("Name of the recording")
        self.text.setToolTip("Name of the files; what no file name may hold is replaced")
        self.text.editingFinished.connect(lambda: preferences.set("record/name", self.text.text()))
        self.place = ElidedLabel()
        self.choose = QToolButton()
        self.choose.setText("…")
        self.choose.setToolTip("Choose the folder of the recordings")
        self.choose.setAccessibleName("Choose the folder of the recordings")
        self.choose.clicked.connect(self._ask_for_folder)
        self._lay_out(actions)
        self._show_folder()

    @property
    def usual_folder(self) -> Path:
        """Where recordings go unless the user has chosen."""
        movies = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
        return Path(movies or QDir.homePath()) / "PFLD Live"

    @property
    def folder(self) -> Path:
        """Where recordings go."""
        return self._preferences.get_folder("record/folder", str(self.usual_folder))

    @property
    def name(self) -> str:
        """What the files are to be called, or ""."""
        return self.text.text().strip()

    @property
    def files(self) -> FileWishes:
        """Which files beside the videos are wanted."""
        return FileWishes(table=self.table.isChecked())

    def settings(self, overlay: OverlayOptions) -> RecordSettings:
        """How to record.

        Args:
            overlay: what is drawn in the view.
        """
        return RecordSettings(
            what=What(self.what.currentData()),
            overlay=replace(overlay, mirror=overlay.mirror and self.mirror.isChecked()),
            quality=self.quality.currentData(),
            constant_rate=self.rate.value if self.constant.isChecked() else None,
        )

    def show_running(self, running: bool) -> None:
        """Settings count for the next recording, so they cannot be changed in this one."""
        self._form_widget.setEnabled(not running)

    def _lay_out(self, actions: Sequence[QAction]) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for action in actions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            buttons.addWidget(button)
        folder = QHBoxLayout()
        folder.addWidget(self.place, 1)
        folder.addWidget(self.choose)
        self._form_widget = QWidget()
        form = QFormLayout(self._form_widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Pic&tures", self.what)
        form.addRow("&Quality", self.quality)
        form.addRow("Name", self.text)
        form.addRow("Folder", folder)
        boxes = QHBoxLayout()
        boxes.addWidget(self.constant)
        boxes.addWidget(self.table)
        form.addRow(boxes)
        form.addRow(self.rate)
        form.addRow(self.mirror)
        self.body.addLayout(buttons)
        self.body.addWidget(self._form_widget)

    def _box(self, text: str, key: str, tip: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(tip)
        box.setChecked(self._preferences.get(key, False))
        box.toggled.connect(lambda on: self._preferences.set(key, on))
        return box

    def _keep(self, combo: QComboBox, key: str) -> None:
        self._preferences.set(key, combo.currentData())

    def _ask_for_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(
            self, "Choose the folder of the recordings", str(self.folder)
        )
        if path:
            self._preferences.set("record/folder", path)
            self._show_folder()

    def _show_folder(self) -> None:
        self.place.setText(str(self.folder))
