"""A second model beside the first, and the times of all that have run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from app.ui.elided_label import ElidedLabel
from app.ui.panels.combo import RoomyCombo
from app.ui.panels.section import Section
from app.ui.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from app.core.meters import Percentiles
    from app.ui.picture import Picture
    from app.vision.engine import EngineStatus
    from app.vision.zoo import Zoo

_NOBODY: Final = "Nothing"


class ComparePanel(Section):
    """Chooses the second model, says how far it is from the first, and shows milliseconds."""

    rival_chosen = Signal(str)
    """Label of the second model, "" for none."""
    beside_chosen = Signal(bool)

    def __init__(self) -> None:
        super().__init__("compare", "Compare")
        self._zoo: Zoo | None = None
        self._rows: dict[str, tuple[QLabel, QLabel]] = {}
        self.combo = RoomyCombo("Second model", "A second model that sees the same crops")
        self.combo.addItem(_NOBODY, "")
        self.combo.activated.connect(
            lambda index: self.rival_chosen.emit(self.combo.itemData(index))
        )
        self.beside = QCheckBox("Side by side")
        self.beside.setToolTip("Off: both over one picture, in two colours")
        self.beside.setChecked(True)
        self.beside.toggled.connect(self.beside_chosen)
        self.distance = WrappedLabel()
        self.state = WrappedLabel()
        self._table = QWidget()
        self._grid = QGridLayout(self._table)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        for column, text in enumerate(("ms for one face", "p50", "p95")):
            self._grid.addWidget(_quiet(text, right=column > 0), 0, column)
        self._table.hide()
        for widget in (self.combo, self.beside, self.distance, self.state, self._table):
            self.body.addWidget(widget)
        self.beside.hide()

    def times(self) -> dict[str, tuple[str, str]]:
        """Label of each model that has run -> its p50 and p95 as they are shown."""
        return {name: (low.text(), high.text()) for name, (low, high) in self._rows.items()}

    def show_status(self, status: EngineStatus, picture: Picture | None) -> None:
        """Follow the engine."""
        loader = status.loader
        if loader.zoo is not None and loader.zoo is not self._zoo:
            self._show_zoo(loader.zoo)
        shown = loader.rival_loading or status.rival
        if shown != (self.combo.currentData() or ""):
            with QSignalBlocker(self.combo):
                self.combo.setCurrentIndex(max(self.combo.findData(shown), 0))
        self.beside.setVisible(bool(status.rival))
        self.state.say(
            f"Loading {loader.rival_loading} …" if loader.rival_loading else loader.rival_problem
        )
        self.distance.say(_distance(status, picture))
        for name, times in status.models.items():
            self._show_times(name, times)

    def _show_zoo(self, zoo: Zoo) -> None:
        self._zoo = zoo
        chosen = self.combo.currentData()
        with QSignalBlocker(self.combo):
            self.combo.clear()
            self.combo.addItem(_NOBODY, "")
            for entry in zoo.usable:
                self.combo.addItem(entry.label, entry.label)
            self.combo.setCurrentIndex(max(self.combo.findData(chosen), 0))

    def _show_times(self, name: str, times: Percentiles) -> None:
        if name not in self._rows:
            row = self._grid.rowCount()
            label = ElidedLabel()
            label.setText(name)
            label.setToolTip(name)
            cells = (_number(), _number())
            self._grid.addWidget(label, row, 0)
            for column, cell in enumerate(cells, start=1):
                self._grid.addWidget(cell, row, column)
            self._rows[name] = cells
            self._table.show()
        for cell, value in zip(self._rows[name], (times.p50, times.p95), strict=True):
            cell.setText("–" if math.isnan(value) else f"{value:.2f}")


def _distance(status: EngineStatus, picture: Picture | None) -> str:
    comparison = None if picture is None else picture.result.comparison
    if not status.rival or comparison is None:
        return ""
    if math.isnan(comparison.distance):
        return "Mean distance: –"
    return f"Mean distance: {100 * comparison.distance:.2f} % of the eye distance"


def _quiet(text: str, *, right: bool) -> QLabel:
    label = QLabel(text)
    label.setProperty("quiet", True)
    if right:
        label.setAlignment(Qt.AlignmentFlag.AlignRight)
    return label


def _number() -> QLabel:
    label = QLabel("–")
    label.setAlignment(Qt.AlignmentFlag.AlignRight)
    return label
