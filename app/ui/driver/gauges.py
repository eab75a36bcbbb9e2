"""The numbers of this moment as bars, painted in one go."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.driver.rules import DROWSY_LEVEL
from app.driver.settings import DriverSettings
from app.driver.state import DriverState
from app.ui.driver.colours import curve_colour
from app.ui.driver.words import UNKNOWN, degrees, percent

_BAR: Final = 8


@dataclass(frozen=True, slots=True)
class _Gauge:
    """One row: a name, a share of the bar (NaN is unknown, None no bar), a limit, words."""

    name: str
    words: str
    share: float | None = None
    limit: float | None = None
    colour: int = 0


class Gauges(QWidget):
    """Eyes, PERCLOS, blinks, mouth, head and level."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[_Gauge, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Measures of the driver")
        self.setToolTip(
            "Eyes and mouth: 0 shut, 1 wide open, left and right as in the picture that is not "
            "mirrored. Marks are the limits of the rules."
        )
        self.show_state(None, DriverSettings())

    def show_state(self, state: DriverState | None, settings: DriverSettings) -> None:
        """Show these numbers; None for none."""
        rows = _rows(state, settings)
        if rows != self._rows:
            self._rows = rows
            self.setAccessibleDescription("; ".join(self.words))
            self.update()

    @property
    def words(self) -> list[str]:
        """Each row as text."""
        return [f"{row.name}: {row.words}" for row in self._rows]

    @property
    def _row_height(self) -> int:
        return self.fontMetrics().height() + 3

    def sizeHint(self) -> QSize:
        """As high as the rows."""
        return QSize(200, len(self._rows) * self._row_height)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw names, bars, limits and words."""
        painter = QPainter(self)
        palette, metrics = self.palette(), QFontMetricsF(self.font())
        text = palette.color(QPalette.ColorRole.WindowText)
        quiet = palette.color(QPalette.ColorRole.PlaceholderText)
        ground = palette.color(QPalette.ColorRole.Mid)
        left = max(metrics.horizontalAdvance(row.name) for row in self._rows) + 8
        right = metrics.horizontalAdvance(UNKNOWN) + 6
        room = max(self.width() - left - right, 10.0)
        middle, end = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight
        for number, row in enumerate(self._rows):
            line = QRectF(0, number * self._row_height, self.width(), self._row_height)
            painter.setPen(quiet)
            painter.drawText(line, int(middle), row.name)
            painter.setPen(quiet if row.words == UNKNOWN else text)
            painter.drawText(line, int(middle | end), row.words)
            if row.share is None:
                continue
            bar = QRectF(left, line.center().y() - _BAR / 2, room, _BAR)
            painter.fillRect(bar, ground)
            if not math.isnan(row.share):
                bar.setWidth(room * min(max(row.share, 0.0), 1.0))
                painter.fillRect(bar, QColor(curve_colour(row.colour, palette)))
            if row.limit is not None:
                x = left + room * min(row.limit, 1.0)
                painter.fillRect(QRectF(x - 1, bar.y() - 2, 2, _BAR + 4), text)
        painter.end()


def _rows(state: DriverState | None, settings: DriverSettings) -> tuple[_Gauge, ...]:
    if state is None:
        state = _NOTHING
    full = max(2 * settings.perclos_drowsy, 0.01)
    rate = "–" if math.isnan(state.blink_rate) else f"{state.blink_rate:.0f} a minute"
    length = "" if math.isnan(state.blink_duration_s) else f", {state.blink_duration_s:.2f} s"
    return (
        _Gauge("Drowsiness", _number(state.level), state.level, DROWSY_LEVEL, 1),
        _Gauge("Left eye", _number(state.left_opening), state.left_opening),
        _Gauge("Right eye", _number(state.right_opening), state.right_opening),
        _Gauge("PERCLOS", percent(state.perclos), state.perclos / full, 0.5, 1),
        _Gauge("Unknown", percent(state.unknown_share), state.unknown_share),
        _Gauge("Mouth", _number(state.mouth), state.mouth, settings.yawn_opening),
        _Gauge("Blinks", f"{state.blinks}; {rate}{length}"),
        _Gauge("Head", f"yaw {degrees(state.yaw)}, pitch {degrees(state.pitch)}"),
    )


def _number(value: float) -> str:
    return UNKNOWN if math.isnan(value) else f"{max(value, 0.0):.2f}"


def _nothing() -> DriverState:
    from app.driver.measures import FaceMeasures

    return DriverState(time_s=0.0, measures=FaceMeasures(time_s=0.0))


_NOTHING: Final = _nothing()
