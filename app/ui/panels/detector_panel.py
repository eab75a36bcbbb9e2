"""Which face detector runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal

from app.ui.panels.combo import RoomyCombo
from app.ui.panels.section import Section
from app.ui.wrapped_label import WrappedLabel
from app.vision.detectors import DETECTORS

if TYPE_CHECKING:
    from app.vision.engine import EngineStatus


class DetectorPanel(Section):
    """A list of detectors and what the chosen one is good for."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("detector", "Detector")
        self.combo = RoomyCombo("Face detector", "What finds the faces")
        for entry in DETECTORS.values():
            self.combo.addItem(entry.label, entry.name)
            self.combo.setItemData(
                self.combo.count() - 1, entry.summary, Qt.ItemDataRole.ToolTipRole
            )
        self.state = WrappedLabel(quiet=True)
        self.combo.currentIndexChanged.connect(self._describe)
        self.combo.activated.connect(lambda index: self.chosen.emit(self.combo.itemData(index)))
        self.body.addWidget(self.combo)
        self.body.addWidget(self.state)
        self._describe()

    def show_choice(self, name: str) -> None:
        """Mark what was asked for."""
        with QSignalBlocker(self.combo):
            self.combo.setCurrentIndex(max(self.combo.findData(name), 0))
        self._describe()

    def show_status(self, status: EngineStatus) -> None:
        """Say what is on its way."""
        loading = status.loader.detector_loading
        label = DETECTORS[loading].label if loading in DETECTORS else loading
        text = f"Starting {label} …" if loading else ""
        if not loading and not status.detector and not status.loader.detector_problem:
            text = "Waiting …"
        self.state.say(text)

    def _describe(self) -> None:
        entry = DETECTORS.get(self.combo.currentData())
        self.combo.setToolTip("What finds the faces" if entry is None else entry.summary)
