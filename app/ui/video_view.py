"""The widget that shows the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.clock import now_ns
from app.record.style import OverlayOptions
from app.ui.picture import Canvas, Picture
from app.ui.theme import STAGE
from app.ui.view_meters import ViewMeters
from app.ui.viewport import Viewport

if TYPE_CHECKING:
    from app.evaluate.truth import ClipTruth

_NOTE_TEXT = QColor("#d5dae0")
_VEIL = QColor(16, 18, 20, 140)


class VideoView(QWidget):
    """Shows one picture, letter-boxed and never stretched.

    The pictures come ready made for `canvas`, overlay and all, so painting is copying. Right
    after a change of size the last picture is scaled until the next one is there.
    """

    canvas_changed = Signal()
    """Pictures are wanted for another `canvas`."""
    painted = Signal(object)
    """A `Picture` was painted for the first time."""
    play_pressed = Signal()
    full_screen_pressed = Signal()
    clicked = Signal(float, float)
    """The left button, on a place of the picture in frame pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Video")
        self.meters = ViewMeters()
        self._picture: Picture | None = None
        self._fresh: Picture | None = None
        self._options = OverlayOptions()
        self._truth: ClipTruth | None = None
        self._beside = True
        self._note = ""
        self._stale = False
        self._watched: int | None = None

    @property
    def picture(self) -> Picture | None:
        """The picture that is shown."""
        return self._picture

    @property
    def canvas(self) -> Canvas:
        """What pictures for this view should look like."""
        return Canvas(
            self.width(),
            self.height(),
            self.devicePixelRatioF(),
            self._options,
            bare=self._stale,
            truth=self._truth,
            beside=self._beside,
            watched=self._watched,
        )

    def show_picture(self, picture: Picture) -> None:
        """Show a picture from the next paint event on."""
        again = self._picture is not None and self._picture.result is picture.result
        self._picture = picture
        # The same frame in another size is no news to the meters.
        self._fresh = self._fresh if again else picture
        self.update()

    def set_options(self, options: OverlayOptions) -> None:
        """Choose what is drawn."""
        self._options = options
        self.canvas_changed.emit()

    def set_truth(self, truth: ClipTruth | None) -> None:
        """Choose the labels that are drawn beside the predictions."""
        if truth is not self._truth:
            self._truth = truth
            self.canvas_changed.emit()

    def set_beside(self, beside: bool) -> None:
        """Whether a second model has half of the view, or is drawn over the first."""
        if beside != self._beside:
            self._beside = beside
            self.canvas_changed.emit()

    def set_watched(self, face_id: int | None) -> None:
        """Choose the face that is marked as the one that counts; None for none."""
        if face_id != self._watched:
            self._watched = face_id
            self.canvas_changed.emit()

    def set_note(self, note: str) -> None:
        """Words in the middle, such as what is being waited for; "" for none."""
        if note != self._note:
            self._note = note
            self.update()

    def set_stale(self, stale: bool) -> None:
        """Whether the picture is old news: then it is dimmed and nothing is drawn on it."""
        if stale != self._stale:
            self._stale = stale
            self.canvas_changed.emit()
            self.update()

    def clear(self) -> None:
        """Show no picture."""
        self._picture = self._fresh = None
        self.meters.clear()
        self.update()

    def _viewport(self, picture: Picture) -> Viewport:
        """Where the picture lies in the widget as it is now."""
        made = picture.viewport
        return Viewport.fit(
            (made.frame_width, made.frame_height),
            (self.width(), self.height()),
            ratio=self.devicePixelRatioF(),
            mirror=made.mirror,
        )

    # Qt asks.

    def sizeHint(self) -> QSize:
        """A common camera size."""
        return QSize(640, 480)

    def minimumSizeHint(self) -> QSize:
        """Still a picture."""
        return QSize(240, 180)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for pictures of the new size."""
        super().resizeEvent(event)
        self.canvas_changed.emit()

    def event(self, event: QEvent) -> bool:
        """Ask for pictures of another ratio when the window moves to another screen."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.canvas_changed.emit()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space plays and pauses while the video has the focus."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.play_pressed.emit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell which place of the frame was meant."""
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self._picture is not None:
            place = event.position()
            self.clicked.emit(*self._picture.viewport.to_frame(place.x(), place.y()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click is the usual way to the full screen."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.full_screen_pressed.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Copy the picture and draw on it."""
        started_ns = now_ns()
        painter = QPainter(self)
        if self._picture is None:
            painter.fillRect(self.rect(), STAGE)
        else:
            self._paint_picture(painter, self._picture)
        if self._note:
            self._paint_note(painter)
        painter.end()
        fresh, self._fresh = self._fresh, None
        self.meters.painted(started_ns=started_ns, fresh=fresh)
        if fresh is not None:
            self.painted.emit(fresh)

    def _paint_picture(self, painter: QPainter, picture: Picture) -> None:
        canvas = self.canvas
        ratio = canvas.ratio
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)  # now in screen pixels
        now = self._viewport(picture)
        if picture.canvas.device_size == canvas.device_size:
            painter.drawImage(0, 0, picture.image)
        else:
            for bar in now.bars(*canvas.device_size):
                painter.fillRect(QRect(*bar), STAGE)
            painter.drawImage(_device_rect(now), picture.image, _device_rect(picture.viewport))
        if self._stale:
            painter.fillRect(_device_rect(now), _VEIL)
        painter.restore()

    def _paint_note(self, painter: QPainter) -> None:
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        room = QRectF(self.rect()).adjusted(24, 24, -24, -24)
        text = painter.boundingRect(room, int(flags), self._note)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(12, 14, 16, 190))
        painter.drawRoundedRect(text.adjusted(-12, -8, 12, 8), 6, 6)
        painter.setPen(_NOTE_TEXT)
        painter.drawText(room, int(flags), self._note)


def _device_rect(viewport: Viewport) -> QRect:
    return QRect(
        viewport.device_left,
        viewport.device_top,
        viewport.device_width,
        viewport.device_height,
    )
