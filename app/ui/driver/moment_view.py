"""Shows the pictures of a moment: plays them, and lets the user go through them by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app.ui.driver.words import clock

if TYPE_CHECKING:
    from app.record.moments import Moment


class MomentView(QWidget):
    """One moment at a time, in the place of the plots."""

    closed = Signal()
    save_wanted = Signal(object, str)
    """A `Moment` is to be kept, and its name."""

    def __init__(self) -> None:
        super().__init__()
        self.moment: Moment | None = None
        self._name = ""
        self._shown: QImage | None = None
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setMinimumSize(QSize(120, 90))
        self.picture.setAccessibleName("Picture of the moment")
        self.time = QLabel()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Place in the moment")
        self.slider.valueChanged.connect(self._show)
        self.title = QLabel()
        self.back = QPushButton("Back to the plots")
        self.back.clicked.connect(self.closed)
        self.play = QPushButton("Pause")
        self.play.setFixedWidth(70)
        self.play.clicked.connect(self._toggle)
        self.save = QPushButton("Save clip…")
        self.save.clicked.connect(self._save)
        row = QHBoxLayout()
        for widget in (self.play, self.slider, self.time, self.save):
            row.addWidget(widget)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 4)
        column.addLayout(head)
        column.addWidget(self.picture, 1)
        column.addLayout(row)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._next)

    def show_moment(self, moment: Moment, name: str, start_s: float) -> None:
        """Play a moment from the beginning.

        Args:
            moment: has at least one picture.
            name: what happened.
            start_s: when it began.
        """
        self.moment, self._name = moment, name
        self.title.setText(f"{name} at {clock(start_s)}")
        self.slider.setRange(0, len(moment.jpegs) - 1)
        self.slider.setValue(0)
        self._show(0)
        length_s = moment.times_s[-1] - moment.times_s[0]
        self._timer.start(max(round(1000 * length_s / max(len(moment.jpegs) - 1, 1)), 20))
        self.play.setText("Pause")

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing runs while nothing is seen."""
        self._timer.stop()
        self.play.setText("Play")
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the picture in."""
        super().resizeEvent(event)
        self._fit()

    def _toggle(self) -> None:
        if self._timer.isActive():
            self._timer.stop()
        else:
            self._timer.start()
        self.play.setText("Pause" if self._timer.isActive() else "Play")

    def _next(self) -> None:
        place = self.slider.value() + 1
        self.slider.setValue(0 if place > self.slider.maximum() else place)

    def _show(self, place: int) -> None:
        if self.moment is None:
            return
        self._shown = image_of(self.moment.jpegs[place])
        self.time.setText(clock(self.moment.times_s[place]))
        self._fit()

    def _fit(self) -> None:
        if self._shown is not None:
            size = self._shown.size().scaled(
                self.picture.size(), Qt.AspectRatioMode.KeepAspectRatio
            )
            self.picture.setPixmap(QPixmap.fromImage(self._shown.scaled(size)))

    def _save(self) -> None:
        if self.moment is not None:
            self.save_wanted.emit(self.moment, self.title.text())


def image_of(jpeg: bytes) -> QImage:
    """A compressed picture as Qt has it."""
    return QImage.fromData(jpeg)
