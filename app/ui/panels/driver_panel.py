"""The state of the driver in the side panel."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QColor, QPalette
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel

from app.ui.action_button import ActionButton
from app.ui.panels.section import Section
from app.ui.wrapped_label import WrappedLabel

OFF_WORDS = "Drowsiness and distraction from eyes, mouth and head."


class DriverPanel(Section):
    """A switch, one word in its colour, and why."""

    def __init__(self, watch: QAction, buttons: Sequence[QAction]) -> None:
        """Build it.

        Args:
            watch: checkable: switches on and off.
            buttons: shown as buttons.
        """
        super().__init__("driver", "Driver")
        self.switch = QCheckBox("Watch the driver")
        self.switch.setToolTip(watch.toolTip())
        self.switch.clicked.connect(watch.trigger)
        watch.toggled.connect(self.switch.setChecked)
        self.word = QLabel()
        self.word.setTextFormat(Qt.TextFormat.PlainText)
        self.word.setAccessibleName("State of the driver")
        font = self.word.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        self.word.setFont(font)
        self.word.hide()
        self.reasons = WrappedLabel(quiet=True)
        self.reasons.say(OFF_WORDS)
        self.body.addWidget(self.switch)
        self.body.addWidget(self.word)
        self.body.addWidget(self.reasons)
        row = QHBoxLayout()
        row.setSpacing(4)
        self.buttons = [ActionButton(action) for action in buttons]
        for button in self.buttons:
            row.addWidget(button)
        self.body.addLayout(row)
        self._colour = ""

    def show_off(self, words: str = OFF_WORDS) -> None:
        """Nobody is watched."""
        self.word.hide()
        self.reasons.say(words)

    def show_state(self, word: str, colour: str, reasons: str) -> None:
        """Show a condition.

        Args:
            word: the condition.
            colour: of the word, "#rrggbb".
            reasons: in words, "" for none.
        """
        if word != self.word.text():
            self.word.setText(word)
        if colour != self._colour:
            self._colour = colour
            self._paint_word()
        self.word.show()
        self.reasons.say(reasons)

    def changeEvent(self, event: QEvent) -> None:
        """Keep the colour when the palette changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_colour"):
            self._paint_word()

    def _paint_word(self) -> None:
        if self._colour:
            palette = QPalette(self.word.palette())
            palette.setColor(QPalette.ColorRole.WindowText, QColor(self._colour))
            self.word.setPalette(palette)
