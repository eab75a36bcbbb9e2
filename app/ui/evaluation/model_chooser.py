"""A button with the list of models to tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

if TYPE_CHECKING:
    from app.vision.zoo import Zoo, ZooEntry

_ROWS: Final = 10
"""Rows of the list before it scrolls."""


class ModelChooser(QToolButton):
    """Says how many models are chosen, and opens the list."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setAccessibleName("Models to evaluate")
        self.setToolTip("Which models run over the clip")
        self._entries: dict[str, ZooEntry] = {}
        self._zoo: Zoo | None = None
        self.list = QListWidget()
        self.list.setAccessibleName("Models")
        self.list.itemChanged.connect(self._tell)
        every, none = QPushButton("All"), QPushButton("None")
        every.clicked.connect(lambda: self._tick_all(True))
        none.clicked.connect(lambda: self._tick_all(False))
        buttons = QHBoxLayout()
        for button in (every, none):
            buttons.addWidget(button)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.list)
        column.addLayout(buttons)
        menu = QMenu(self)
        action = QWidgetAction(menu)
        action.setDefaultWidget(inside)
        menu.addAction(action)
        self.setMenu(menu)
        self._say()

    @property
    def chosen(self) -> tuple[ZooEntry, ...]:
        """The models that are ticked, in the order of the list."""
        return tuple(self._entries[item.text()] for item in self._items() if _ticked(item))

    def show_zoo(self, zoo: Zoo, preferred: str) -> None:
        """List the models; what was ticked stays so, and at first the preferred one is."""
        if zoo is self._zoo:
            return
        before = {entry.label for entry in self.chosen} or {preferred}
        self._zoo = zoo
        self._entries = {entry.label: entry for entry in zoo.usable}
        with QSignalBlocker(self.list):
            self.list.clear()
            for entry in zoo.entries:
                item = QListWidgetItem(entry.label)
                if entry.problem is not None:
                    item.setFlags(Qt.ItemFlag.NoItemFlags)
                    item.setToolTip(entry.problem)
                else:
                    item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled)
                    on = entry.label in before
                    item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
                self.list.addItem(item)
        rows = min(max(self.list.count(), 2), _ROWS)
        self.list.setFixedHeight(rows * (self.fontMetrics().height() + 6) + 8)
        self.list.setMinimumWidth(self.list.sizeHintForColumn(0) + 40)
        self._tell()

    def choose(self, labels: set[str]) -> None:
        """Tick these models and no others."""
        with QSignalBlocker(self.list):
            for item in self._items():
                if item.text() in self._entries:
                    on = item.text() in labels
                    item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self._tell()

    def _tick_all(self, on: bool) -> None:
        self.choose(set(self._entries) if on else set())

    def _tell(self) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        chosen = self.chosen
        one = chosen[0].label if len(chosen) == 1 else ""
        many = f"{len(chosen)} models" if chosen else "Choose models"
        self.setText((one or many) + "  ")

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]


def _ticked(item: QListWidgetItem) -> bool:
    return (
        bool(item.flags() & Qt.ItemFlag.ItemIsUserCheckable)
        and item.checkState() == Qt.CheckState.Checked
    )
