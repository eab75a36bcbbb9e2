"""What is seen of the alarm: a coloured frame around the window and words over the picture.

The frame is four strips and the words stand on an opaque ground, so that their blinking never
makes Qt paint the rest of the window anew.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.driver.alarm import AlarmStage, AlarmState
from app.driver.state import Condition
from app.ui.driver.colours import STAGE_TEXT, STAGES

_THICK: Final = {AlarmStage.NOTICE: 5, AlarmStage.WARNING: 8, AlarmStage.ALARM: 12}
_BLINK_MS: Final = 400
"""Half a period: 1.25 flashes a second, well below the three that may harm (WCAG 2.3.1)."""

_HEADLINES: Final = {
    (Condition.DROWSY, AlarmStage.NOTICE): "You seem drowsy",
    (Condition.DROWSY, AlarmStage.WARNING): "You are drowsy: take a break",
    (Condition.DISTRACTED, AlarmStage.NOTICE): "Look ahead",
    (Condition.DISTRACTED, AlarmStage.WARNING): "Look ahead!",
    (Condition.ASLEEP, AlarmStage.WARNING): "Wake up!",
    (Condition.ASLEEP, AlarmStage.ALARM): "WAKE UP!",
}


class AlarmSign(QObject):
    """Lies over a window while there is something to say.

    Attributes:
        box: the words and their buttons.
        stage: what is shown now.
    """

    def __init__(
        self, window: QMainWindow, picture: QWidget, *, acknowledge: QAction, mute: QAction
    ) -> None:
        """Prepare it, hidden.

        Args:
            window: gets the frame.
            picture: gets the words.
            acknowledge: button of the box.
            mute: button of the box.
        """
        super().__init__(window)
        self._window = window
        self._picture = picture
        self.stage = AlarmStage.QUIET
        self._lit = True
        self._edges = [QWidget(window) for _ in range(4)]
        for edge in self._edges:
            edge.setAutoFillBackground(True)
            edge.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            edge.hide()
        self.box = AlarmBox(picture, acknowledge, mute)
        self.box.hide()
        self._timer = QTimer(self)
        self._timer.setInterval(_BLINK_MS)
        self._timer.timeout.connect(self._blink)
        window.installEventFilter(self)
        picture.installEventFilter(self)

    @property
    def framed(self) -> bool:
        """Whether the frame is on."""
        return not self._edges[0].isHidden()

    def show_state(self, state: AlarmState) -> None:
        """Follow the alarm."""
        if state.stage:
            self.box.say(_HEADLINES[_key(state)], state.reason)
        if state.stage == self.stage:
            return
        self.stage = state.stage
        for widget in (*self._edges, self.box):
            widget.setVisible(bool(state.stage))
        if not state.stage:
            self._timer.stop()
            return
        self._lit = True
        self._paint()
        self._place()
        if state.stage is AlarmStage.ALARM:
            self._timer.start()
        else:
            self._timer.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep to the edges when the window changes."""
        if event.type() == QEvent.Type.Resize and self.stage:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        thick, area = _THICK[self.stage], self._window.rect()
        width, height = area.width(), area.height()
        for edge, place in zip(
            self._edges,
            (
                QRect(0, 0, width, thick),
                QRect(0, height - thick, width, thick),
                QRect(0, 0, thick, height),
                QRect(width - thick, 0, thick, height),
            ),
            strict=True,
        ):
            edge.setGeometry(place)
            edge.raise_()
        self.box.place()

    def _blink(self) -> None:
        self._lit = not self._lit
        self._paint()

    def _paint(self) -> None:
        colour = QColor(STAGES[self.stage])
        shown = colour if self._lit else colour.darker(220)
        for edge in self._edges:
            palette = edge.palette()
            palette.setColor(QPalette.ColorRole.Window, shown)
            edge.setPalette(palette)
        self.box.paint_as(STAGES[self.stage], STAGE_TEXT[self.stage])


class AlarmBox(QFrame):
    """A headline, the reason, and what can be done."""

    def __init__(self, picture: QWidget, acknowledge: QAction, mute: QAction) -> None:
        super().__init__(picture)
        self._picture = picture
        self.setObjectName("alarmBox")
        self.setAccessibleName("Alarm")
        self.headline, self.reason = QLabel(), QLabel()
        for label, larger in ((self.headline, 1.9), (self.reason, 1.15)):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            font = label.font()
            font.setPointSizeF(font.pointSizeF() * larger)
            font.setBold(larger > 1.5)
            label.setFont(font)
        self.headline.setWordWrap(True)
        self.reason.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for action in (acknowledge, mute):
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 10, 18, 10)
        column.setSpacing(4)
        column.addWidget(self.headline)
        column.addWidget(self.reason)
        column.addLayout(buttons)

    def say(self, headline: str, reason: str) -> None:
        """Show these words."""
        if (headline, reason) != (self.headline.text(), self.reason.text()):
            self.headline.setText(headline)
            self.reason.setText(reason)
            self.setAccessibleDescription(f"{headline}: {reason}")
            self.place()

    def paint_as(self, ground: str, text: str) -> None:
        """Take the colours of a stage."""
        self.setStyleSheet(
            f"#alarmBox {{ background: {ground}; border-radius: 6px; }}"
            f"#alarmBox QLabel {{ color: {text}; }}"
            f"#alarmBox QToolButton {{ color: {text}; background: transparent;"
            f" border: 1px solid {text}; border-radius: 4px; padding: 4px 10px; }}"
            f"#alarmBox QToolButton:checked {{ background: {text}; color: {ground}; }}"
        )
        self.place()

    def place(self) -> None:
        """At the top of the picture, in its middle, never wider than it."""
        parent = self._picture
        width = min(max(parent.width() - 48, 200), 460)
        height = max(self.heightForWidth(width), self.sizeHint().height())
        self.setGeometry((parent.width() - width) // 2, 24, width, height)
        self.raise_()


def _key(state: AlarmState) -> tuple[Condition, AlarmStage]:
    return state.condition or Condition.UNKNOWN, state.stage
