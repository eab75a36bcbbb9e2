"""Marks the face whose state is watched."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.core.face import Face
from app.ui.viewport import Viewport

_COLOUR: Final = QColor("#5eead4")
_SHADOW: Final = QColor(0, 0, 0, 150)
_MARGIN: Final = 6.0
_ARM: Final = 0.18


def paint_watched(painter: QPainter, face: Face, viewport: Viewport) -> None:
    """Draw brackets at the corners of a face; `painter` is in logical pixels of the view."""
    box = face.box
    ends = viewport.to_widget([[box.x0, box.y0], [box.x1, box.y1]])
    (left, top), (right, bottom) = ends.min(axis=0) - _MARGIN, ends.max(axis=0) + _MARGIN
    across, down = _ARM * (right - left), _ARM * (bottom - top)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((_SHADOW, 5.0), (_COLOUR, 2.5)):
        painter.setPen(QPen(colour, width))
        for x, dx in ((left, across), (right, -across)):
            for y, dy in ((top, down), (bottom, -down)):
                corner = [QPointF(x + dx, y), QPointF(x, y), QPointF(x, y + dy)]
                painter.drawPolyline(QPolygonF(corner))
