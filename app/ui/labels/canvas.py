"""The picture with the points of its faces: zoomed, moved about, dragged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.frame import Image
from app.core.layout import LandmarkLayout
from app.evaluate.label_file import FaceLabel
from app.record.style import region_colour
from app.ui.theme import STAGE

_REACH: Final = 10.0
"""A point can be taken hold of from so many logical pixels away."""
_ZOOMS: Final = (0.05, 60.0)
_WHEEL: Final = 1.0015
"""Zoom of an eighth of a degree of the wheel."""
_FACE_SHARE: Final = 0.7
"""Of the view that a face fills when it is fitted."""
_SHADOW: Final = QColor(0, 0, 0, 170)
_OTHER: Final = QColor(190, 195, 200)
_CHOSEN: Final = QColor("#ffffff")


class LabelCanvas(QWidget):
    """Shows one frame. A point is dragged with the left button; dragging elsewhere moves the
    picture, the wheel zooms. Shift and an arrow key move the chosen point by one pixel.
    """

    point_dragged = Signal(int, int, float, float, int)
    """Person, point, x and y in frame pixels, number of the gesture."""
    point_chosen = Signal(int, int)
    """Person and point; -1 for none."""
    view_moved = Signal()
    """The user has zoomed or moved the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 180)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Picture with labels")
        self._image: QImage | None = None
        self._pixels: Image | None = None
        self._layout: LandmarkLayout | None = None
        self._faces: tuple[FaceLabel, ...] = ()
        self._person: int | None = None
        self._point = -1
        self._zoom, self._shift = 1.0, QPointF(0, 0)
        self._whole = True
        self._gesture = 0
        self._dragged: tuple[int, int] | None = None
        self._offset = QPointF(0, 0)
        self._held: QPointF | None = None

    @property
    def chosen_point(self) -> int:
        """Index of the chosen point, -1 for none."""
        return self._point

    def show_image(self, image: Image) -> None:
        """Show a BGR picture (H, W, 3)."""
        height, width = image.shape[:2]
        self._pixels = np.ascontiguousarray(image)  # the QImage does not keep it alive
        self._image = QImage(
            self._pixels.data, width, height, self._pixels.strides[0], QImage.Format.Format_BGR888
        )
        if self._whole:
            self.show_whole()
        self.update()

    def show_faces(
        self, layout: LandmarkLayout, faces: Sequence[FaceLabel], person: int | None
    ) -> None:
        """Show these faces; `person` is the one that is worked on."""
        self._layout, self._faces, self._person = layout, tuple(faces), person
        if self._face() is None:
            self._point = -1
        self.update()

    def choose_point(self, point: int) -> None:
        """Mark a point of the person."""
        self._point = point
        self.update()

    def show_whole(self) -> None:
        """Fit the whole picture into the view, also after a change of size."""
        self._whole = True
        if self._image is not None:
            size = self._image.size()
            self._zoom = min(self.width() / size.width(), self.height() / size.height())
            self._centre(QPointF(size.width() / 2, size.height() / 2))

    def show_face(self) -> None:
        """Fit the face of the person into the view."""
        face = self._face()
        if face is None:
            return
        known = face.points[~np.isnan(face.points).any(axis=1)] + 0.5
        low, high = known.min(axis=0), known.max(axis=0)
        side = max(float((high - low).max()), 4.0)
        self._whole = False
        self._zoom = _clamped(_FACE_SHARE * min(self.width(), self.height()) / side)
        middle = (low + high) / 2
        self._centre(QPointF(float(middle[0]), float(middle[1])))

    def to_widget(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Frame pixels (N, 2) in logical pixels of the widget."""
        places = np.asarray(points, np.float64).reshape(-1, 2) + 0.5
        return places * self._zoom + (self._shift.x(), self._shift.y())

    def to_frame(self, place: QPointF) -> tuple[float, float]:
        """A place of the widget in frame pixels."""
        return (
            (place.x() - self._shift.x()) / self._zoom - 0.5,
            (place.y() - self._shift.y()) / self._zoom - 0.5,
        )

    # The user.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of a point, or of the picture."""
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        found = self._at(event.position())
        if found is None or event.button() == Qt.MouseButton.MiddleButton:
            self._held = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            return
        person, point = found
        self._person, self._point = person, point
        self._dragged = found
        self._gesture += 1
        face = self._face()
        if face is not None:
            x, y = self.to_widget(face.points[point])[0]
            self._offset = QPointF(x, y) - event.position()
        self.point_chosen.emit(person, point)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag what is held."""
        if self._dragged is not None:
            x, y = self.to_frame(event.position() + self._offset)
            self.point_dragged.emit(*self._dragged, x, y, self._gesture)
        elif self._held is not None:
            self._shift += event.position() - self._held
            self._held = event.position()
            self._whole = False
            self.view_moved.emit()
            self.update()
        else:
            near = self._at(event.position()) is not None
            shape = Qt.CursorShape.CrossCursor if near else Qt.CursorShape.OpenHandCursor
            self.setCursor(shape)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let go."""
        self._dragged = self._held = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom; what is under the pointer stays there."""
        zoom = _clamped(self._zoom * _WHEEL ** event.angleDelta().y())
        place = event.position()
        self._shift = place - (place - self._shift) * (zoom / self._zoom)
        self._zoom = zoom
        self._whole = False
        self.view_moved.emit()
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the chosen point by one pixel of the screen."""
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        step = steps.get(Qt.Key(event.key()))
        face = self._face()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if step is None or not shift or face is None or self._point < 0:
            super().keyPressEvent(event)
            return
        if not event.isAutoRepeat():
            self._gesture += 1
        x, y = (face.points[self._point] + np.array(step) / self._zoom).tolist()
        self.point_dragged.emit(face.person, self._point, x, y, self._gesture)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the whole picture in view, or its middle where it was."""
        super().resizeEvent(event)
        if self._whole:
            self.show_whole()
            return
        old = event.oldSize()
        if old.isValid():
            size = event.size()
            self._shift += QPointF(
                (size.width() - old.width()) / 2, (size.height() - old.height()) / 2
            )

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw picture and faces."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), STAGE)
        if self._image is not None:
            smooth = self._zoom < 3  # pixels are to be seen from close by
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            size = self._image.size()
            target = QRectF(
                self._shift.x(),
                self._shift.y(),
                size.width() * self._zoom,
                size.height() * self._zoom,
            )
            painter.drawImage(target, self._image, QRectF(self._image.rect()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for face in self._faces:
            self._paint_face(painter, face)
        painter.end()

    def _paint_face(self, painter: QPainter, face: FaceLabel) -> None:
        layout = self._layout
        if layout is None:
            return
        mine = face.person == self._person
        places = self.to_widget(face.points)
        known = ~np.isnan(places).any(axis=1)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(255, 255, 255, 70), 1))
        for a, b in layout.edges:
            if known[a] and known[b]:
                painter.drawLine(QPointF(*places[a]), QPointF(*places[b]))
        for region, indices in layout.groups.items():
            colour = QColor(*reversed(region_colour(region))) if mine else _OTHER
            shown = [i for i in indices if known[i] and i not in face.hidden]
            dots = QPolygonF([QPointF(*places[i]) for i in shown])
            for shade, width in ((_SHADOW, 8.0), (colour, 5.0)):
                painter.setPen(QPen(shade, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                painter.drawPoints(dots)
            painter.setPen(QPen(colour, 1.5))
            for i in indices:
                if known[i] and i in face.hidden:
                    painter.drawEllipse(QPointF(*places[i]), 4.0, 4.0)
        if mine and 0 <= self._point < len(places) and known[self._point]:
            place = QPointF(*places[self._point])
            for shade, width in ((_SHADOW, 4.0), (_CHOSEN, 2.0)):
                painter.setPen(QPen(shade, width))
                painter.drawEllipse(place, 8.0, 8.0)
            painter.drawText(place + QPointF(12, -8), f"{self._point + 1}")

    def _face(self) -> FaceLabel | None:
        return next((face for face in self._faces if face.person == self._person), None)

    def _at(self, place: QPointF) -> tuple[int, int] | None:
        """Person and point near a place; those of the present person first."""
        best: tuple[float, int, int] | None = None
        for face in self._faces:
            away = np.linalg.norm(self.to_widget(face.points) - (place.x(), place.y()), axis=1)
            if np.isnan(away).all():
                continue
            point = int(np.nanargmin(away))
            distance = float(away[point]) + (0.0 if face.person == self._person else _REACH / 2)
            if away[point] <= _REACH and (best is None or distance < best[0]):
                best = distance, face.person, point
        return None if best is None else best[1:]

    def _centre(self, place: QPointF) -> None:
        self._shift = QPointF(self.width() / 2, self.height() / 2) - place * self._zoom
        self.update()


def _clamped(zoom: float) -> float:
    return min(max(zoom, _ZOOMS[0]), _ZOOMS[1])
