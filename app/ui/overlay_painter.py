"""Draws what is known of the faces over the picture, in screen pixels, so crisp at any zoom.

Needs no widget: it runs on the thread that prepares the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from app.core.face import Face
from app.record.axes import pose_axes
from app.record.label_placement import LabelPlacer, Rect
from app.record.style import OverlayOptions, region_colour
from app.ui.viewport import Viewport

_SHADOW: Final = QColor(0, 0, 0, 150)
_LABEL_BACK: Final = QColor(12, 14, 16, 190)
_LABEL_TEXT: Final = QColor("#ffffff")
_LABEL_QUIET: Final = QColor("#c3cad2")
_PADDING: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Placed:
    """A face with its points in widget pixels."""

    face: Face
    points: npt.NDArray[np.float64]
    bounds: Rect


class OverlayPainter:
    """Paints boxes, lines, points, axes and numbers; keeps where each label was."""

    def __init__(self) -> None:
        self._placer = LabelPlacer()
        self._colours: dict[str, QColor] = {}
        self._tint: QColor | None = None

    def paint(
        self,
        painter: QPainter,
        faces: Sequence[Face],
        viewport: Viewport,
        options: OverlayOptions,
        view: Rect,
        *,
        tint: QColor | None = None,
    ) -> None:
        """Draw the overlay.

        Args:
            painter: active, in logical pixels of the widget; its state is kept.
            faces: what to draw.
            viewport: where the frame lies in the widget.
            options: what is to be seen.
            view: the visible part of the widget, which no label leaves.
            tint: colour of points, lines and boxes in place of those of the regions.
        """
        self._tint = tint
        if not faces:
            return
        placed = [_place(face, viewport) for face in faces]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for item in placed:
            if options.box:
                self._box(painter, item, viewport)
            if options.lines:
                self._lines(painter, item)
            if options.points:
                self._points(painter, item)
            if options.axes:
                self._axes(painter, item, viewport)
        if options.numbers:
            self._numbers(painter, placed, view)
        painter.restore()

    def _box(self, painter: QPainter, item: _Placed, viewport: Viewport) -> None:
        box = item.face.box
        corners = viewport.to_widget([[box.x0, box.y0], [box.x1, box.y1]])
        (left, right), (top, bottom) = sorted(corners[:, 0]), sorted(corners[:, 1])
        rect = QRectF(left, top, right - left, bottom - top)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((_SHADOW, 3.0), (self._colour("box"), 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawRoundedRect(rect, 3, 3)

    def _lines(self, painter: QPainter, item: _Placed) -> None:
        layout = item.face.layout
        corners = [QPointF(x, y) for x, y in item.points.tolist()]
        outlines: list[tuple[str, QPolygonF]] = []
        for region, indices in layout.groups.items():
            if len(indices) < 2 or region in layout.loose:
                continue
            line = [corners[i] for i in indices]
            if region in layout.closed:
                line.append(line[0])
            outlines.append((region, QPolygonF(line)))
        width = _thickness(item.bounds)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_pen(_SHADOW, width + min(width, 2.0)))
        for _, outline in outlines:
            painter.drawPolyline(outline)
        for region, outline in outlines:
            painter.setPen(_pen(self._colour(region), width))
            painter.drawPolyline(outline)

    def _points(self, painter: QPainter, item: _Placed) -> None:
        corners = [QPointF(x, y) for x, y in item.points.tolist()]
        width = 2.2 * _thickness(item.bounds)
        painter.setPen(_pen(_SHADOW, width + min(width / 2, 2.0)))
        painter.drawPoints(QPolygonF(corners))
        for region, indices in item.face.layout.groups.items():
            painter.setPen(_pen(self._colour(region), width))
            painter.drawPoints(QPolygonF([corners[i] for i in indices]))

    def _axes(self, painter: QPainter, item: _Placed, viewport: Viewport) -> None:
        axes = pose_axes(item.face)
        if axes is None:
            return
        ends = viewport.to_widget([axes.origin, axes.right, axes.down, axes.forward])
        origin = QPointF(*ends[0])
        width = 1.5 * _thickness(item.bounds)
        for colour, extra in ((_SHADOW, 2.0), (None, 0.0)):
            for name, end in zip(("axis_x", "axis_y", "axis_z"), ends[1:], strict=True):
                painter.setPen(_pen(colour or self._colour(name), width + extra))
                painter.drawLine(origin, QPointF(*end))

    def _numbers(self, painter: QPainter, placed: Sequence[_Placed], view: Rect) -> None:
        font = QFont(painter.font())
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        line = metrics.height()
        names = metrics.horizontalAdvance("pitch ")
        width = names + metrics.horizontalAdvance("−180°") + 2 * _PADDING
        size = (width, 4 * line + 2 * _PADDING)
        labels = self._placer.place([(i.face.id, i.bounds) for i in placed], size, view)
        for item in placed:
            spot = labels[item.face.id]
            whole = QRectF(spot.left, spot.top, spot.width, spot.height)
            inside = whole.adjusted(_PADDING, _PADDING, -_PADDING, -_PADDING)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QBrush(_LABEL_BACK))
            painter.drawRoundedRect(whole, 4, 4)
            painter.setPen(_LABEL_QUIET)
            painter.drawText(inside, Qt.AlignmentFlag.AlignLeft, "face\nyaw\npitch\nroll")
            painter.setPen(_LABEL_TEXT)
            painter.drawText(inside, Qt.AlignmentFlag.AlignRight, pose_text(item.face))

    def _colour(self, name: str) -> QColor:
        if self._tint is not None and not name.startswith("axis"):
            return self._tint
        colour = self._colours.get(name)
        if colour is None:
            blue, green, red = region_colour(name)
            colour = self._colours[name] = QColor(red, green, blue)
        return colour


def pose_text(face: Face) -> str:
    """Id and angles of a face, one below the other; angles that are not known are a dash."""
    pose = face.pose
    angles = (None, None, None) if pose is None else (pose.yaw, pose.pitch, pose.roll)
    return "\n".join([f"{face.id}", *(_degrees(angle) for angle in angles)])


def _degrees(angle: float | None) -> str:
    if angle is None or not np.isfinite(angle):
        return "–"
    whole = round(angle)
    sign = "+" if whole > 0 else "−" if whole < 0 else ""
    return f"{sign}{abs(whole)}°"


def _place(face: Face, viewport: Viewport) -> _Placed:
    points = viewport.to_widget(face.points)
    low, high = points.min(axis=0), points.max(axis=0)
    bounds = Rect(float(low[0]), float(low[1]), *(float(v) for v in high - low))
    return _Placed(face, points, bounds)


def _thickness(bounds: Rect) -> float:
    """Width of a line for a face of this size on the screen, logical pixels."""
    return min(max(max(bounds.width, bounds.height) / 120, 0.7), 2.0)


def _pen(colour: QColor, width: float) -> QPen:
    return QPen(
        colour,
        width,
        Qt.PenStyle.SolidLine,
        Qt.PenCapStyle.RoundCap,
        Qt.PenJoinStyle.RoundJoin,
    )
