"""The figures of all models as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from app.evaluate.measures import Figures
from app.ui.evaluation.series import Measured, Series, series_colour


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %" if math.isfinite(value) else "–"


def _plain(value: float, digits: int, unit: str = "") -> str:
    return f"{value:.{digits}f}{unit}" if math.isfinite(value) else "–"


def _interval(figures: Figures) -> str:
    ends = figures.total.ci95
    return "–" if ends is None else f"{100 * ends[0]:.2f} – {100 * ends[1]:.2f} %"


def _pose(figures: Figures) -> str:
    known = figures.pose[~np.isnan(figures.pose)]
    return _plain(float(known.mean()) if known.size else math.nan, 1, "°")


_COLUMNS: Final = (
    ("NME", "Mean point error, in percent of the eye distance"),
    ("95 % interval", "Where the mean error lies, by the bootstrap"),
    ("Fails 8 %", "Faces off by more than 8 %, or missed"),
    ("Fails 10 %", "Faces off by more than 10 %, or missed"),
    ("AUC 8 %", "Area under the cumulative error curve up to 8 %, 0 to 1"),
    ("Faces", "Labelled faces that were found"),
    ("Missed", "Labelled faces that were not found"),
    ("False", "Faces that match no label"),
    ("Pose", "Mean error of yaw, pitch and roll"),
    ("Eyes", "Mean error of the eye aspect ratio"),
    ("Jitter", "Trembling beyond that of the labels"),
    ("Points", "Points that labels and model share"),
    ("NME, shared", "Mean error on the points that all of the models share"),
)


def _cells(measured: Measured) -> tuple[str, ...]:
    figures = measured.figures
    return (
        _percent(figures.total.nme),
        _interval(figures),
        _percent(figures.failure_rate_8),
        _percent(figures.failure_rate_10),
        _plain(figures.auc_8, 3),
        str(figures.total.faces),
        str(figures.total.missed),
        str(figures.false_faces),
        _pose(figures),
        _plain(figures.eye_opening_error, 3),
        _percent(figures.jitter),
        str(int(figures.known.sum())),
        "–" if measured.shared is None else _percent(measured.shared),
    )


class FiguresTable(QTableWidget):
    """One row per model."""

    def __init__(self) -> None:
        super().__init__(0, len(_COLUMNS) + 1)
        self.setAccessibleName("Figures of the models")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.setHorizontalHeaderLabels(["Model", *(name for name, _ in _COLUMNS)])
        for column, (_, tip) in enumerate(_COLUMNS, start=1):
            self.horizontalHeaderItem(column).setToolTip(tip)  # type: ignore[union-attr]
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setHighlightSections(False)

    def show_series(self, series: Sequence[Series]) -> None:
        """Show these models."""
        dark = self.palette().base().color().lightness() < 128
        self.setRowCount(len(series))
        mixed = any(one.measured.shared is not None for one in series)
        self.setColumnHidden(len(_COLUMNS), not mixed)
        for row, one in enumerate(series):
            name = QTableWidgetItem(one.label)
            swatch = QPixmap(10, 10)
            swatch.fill(QColor(series_colour(one.number, dark=dark)))
            name.setIcon(swatch)
            self.setItem(row, 0, name)
            for column, text in enumerate(_cells(one.measured), start=1):
                cell = QTableWidgetItem(text)
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, cell)
