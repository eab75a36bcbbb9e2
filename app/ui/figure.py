"""A label for a number that changes many times a second."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QLabel


class Figure(QLabel):
    """Digits of one width in a room of fixed size.

    As the size never follows the text, a new number costs the repainting of this label and
    nothing else; an ordinary label would have the whole window laid out anew.
    """

    def __init__(self, longest: str) -> None:
        """Make an empty label with room for texts as long as `longest`."""
        super().__init__()
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        fixed.setPointSizeF(self.font().pointSizeF())
        self.setFont(fixed)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._letters = 0
        self._make_room(longest)

    def say(self, text: str) -> None:
        """Show a text; more room is made for a longer one than ever before."""
        if text != self.text():
            self._make_room(text)
            self.setText(text)

    def _make_room(self, text: str) -> None:
        if len(text) > self._letters:
            self._letters = len(text)
            metrics = self.fontMetrics()
            self.setFixedSize(metrics.horizontalAdvance("0" * len(text)) + 2, metrics.height())
