"""Messages inside the window: one strip for each thing that is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.ui.icons import PaletteIcons, pixmap
from app.ui.theme import BANNERS, Theme

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Message:
    """Something that the user should know.

    Attributes:
        key: what it is about; a newer message with the same key takes its place.
        severity: how bad it is.
        text: one or two sentences, plain text.
    """

    key: str
    severity: Severity
    text: str


class Banner(QFrame):
    """One message with a button to send it away."""

    dismissed = Signal(str)

    def __init__(self, message: Message, *, icons: PaletteIcons, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sign = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QToolButton()
        close.setAutoRaise(True)
        close.setToolTip("Dismiss this message")
        close.setAccessibleName("Dismiss this message")
        close.clicked.connect(lambda: self.dismissed.emit(self.message.key))
        icons.set(close, "close")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5, 6, 5)
        row.setSpacing(10)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        row.addWidget(close)
        self.setAccessibleName("Message")
        self.show_message(message)

    def show_message(self, message: Message) -> None:
        """Show another message in the same place."""
        self.message = message
        self._text.setText(message.text)
        self.setAccessibleDescription(message.text)
        if self.property("severity") != message.severity:
            self.setProperty("severity", message.severity)
            self.style().unpolish(self)
            self.style().polish(self)
        self._draw_sign()

    def changeEvent(self, event: QEvent) -> None:
        """Redraw the sign when the colours of the system change."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "message"):
            self._draw_sign()
        super().changeEvent(event)

    def _draw_sign(self) -> None:
        colour = QColor(BANNERS[self._theme.scheme][self.message.severity][1])
        self._sign.setPixmap(pixmap(self.message.severity, colour, 18, self.devicePixelRatioF()))


class BannerStack(QWidget):
    """All present messages, one below the other; takes no room while there are none.

    Messages come from two sides. Those of `show_conditions` describe what lasts and go by
    themselves when the condition ends; those of `announce` stay until they are dismissed or
    replaced. A condition that was dismissed stays away, whatever its words, until it has ended.
    """

    def __init__(self, *, icons: PaletteIcons, theme: Theme) -> None:
        super().__init__()
        self._icons = icons
        self._theme = theme
        self._banners: dict[str, Banner] = {}
        self._conditions: set[str] = set()
        self._dismissed: set[str] = set()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)
        self.hide()

    @property
    def messages(self) -> tuple[Message, ...]:
        """What is shown now, from top to bottom."""
        return tuple(banner.message for banner in self._banners.values())

    def announce(self, message: Message) -> None:
        """Show a message until it is dismissed."""
        self._conditions.discard(message.key)
        self._show(message)

    def withdraw(self, key: str) -> None:
        """Remove the message with that key, if there is one."""
        banner = self._banners.pop(key, None)
        if banner is not None:
            self._column.removeWidget(banner)
            banner.hide()
            banner.deleteLater()
        self.setVisible(bool(self._banners))

    def show_conditions(self, messages: Iterable[Message]) -> None:
        """Show exactly these conditions, and no longer those that have ended."""
        now = {message.key: message for message in messages}
        for key in self._conditions - now.keys():
            self.withdraw(key)
        self._dismissed &= now.keys()
        self._conditions = set(now)
        for key, message in now.items():
            if key not in self._dismissed:
                self._show(message)

    def _show(self, message: Message) -> None:
        banner = self._banners.get(message.key)
        if banner is None:
            banner = Banner(message, icons=self._icons, theme=self._theme)
            banner.dismissed.connect(self.dismiss)
            self._banners[message.key] = banner
            self._column.addWidget(banner)
        elif banner.message != message:
            banner.show_message(message)
        self.show()

    def dismiss(self, key: str) -> None:
        """Remove a message as its button does; a condition does not come back by itself."""
        if key in self._conditions:
            self._dismissed.add(key)
        self.withdraw(key)
