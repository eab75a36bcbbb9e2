"""Draws labels and predictions of one frame in two colours, joined by error vectors.

Needs no widget: it runs on the thread that prepares the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from app.evaluate.truth import Pair
from app.record.label_placement import Rect
from app.ui.viewport import Viewport

# The colours of the worst faces in the report: told apart without red against green.
TRUTH: Final = QColor(64, 222, 115)
PREDICTION: Final = QColor(255, 122, 26)
_VECTOR: Final = QColor(255, 255, 255, 230)
_SHADOW: Final = QColor(0, 0, 0, 150)
_BACK: Final = QColor(12, 14, 16, 190)
_TEXT: Final = QColor("#ffffff")


def paint_truth(painter: QPainter, pairs: Sequence[Pair], viewport: Viewport, view: Rect) -> None:
    """Draw the pairs, and in the lower left corner what the colours mean.

    Args:
        painter: active, in logical pixels of the widget; its state is kept.
        pairs: of the frame that is shown.
        viewport: where the frame lies in the widget.
        view: the visible part of the widget.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for pair in pairs:
        _paint_pair(painter, pair, viewport)
    _paint_legend(painter, pairs, viewport, view)
    painter.restore()


def _paint_pair(painter: QPainter, pair: Pair, viewport: Viewport) -> None:
    truth = None if pair.truth is None else viewport.to_widget(pair.truth)
    guess = None if pair.guess is None else viewport.to_widget(pair.guess)
    some = truth if truth is not None else guess
    if some is None:
        return
    known = some[~np.isnan(some).any(axis=1)]
    extent = float(np.ptp(known, axis=0).max()) if len(known) else 0.0
    width = min(max(extent / 55, 1.6), 4.5)
    if truth is not None and guess is not None:
        both = ~np.isnan(truth + guess).any(axis=1)
        lines = [
            QLineF(*start, *end)
            for start, end in zip(truth[both].tolist(), guess[both].tolist(), strict=True)
        ]
        for colour, extra in ((_SHADOW, 1.4), (_VECTOR, 0.0)):
            painter.setPen(QPen(colour, max(0.35 * width, 1.0) + extra))
            painter.drawLines(lines)
    for points, colour in ((truth, TRUTH), (guess, PREDICTION)):
        if points is None:
            continue
        known = points[~np.isnan(points).any(axis=1)]
        polygon = QPolygonF([QPointF(x, y) for x, y in known.tolist()])
        for shade, extra in ((_SHADOW, 1.2), (colour, 0.0)):
            painter.setPen(
                QPen(shade, width + extra, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
            )
            painter.drawPoints(polygon)


def _paint_legend(painter: QPainter, pairs: Sequence[Pair], viewport: Viewport, view: Rect) -> None:
    metrics = QFontMetricsF(painter.font())
    lines = [("labels", TRUTH), (prediction_words(pairs), PREDICTION)]
    width = max(metrics.horizontalAdvance(words) for words, _ in lines) + 30
    height = len(lines) * metrics.height() + 10
    left, top, _, tall = viewport.bounds
    bottom = min(top + tall, view.top + view.height)
    box = QRectF(max(left, 0.0) + 8, bottom - height - 8, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_BACK)
    painter.drawRoundedRect(box, 4, 4)
    for row, (words, colour) in enumerate(lines):
        y = box.top() + 5 + row * metrics.height()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(box.left() + 11, y + metrics.height() / 2), 4, 4)
        painter.setPen(_TEXT)
        painter.drawText(QPointF(box.left() + 22, y + metrics.ascent()), words)


def prediction_words(pairs: Sequence[Pair]) -> str:
    """How far the predictions are off, for people."""
    errors = [pair.error for pair in pairs if np.isfinite(pair.error)]
    missed = sum(pair.truth is not None and pair.guess is None for pair in pairs)
    wrong = sum(pair.truth is None for pair in pairs)
    parts = [f"{100 * float(np.mean(errors)):.1f} %"] if errors else []
    parts += [f"{missed} missed"] if missed else []
    parts += [f"{wrong} without label"] if wrong else []
    return "model: " + (", ".join(parts) or "no face")
