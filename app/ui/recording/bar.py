"""The strip under the video that is there while a recording runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton

from app.ui.elided_label import ElidedLabel
from app.ui.figure import Figure
from app.ui.transport import clock

if TYPE_CHECKING:
    from app.record.recorder import RecordStatus


class RecordBar(QFrame):
    """Time, size, room on the disk and drops, for all to see even without the side panel."""

    def __init__(self, record: QAction) -> None:
        super().__init__()
        self.setObjectName("recordBar")
        self.setAccessibleName("Recording")
        sign = QLabel("●")
        sign.setObjectName("recordSign")
        self.time = self._figure("0:00.0", "Length of the recording")
        self.amount = self._figure("000.0 MB", "Size of its files")
        self.free = self._figure("000.0 GB free", "Room on the disk")
        self.dropped = self._figure(
            "0 dropped", "Pictures left out of the recording because the encoder was too slow"
        )
        self.name = ElidedLabel()
        self.name.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        stop = QToolButton()
        stop.setDefaultAction(record)
        stop.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 3, 10, 3)
        row.setSpacing(14)
        row.addWidget(sign)
        for figure in (self.time, self.amount, self.free, self.dropped):
            row.addWidget(figure)
        row.addWidget(self.name, 1)
        row.addWidget(stop)
        self.hide()

    def show_status(self, status: RecordStatus | None) -> None:
        """Follow a recorder; None hides the strip."""
        self.setVisible(status is not None)
        if status is None:
            return
        self.time.say(clock(status.seconds))
        self.amount.say(size_text(status.bytes))
        self.free.say("" if status.free_bytes is None else f"{size_text(status.free_bytes)} free")
        self.dropped.say(f"{status.dropped} dropped")
        files = status.files[-1] if status.files else None
        path = None if files is None else files.annotated or files.clean
        if path is None:
            self.name.setText("Waiting for a picture …")
        elif path.name != self.name.text():
            self.name.setText(path.name)
            self.name.setToolTip(str(path))

    @staticmethod
    def _figure(longest: str, tip: str) -> Figure:
        figure = Figure(longest)
        figure.setToolTip(tip)
        figure.setAccessibleName(tip)
        return figure


def size_text(size: int) -> str:
    """A number of bytes as people read it."""
    if size < 1_000_000:
        return f"{size / 1e3:.0f} kB"
    return f"{size / 1e6:.1f} MB" if size < 1_000_000_000 else f"{size / 1e9:.1f} GB"
