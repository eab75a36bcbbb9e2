"""Things kept under a name: choose, save, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.panels.combo import RoomyCombo


class NamesBox(QWidget):
    """A list of names, a field for a name, and what can be done with it."""

    chosen = Signal(str)
    """A name of the list; "" for the first entry, which is none of them."""
    save_wanted = Signal(str)
    rename_wanted = Signal(str, str)
    """From this name to that one."""
    delete_wanted = Signal(str)

    def __init__(self, kind: str, nothing: str, *, can_rename: bool) -> None:
        """Build it.

        Args:
            kind: what is named, such as "profile".
            nothing: the first entry, which stands for no name.
            can_rename: whether there is a button for that.
        """
        super().__init__()
        self._kind = kind
        self._nothing = nothing
        self.combo = RoomyCombo(kind.capitalize(), f"Choose a {kind}")
        self.combo.activated.connect(lambda _: self._choose())
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name")
        self.name.setMaxLength(60)
        self.name.setAccessibleName(f"Name of the {kind}")
        self.save = self._button("Save", f"Keep under this name: the {kind}")
        self.rename = self._button("Rename", f"Give the chosen {kind} this name")
        self.delete = self._button("Delete", f"Delete the chosen {kind}")
        self.save.clicked.connect(self._save)
        self.rename.clicked.connect(self._rename)
        self.delete.clicked.connect(self._delete)
        self.rename.setVisible(can_rename)
        self._can_save = True
        self.name.textChanged.connect(lambda _: self._allow())
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in (self.save, self.rename, self.delete):
            row.addWidget(button)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(4)
        self.column.addWidget(self.combo)
        self.column.addWidget(self.name)
        self.column.addLayout(row)
        self.show_names((), "")

    @property
    def current(self) -> str:
        """The chosen name, "" for none."""
        return str(self.combo.currentData() or "")

    def show_names(self, names: Sequence[str], chosen: str) -> None:
        """Offer these names."""
        with QSignalBlocker(self.combo):
            self.combo.clear()
            self.combo.addItem(self._nothing, "")
            for name in names:
                self.combo.addItem(name, name)
            self.combo.setCurrentIndex(max(self.combo.findData(chosen), 0))
        self._allow()

    def allow_save(self, possible: bool) -> None:
        """Whether there is anything to save."""
        if possible != self._can_save:
            self._can_save = possible
            self._allow()

    def saved_name(self) -> str:
        """The name under which it would be saved."""
        return self.name.text().strip()

    def _allow(self) -> None:
        named = bool(self.name.text().strip())
        self.save.setEnabled(named and self._can_save)
        self.rename.setEnabled(named and bool(self.current))
        self.delete.setEnabled(bool(self.current))

    def _choose(self) -> None:
        self._allow()
        self.chosen.emit(self.current)

    def _save(self) -> None:
        name = self.saved_name()
        if name == self.current or self._may_replace(name):
            self.save_wanted.emit(name)

    def _rename(self) -> None:
        name = self.saved_name()
        if name != self.current and self._may_replace(name):
            self.rename_wanted.emit(self.current, name)

    def _delete(self) -> None:
        question = f"Delete the {self._kind} “{self.current}”?"
        if self.current and self._sure(question):
            self.delete_wanted.emit(self.current)

    def _may_replace(self, name: str) -> bool:
        taken = self.combo.findData(name) > 0
        return not taken or self._sure(f"Replace the {self._kind} “{name}”?")

    def _sure(self, question: str) -> bool:
        answer = QMessageBox.question(self, self._kind.capitalize(), question)
        return answer == QMessageBox.StandardButton.Yes

    @staticmethod
    def _button(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        return button
