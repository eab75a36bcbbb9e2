"""The commands of recording, as menu, shortcuts and panel have them."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from app.ui.icons import PaletteIcons


class RecordActions(QObject):
    """Record, snapshot, open the folder.

    Attributes:
        record: checkable; checked while a recording runs.
        snapshot, folder: what their names say.
    """

    def __init__(self, parent: QObject, icons: PaletteIcons) -> None:
        super().__init__(parent)
        self.record = QAction("&Record", self)
        self.record.setCheckable(True)
        self.record.setShortcut(QKeySequence("Ctrl+Shift+R"))
        self.record.setToolTip("Record what is to be seen (Ctrl+Shift+R)")
        self.record.setStatusTip("Record what is to be seen")
        self.snapshot = QAction("&Snapshot", self)
        self.snapshot.setShortcut(QKeySequence("Ctrl+S"))
        self.snapshot.setToolTip("Keep this picture, with overlay and without (Ctrl+S)")
        self.snapshot.setStatusTip("Keep this picture, with overlay and without")
        self.folder = QAction("Show &folder", self)
        self.folder.setToolTip("Show the folder of the recordings")
        self.folder.setStatusTip("Show the folder of the recordings")
        icons.set(self.record, "record")
        icons.set(self.snapshot, "snapshot")
        icons.set(self.folder, "folder")
        self.show_possible(False)

    @property
    def all(self) -> tuple[QAction, ...]:
        """In the order of the menu."""
        return self.record, self.snapshot, self.folder

    def show_possible(self, possible: bool) -> None:
        """Whether there is anything to record; a recording can be ended at any time."""
        self.record.setEnabled(possible or self.record.isChecked())
        self.snapshot.setEnabled(possible)

    def show_running(self, running: bool) -> None:
        """Whether a recording runs."""
        self.record.setChecked(running)
        self.record.setText("Stop &recording" if running else "&Record")
