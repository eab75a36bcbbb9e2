"""The last minute as strips, one below the other, drawn by pyqtgraph.

Time runs as "seconds ago", so that axes never change and only curves are drawn anew. Strips are
refreshed one at a time: no single refresh may hold the GUI thread up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.driver.live import RECENT_COLUMNS, RECENT_S
from app.driver.rules import DROWSY_LEVEL
from app.driver.settings import DriverSettings
from app.driver.state import CLOSURES, DriverEvent, EventKind
from app.ui.driver.colours import curve_colour, is_dark
from app.ui.evaluation.plots.page import Look

Numbers = npt.NDArray[np.float64]

_MOST_POINTS: Final = 400
_AXIS_WIDTH: Final = 34
_ALARMING: Final = ("#c8372d", "#ff8a80")


def outline(x: Numbers, y: Numbers, most: int) -> tuple[Numbers, Numbers]:
    """A curve with at most `most` points that keeps every dip and peak; fast enough to run often.

    Each stretch of equally many points keeps its lowest and its highest one. A stretch without
    any value stays a gap; what is too little for a stretch is left out at the beginning.

    Args:
        x: (T,) rising.
        y: (T,) NaN where there is nothing to draw.
        most: at least 2.
    """
    if len(x) <= most:
        return x, y
    stretch = -(-len(x) // (most // 2))
    first = len(x) % stretch
    parts = y[first:].reshape(-1, stretch)
    unknown = np.isnan(parts)
    low = np.where(unknown, np.inf, parts).argmin(axis=1)
    high = np.where(unknown, -np.inf, parts).argmax(axis=1)
    starts = first + stretch * np.arange(len(parts))
    kept = np.sort(np.stack([starts + low, starts + high], axis=1), axis=1).ravel()
    return x[kept], y[kept]


class Strip:
    """One plot with up to two curves, a limit and marks."""

    def __init__(
        self,
        name: str,
        columns: Sequence[tuple[str, str]],
        *,
        low: float,
        high: float,
        marks: Sequence[float],
        scale: float = 1.0,
    ) -> None:
        """Build it.

        Args:
            name: for people.
            columns: of `RECENT_COLUMNS`, with their names for people.
            low: end of the axis.
            high: end of the axis.
            marks: numbers on the axis.
            scale: from the column to the axis.
        """
        self.name = name
        self.columns = [(RECENT_COLUMNS.index(column), words) for column, words in columns]
        self.low, self.high, self.scale = low, high, scale
        self.marks = marks
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.RichText)
        self.view = pg.PlotWidget()
        self.view.setAccessibleName(name)
        self.view.setMinimumHeight(30)
        self.item = self.view.getPlotItem()
        self.item.setMenuEnabled(False)
        self.item.hideButtons()
        self.item.setMouseEnabled(x=False, y=False)
        self.item.layout.setContentsMargins(0, 2, 8, 2)
        self.item.setXRange(-RECENT_S, 0.0, padding=0)
        self.item.setYRange(low, high, padding=0)
        self.item.hideAxis("bottom")
        left = self.item.getAxis("left")
        left.enableAutoSIPrefix(False)
        left.setWidth(_AXIS_WIDTH)
        left.setTicks([[(mark, f"{mark:g}") for mark in marks]])
        self.limit = pg.InfiniteLine(0.0, angle=0)
        self.limit.hide()
        self.item.addItem(self.limit)
        self.area = pg.PlotCurveItem(connect="finite")
        self.item.addItem(self.area)
        self.curves = [pg.PlotCurveItem(connect="finite") for _ in self.columns]
        for curve in self.curves:
            self.item.addItem(curve)
        self.ticks = pg.PlotCurveItem(connect="pairs")
        self.spans = pg.PlotCurveItem(connect="pairs")
        self.item.addItem(self.ticks)
        self.item.addItem(self.spans)

    def dress(self, widget: QWidget) -> None:
        """Take the colours of a palette."""
        palette = widget.palette()
        look = Look.of(palette)
        self.view.setBackground(look.ground)
        axis = self.item.getAxis("left")
        axis.setPen(pg.mkPen(look.line))
        axis.setTextPen(pg.mkPen(look.quiet))
        bottom = self.item.getAxis("bottom")
        bottom.setPen(pg.mkPen(look.line))
        bottom.setTextPen(pg.mkPen(look.quiet))
        self.limit.setPen(pg.mkPen(look.quiet, width=1, style=Qt.PenStyle.DashLine))
        words = []
        for number, (curve, (_, name)) in enumerate(zip(self.curves, self.columns, strict=True)):
            colour = curve_colour(number, palette)
            curve.setPen(pg.mkPen(colour, width=1))
            words.append(f'<span style="color:{colour}">{name}</span>')
        self.ticks.setPen(pg.mkPen(look.text, width=1))
        self.spans.setPen(pg.mkPen(_ALARMING[is_dark(palette)], width=4))
        self.label.setText(f"{self.name}<br>{'<br>'.join(words)}")

    def show_limit(self, value: float | None) -> None:
        """Mark a limit of the rules."""
        self.limit.setVisible(value is not None)
        if value is not None:
            self.limit.setValue(value)

    def show_rows(self, rows: Numbers, now_s: float) -> None:
        """Draw the curves."""
        ago = rows[:, 0] - now_s
        for curve, (column, _) in zip(self.curves, self.columns, strict=True):
            values = np.clip(rows[:, column] * self.scale, self.low, self.high)
            curve.setData(*outline(ago, values, _MOST_POINTS))


class RecentPlots(QWidget):
    """Eyes with blink marks, PERCLOS with what is unknown, mouth, head and level."""

    def __init__(self) -> None:
        super().__init__()
        self.eyes = Strip(
            "Eyes",
            (("left_opening", "left"), ("right_opening", "right")),
            low=-0.1,
            high=1.5,
            marks=(0, 0.5, 1),
        )
        self.perclos = Strip(
            "PERCLOS %",
            (("perclos", "shut"), ("unknown_share", "unknown")),
            low=-8,
            high=108,
            marks=(0, 50, 100),
            scale=100.0,
        )
        self.mouth = Strip("Mouth", (("mouth", "opening"),), low=-0.05, high=1.2, marks=(0, 0.5, 1))
        self.head = Strip(
            "Head °", (("yaw", "yaw"), ("pitch", "pitch")), low=-50, high=50, marks=(-30, 0, 30)
        )
        self.level = Strip(
            "Drowsiness", (("level", "level"),), low=-0.02, high=1.02, marks=(0, 0.5, 1)
        )
        self.strips = (self.eyes, self.perclos, self.mouth, self.head, self.level)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(1)
        for row, strip in enumerate(self.strips):
            grid.addWidget(strip.label, row, 0)
            grid.addWidget(strip.view, row, 1)
            grid.setRowStretch(row, 3)
        bottom = self.level.item.getAxis("bottom")
        self.level.item.showAxis("bottom")
        bottom.setTicks([[(-s, f"{s} s ago" if s else "now") for s in (60, 45, 30, 15, 0)]])
        bottom.setHeight(16)
        self.level.view.setMinimumHeight(46)
        grid.setRowStretch(len(self.strips) - 1, 4)
        grid.setColumnStretch(1, 1)
        for strip in self.strips:
            strip.dress(self)

    def show_settings(self, settings: DriverSettings) -> None:
        """Mark the limits of the rules."""
        self.eyes.show_limit(settings.shut_opening)
        self.perclos.show_limit(100 * settings.perclos_drowsy)
        self.mouth.show_limit(settings.yawn_opening)
        self.level.show_limit(DROWSY_LEVEL)

    def steps(
        self, rows: Callable[[], Numbers], events: Callable[[], Sequence[DriverEvent]]
    ) -> tuple[Callable[[], None], ...]:
        """What to call in turn to refresh everything; `rows` and `events` give what there is."""

        def refresh(strip: Strip) -> None:
            found = rows()
            if len(found):
                strip.show_rows(found, float(found[-1, 0]))
                if strip is self.eyes:
                    self._mark(events(), float(found[-1, 0]))

        return tuple(lambda strip=strip: refresh(strip) for strip in self.strips)

    def clear(self) -> None:
        """Show nothing."""
        for strip in self.strips:
            for curve in (*strip.curves, strip.ticks, strip.spans):
                curve.setData([], [])

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "strips"):
            for strip in self.strips:
                strip.dress(self)

    def _mark(self, events: Sequence[DriverEvent], now_s: float) -> None:
        """Blinks as small ticks at the top of the eyes' strip, closures as bars."""
        blinks = [e.start_s - now_s for e in events if e.kind is EventKind.BLINK]
        x = np.repeat(np.array(blinks, np.float64), 2)
        self.eyes.ticks.setData(x, np.tile([1.32, 1.48], len(blinks)))
        ends = [end - now_s for e in events if e.kind in CLOSURES for end in (e.start_s, e.end_s)]
        spans: Any = np.clip(np.array(ends, np.float64), -RECENT_S, 0.0)
        self.eyes.spans.setData(spans, np.full(len(ends), 1.4))
