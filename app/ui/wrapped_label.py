"""A label for text of any kind in a narrow column."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel

_ZERO_WIDTH_SPACE: Final = "\u200b"


class WrappedLabel(QLabel):
    """Plain text over several lines; breaks inside paths and names that are too long, and is
    hidden while it is empty.
    """

    def __init__(self, *, quiet: bool = False, problem: bool = False) -> None:
        """Make an empty label.

        Args:
            quiet: in the colour of side remarks.
            problem: in the colour of problems.
        """
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("quiet", quiet)
        self.setProperty("problem", problem)
        self._plain = ""
        self.hide()

    @property
    def plain(self) -> str:
        """The text as it was given."""
        return self._plain

    def say(self, text: str) -> None:
        """Show a text, "" for none."""
        if text != self._plain:
            self._plain = text
            self.setText(re.sub(r"([/\\_:.,-])", rf"\1{_ZERO_WIDTH_SPACE}", text))
            self.setVisible(bool(text))

    def minimumSizeHint(self) -> QSize:
        """Never wider than the column."""
        return QSize(0, super().minimumSizeHint().height())
