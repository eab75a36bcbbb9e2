"""What the driver dock holds: state and gauges, the last minute, and four pages."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.driver.settings import DriverSettings
from app.driver.state import Condition, DriverState
from app.ui.action_button import ActionButton
from app.ui.driver.actions import DriverActions
from app.ui.driver.alarm_page import AlarmPage
from app.ui.driver.colours import condition_colour
from app.ui.driver.events import EventList
from app.ui.driver.gauges import Gauges
from app.ui.driver.moment_view import MomentView
from app.ui.driver.person_page import PersonPage
from app.ui.driver.plots import RecentPlots
from app.ui.driver.thresholds_page import ThresholdsPage
from app.ui.driver.words import DISCLAIMER
from app.ui.preferences import Preferences
from app.ui.wrapped_label import WrappedLabel

_LEFT_WIDTH = 236
_RIGHT_WIDTH = 292


class DriverView(QWidget):
    """Composes the parts; `DriverControl` fills them."""

    def __init__(self, actions: DriverActions, preferences: Preferences, folder: Path) -> None:
        """Build it.

        Args:
            actions: shown as buttons.
            preferences: what is remembered.
            folder: usual one of the evidence clips.
        """
        super().__init__()
        self.word = QLabel()
        self.word.setTextFormat(Qt.TextFormat.PlainText)
        self.word.setAccessibleName("State of the driver")
        font = self.word.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setBold(True)
        self.word.setFont(font)
        self.reasons = QLabel()
        self.reasons.setWordWrap(True)
        self.reasons.setTextFormat(Qt.TextFormat.PlainText)
        self.reasons.setAlignment(Qt.AlignmentFlag.AlignTop)
        # Two lines keep their room, or everything below would jump from frame to frame.
        self.reasons.setFixedHeight(2 * self.reasons.fontMetrics().lineSpacing() + 2)
        self.gauges = Gauges()
        self.report = ActionButton(actions.report)
        self.watch = QPushButton("Watch the driver")
        self.watch.setCheckable(True)
        self.watch.clicked.connect(actions.watch.trigger)
        actions.watch.toggled.connect(self._show_watching)
        note = WrappedLabel(quiet=True)
        note.say(DISCLAIMER)
        left = QWidget()
        left.setFixedWidth(_LEFT_WIDTH)
        column = QVBoxLayout(left)
        column.setContentsMargins(8, 2, 0, 4)
        column.setSpacing(3)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.watch, 1)
        row.addWidget(self.report)
        for widget in (self.word, self.reasons, self.gauges):
            column.addWidget(widget)
        column.addStretch(1)
        column.addWidget(note)
        column.addLayout(row)
        self.plots = RecentPlots()
        self.moment = MomentView()
        self.middle = QStackedWidget()
        self.middle.addWidget(self.plots)
        self.middle.addWidget(self.moment)
        self.moment.closed.connect(lambda: self.middle.setCurrentWidget(self.plots))
        self.events = EventList()
        self.person = PersonPage(actions.calibrate)
        self.thresholds = ThresholdsPage()
        self.alarm = AlarmPage(
            preferences, folder=folder, acknowledge=actions.acknowledge, mute=actions.mute
        )
        self.tabs = QTabWidget()
        self.tabs.setFixedWidth(_RIGHT_WIDTH)
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setExpanding(False)
        for page, title in (
            (self.events, "Events"),
            (self.person, "Person"),
            (self.thresholds, "Rules"),
            (self.alarm, "Alarm"),
        ):
            self.tabs.addTab(page, title)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 2, 4, 2)
        line.setSpacing(8)
        line.addWidget(left)
        line.addWidget(self.middle, 1)
        line.addWidget(self.tabs)
        self.setMinimumHeight(250)
        self._show_watching(actions.watch.isChecked())
        self._condition: Condition | None = None
        self.show_state(None, DriverSettings())

    def show_state(self, state: DriverState | None, settings: DriverSettings) -> None:
        """Show the verdict and the gauges; None while nobody is watched."""
        self.gauges.show_state(state, settings)
        condition = Condition.UNKNOWN if state is None else state.condition
        words = "Off" if state is None else condition.value.capitalize()
        if words != self.word.text():
            self.word.setText(words)
        if condition != self._condition:
            self._condition = condition
            palette = QPalette(self.word.palette())
            colour = QColor(condition_colour(condition, self.palette()))
            palette.setColor(QPalette.ColorRole.WindowText, colour)
            self.word.setPalette(palette)
        reasons = "Nobody is watched." if state is None else ", ".join(state.reasons)
        if reasons != self.reasons.text():
            self.reasons.setText(reasons)
            self.reasons.setToolTip(reasons)

    def _show_watching(self, on: bool) -> None:
        self.watch.setChecked(on)
        self.watch.setText("Stop watching" if on else "Watch the driver")
