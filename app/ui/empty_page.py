"""What the middle of the window shows while there is no source."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui.icons import app_icon


class EmptyPage(QWidget):
    """A sentence and the two ways on."""

    def __init__(self, demo: QAction, open_file: QAction) -> None:
        super().__init__()
        self.setObjectName("emptyPage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        picture = QLabel()
        picture.setPixmap(app_icon().pixmap(72, 72))
        picture.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.headline = QLabel()
        font = self.headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        self.headline.setFont(font)
        self.hint = QLabel()
        self.hint.setObjectName("emptyHint")
        for label in (self.headline, self.hint):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setWordWrap(True)
        self.demo = QPushButton("Play the demo clip")
        self.demo.setDefault(True)
        self.demo.clicked.connect(demo.trigger)
        self.open_file = QPushButton("Open file…")
        self.open_file.clicked.connect(open_file.trigger)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.demo, self.open_file):
            button.setMinimumHeight(34)
            button.setMinimumWidth(150)
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(14)
        column.addStretch(1)
        column.addWidget(picture)
        column.addWidget(self.headline)
        column.addWidget(self.hint)
        column.addSpacing(6)
        column.addLayout(buttons)
        column.addStretch(1)
        self.say("Looking for a camera …", "")

    def say(self, headline: str, hint: str) -> None:
        """Change the words."""
        self.headline.setText(headline)
        self.hint.setText(hint)
