"""Honest meters: rates, ages, losses, and milliseconds per stage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel

from app.ui.figure import Figure
from app.ui.panels.section import Section
from app.ui.view_meters import ViewMeters
from app.vision.result import STAGES

if TYPE_CHECKING:
    from app.core.meters import Percentiles
    from app.vision.engine import EngineStatus

_ROWS: Final = {
    "camera": ("Source", "Pictures a second that the source delivers"),
    "processed": ("Processed", "Pictures a second through the vision stage"),
    "shown": ("Shown", "Different pictures a second on the screen"),
    "faces": ("Faces", "Faces in the picture that is shown"),
    "dropped": (
        "Dropped",
        "Pictures left out so that the live picture is not late: before the vision stage, and "
        "between it and the screen",
    ),
}
_STAGE_NAMES: Final = {
    "detect": "Detect",
    "landmarks": "Landmarks",
    "pose": "Pose",
    "track": "Track, smooth",
    "total": "Vision, total",
}
_STAGE_TIPS: Final = {
    "detect": "Face detector, in the pictures in which it ran",
    "landmarks": "Landmark model, all faces of a picture",
    "pose": "Yaw, pitch and roll",
    "track": "Telling faces apart, and smoothing",
    "total": "The whole vision stage of a picture",
}


class MetersPanel(Section):
    """Numbers as labels; only what has changed is set anew."""

    def __init__(self) -> None:
        super().__init__("meters", "Meters")
        self.values: dict[str, Figure] = {}
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        for key, (name, tip) in _ROWS.items():
            self._add_row(name, tip, (key,))
        line = QFrame()
        line.setFrameShape(QFrame.Shape.HLine)
        line.setFrameShadow(QFrame.Shadow.Sunken)
        self._grid.addWidget(line, self._grid.rowCount(), 0, 1, 3)
        self._add_head()
        self._add_row(
            "Camera to screen",
            "From the arrival of a picture to the end of its painting",
            ("latency p50", "latency p95"),
        )
        for stage in STAGES:
            self._add_row(
                _STAGE_NAMES.get(stage, stage.capitalize()),
                _STAGE_TIPS.get(stage, ""),
                (f"{stage} p50", f"{stage} p95"),
            )
        self._add_row(
            "Draw",
            "Drawing picture and overlay for the screen, on a thread of its own",
            ("prepare p50", "prepare p95"),
        )
        self._add_row(
            "Paint", "Bringing it to the screen, in the GUI thread", ("paint p50", "paint p95")
        )
        self.body.addLayout(self._grid)

    def show_meters(self, status: EngineStatus, view: ViewMeters, faces: int) -> None:
        """Show the state of this moment.

        Args:
            status: of the engine.
            view: of the picture.
            faces: number of faces that are shown.
        """
        if not self.open:
            return
        capture = status.capture
        self._set("camera", _rate(None if capture is None else capture.fps))
        self._set("processed", _rate(status.processed_fps if capture else None))
        self._set("shown", _rate(view.shown_fps() if capture else None))
        self._set("faces", str(faces) if capture else "–")
        before = 0 if capture is None else capture.dropped
        self._set("dropped", f"{before} + {status.results_dropped}" if capture else "–")
        self._set_pair("latency", view.latency_ms())
        self._set_pair("prepare", view.prepare_ms())
        self._set_pair("paint", view.paint_ms())
        for stage in STAGES:
            self._set_pair(stage, status.stages.get(stage))

    def _add_head(self) -> None:
        row = self._grid.rowCount()
        for column, text in enumerate(("Milliseconds", "p50", "p95")):
            head = QLabel(text)
            head.setProperty("quiet", True)
            if column:
                head.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(head, row, column)
        self._grid.itemAtPosition(row, 1).widget().setToolTip("Half of the pictures take less")  # type: ignore[union-attr]
        self._grid.itemAtPosition(row, 2).widget().setToolTip("One in twenty takes more")  # type: ignore[union-attr]

    def _add_row(self, name: str, tip: str, keys: tuple[str, ...]) -> None:
        row = self._grid.rowCount()
        label = QLabel(name)
        label.setToolTip(tip)
        self._grid.addWidget(label, row, 0)
        for column, key in enumerate(keys, start=1):
            value = Figure("000.0" if len(keys) > 1 else "00000 + 0000")
            value.say("–")
            value.setToolTip(tip)
            value.setAccessibleName(f"{name} {key.rpartition(' ')[2]}" if len(keys) > 1 else name)
            right = Qt.AlignmentFlag.AlignRight
            self._grid.addWidget(value, row, column, 1, 3 - len(keys), right)
            self.values[key] = value

    def _set_pair(self, key: str, pair: Percentiles | None) -> None:
        self._set(f"{key} p50", _milliseconds(None if pair is None else pair.p50))
        self._set(f"{key} p95", _milliseconds(None if pair is None else pair.p95))

    def _set(self, key: str, text: str) -> None:
        self.values[key].say(text)


def _rate(value: float | None) -> str:
    return "–" if value is None or not value else f"{value:.1f} fps"


def _milliseconds(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"
