"""Two models in one picture: side by side, or one drawn over the other in two colours."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter

from app.record.label_placement import Rect
from app.record.style import OverlayOptions
from app.ui.overlay_painter import OverlayPainter
from app.ui.theme import STAGE
from app.ui.viewport import Viewport
from app.vision.result import Comparison, FrameResult

FIRST: Final = QColor("#ffb000")
SECOND: Final = QColor("#40c4ff")
"""Colours of the two models; they differ in lightness, too, for eyes that see few colours."""

_BACK: Final = QColor(12, 14, 16, 190)
_TEXT: Final = QColor("#ffffff")
_GAP: Final = 8.0
_DOT: Final = 4.0


def side_by_side(
    size: tuple[int, int],
    ratio: float,
    left: QImage,
    right: QImage,
    names: tuple[str, str],
) -> QImage:
    """Two pictures beside each other with the names of their models.

    Args:
        size: of the whole, screen pixels.
        ratio: screen pixels per logical pixel.
        left: the first half.
        right: the second half.
        names: what stands above each.
    """
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(STAGE)
    painter = QPainter(image)
    painter.drawImage(0, 0, left)
    painter.drawImage(size[0] - right.width(), 0, right)
    painter.scale(ratio, ratio)
    width, height = size[0] / ratio, size[1] / ratio
    middle = left.width() / ratio
    painter.fillRect(QRectF(middle - 0.5, 0, 1, height), QColor("#5a6270"))
    _legend(painter, ((names[0], None),), QRectF(0, 0, middle, height))
    _legend(painter, ((names[1], None),), QRectF(middle, 0, width - middle, height))
    painter.end()
    return image


def paint_overlaid(
    painter: QPainter,
    result: FrameResult,
    comparison: Comparison,
    viewport: Viewport,
    options: OverlayOptions,
    view: Rect,
    overlay: OverlayPainter,
) -> None:
    """Draw both models' faces over one picture, each in its colour; numbers, box and axes are
    those of the first.
    """
    overlay.paint(painter, result.faces, viewport, options, view, tint=FIRST)
    plain = replace(options, numbers=False, box=False, axes=False)
    overlay.paint(painter, comparison.faces, viewport, plain, view, tint=SECOND)
    entries = ((result.model, FIRST), (comparison.model, SECOND))
    _legend(painter, entries, QRectF(0, 0, view.width, view.height))


def second_result(result: FrameResult, comparison: Comparison) -> FrameResult:
    """The result as if the second model alone had run."""
    return replace(result, faces=comparison.faces, model=comparison.model, comparison=None)


def _legend(
    painter: QPainter, entries: tuple[tuple[str, QColor | None], ...], room: QRectF
) -> None:
    """Names on a dark ground at the top of `room`, each with a dot where it has a colour."""
    metrics = QFontMetricsF(painter.font())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    top = room.top() + _GAP
    for text, colour in entries:
        dot = 0.0 if colour is None else 2 * _DOT + _GAP
        shown = metrics.elidedText(
            text, Qt.TextElideMode.ElideMiddle, room.width() - 4 * _GAP - dot
        )
        width = metrics.horizontalAdvance(shown) + dot + 2 * _GAP
        ground = QRectF(room.left() + _GAP, top, width, metrics.height() + _GAP)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_BACK)
        painter.drawRoundedRect(ground, 4, 4)
        if colour is not None:
            painter.setBrush(colour)
            painter.drawEllipse(
                QPointF(ground.left() + _GAP + _DOT, ground.center().y()), _DOT, _DOT
            )
        painter.setPen(_TEXT)
        painter.drawText(ground.adjusted(_GAP + dot, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, shown)
        top = ground.bottom() + _GAP / 2
    painter.restore()
