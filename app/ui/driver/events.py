"""The list of what has happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.driver.state import DriverEvent
from app.ui.driver.moment_view import image_of
from app.ui.driver.words import LISTED, event_words

_THUMBNAIL: Final = QSize(64, 48)
MOST_EVENTS: Final = 300
"""Rows; the report has all events."""

_ID: Final = Qt.ItemDataRole.UserRole


class EventList(QWidget):
    """The latest event on top; a click asks for its moment."""

    chosen = Signal(int)
    """Id of an event."""

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[int, QListWidgetItem] = {}
        self.list = QListWidget()
        self.list.setIconSize(_THUMBNAIL)
        self.list.setAccessibleName("Events")
        self.list.setToolTip("Click: show the moment")
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.itemClicked.connect(lambda item: self.chosen.emit(item.data(_ID)))
        self.list.itemActivated.connect(lambda item: self.chosen.emit(item.data(_ID)))
        self.empty = QLabel("Nothing has happened yet. Blinks are marked in the plot.")
        self.empty.setWordWrap(True)
        self.empty.setProperty("quiet", True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.empty, 1)
        column.addWidget(self.list, 1)
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self._items.clear()
        self.list.clear()
        self.list.hide()
        self.empty.show()

    def show_events(self, events: Iterable[DriverEvent]) -> None:
        """Add events, or tell them anew."""
        for event in events:
            if event.kind not in LISTED:
                continue
            item = self._items.get(event.id)
            if item is None:
                item = self._items[event.id] = QListWidgetItem(_nothing(), "")
                item.setData(_ID, event.id)
                self.list.insertItem(0, item)
                self.empty.hide()
                self.list.show()
            item.setText("\n".join(event_words(event)))
        while len(self._items) > MOST_EVENTS:
            oldest = self.list.takeItem(self.list.count() - 1)
            del self._items[oldest.data(_ID)]

    def show_thumbnail(self, event_id: int, jpeg: bytes) -> None:
        """Show a picture beside an event."""
        item = self._items.get(event_id)
        if item is not None:
            image = image_of(jpeg).scaled(
                _THUMBNAIL * self.devicePixelRatioF(),
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            item.setIcon(QIcon(QPixmap.fromImage(image)))

    def texts(self) -> list[str]:
        """All rows, from top to bottom."""
        return [self.list.item(row).text() for row in range(self.list.count())]


def _nothing() -> QIcon:
    """Keeps the room of a thumbnail that is not there yet."""
    room = QPixmap(_THUMBNAIL)
    room.fill(Qt.GlobalColor.transparent)
    return QIcon(room)
