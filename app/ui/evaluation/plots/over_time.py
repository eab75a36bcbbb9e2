"""Error of each frame, above the attributes of its faces."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent

from app.core.svg import ticks
from app.evaluate.results import ClipResult
from app.ui.evaluation.plots.page import PlotPage, add_legend, dress, percent, plain_plot
from app.ui.evaluation.series import Series
from app.ui.evaluation.timeline import (
    attribute_frames,
    by_frame,
    frame_edges,
    spans,
    thinned,
)

_SPANS: Final = {
    "profile": "#6f9fbf",
    "head-up": "#c2a05f",
    "head-down": "#a58fc0",
    "expression": "#7fb382",
    "occlusion": "#c98b8b",
}
"""Colour of each attribute; frontal is what is left."""

_LOWEST_TOP: Final = 5.0
_HIGHEST_TOP: Final = 40.0
"""The axis ends between these, percent; a larger error is drawn at its end."""
_BAND_PIXELS: Final = 13.0
"""Height of the stripe of an attribute; its name fits beside it."""
_BANDS: Final = 5.7
"""Room for all stripes, in stripes."""
_MOST_POINTS: Final = 1600
"""Of a curve: more than a screen has columns."""


class OverTimePage(PlotPage):
    """A curve per model. The wheel stretches the time, a click asks for that moment."""

    title = "Over time"
    file_name = "over-time"

    moment_chosen = Signal(int)
    """Number of a frame of the clip that is shown."""

    def __init__(self) -> None:
        super().__init__(plain_plot(y_label="error of the worst face"))
        self._item = self.view.getPlotItem()
        self._item.setMouseEnabled(x=True, y=False)
        self._item.vb.setMouseMode(pg.ViewBox.PanMode)
        self._clip: ClipResult | None = None
        self._edges = np.zeros(0)
        self._here = pg.InfiniteLine(0, angle=90)
        self._here.hide()
        self._item.scene().sigMouseClicked.connect(self._clicked)
        self.view.setToolTip("Click: show this moment; wheel: stretch the time; drag: move")

    def x_of(self, frame: int) -> float:
        """Place of the middle of a frame on the axis."""
        return float(self._edges[frame] + self._edges[frame + 1]) / 2

    def show_here(self, frame: int | None) -> None:
        """Mark the frame that is played; None for none."""
        visible = frame is not None and 0 <= frame < len(self._edges) - 1
        if visible and frame is not None:
            self._here.setPos(self.x_of(frame))
        if visible != self._here.isVisible():
            self._here.setVisible(visible)

    def _draw(self) -> None:
        item, look = self._item, self.look
        item.clear()
        dress(item, look)
        clip = self.series[0].results[0] if self.series else None
        everything = self._shows_everything()
        fresh = clip is None or self._clip is None or clip.clip != self._clip.clip
        self._clip = clip
        shown = [one for one in self.series if _same_clip(one.results[0], clip)]
        if clip is None or not shown:
            return
        self._edges = frame_edges(clip.times_s if clip.moving else _numbers(clip))
        curves = [_curve(one) for one in shown]
        finite = np.concatenate([curve[np.isfinite(curve)] for curve in curves])
        high = float(np.clip(1.1 * finite.max(initial=0.0), _LOWEST_TOP, _HIGHEST_TOP))
        steps = ticks(high)
        for step in steps:
            item.addItem(pg.InfiniteLine(step, angle=0, pen=pg.mkPen(look.grid)))
        add_legend(item, shown, look)
        item.layout.activate()  # the stripes are measured in what the legend leaves
        band = self._band(high)
        names = self._draw_attributes(clip, high, band)
        for one, curve in zip(shown, curves, strict=True):
            self._draw_curve(one, curve, high)
        self._here.setPen(pg.mkPen(look.text, width=1, style=Qt.PenStyle.DashLine))
        item.addItem(self._here)
        item.getAxis("left").setTicks([[(step, percent(step)) for step in steps] + names])
        item.getAxis("bottom").setLabel("seconds" if clip.moving else "image")
        first, last = float(self._edges[0]), float(self._edges[-1])
        item.setLimits(xMin=first, xMax=last, minXRange=(last - first) / max(len(self._edges), 2))
        if fresh or everything:
            item.setXRange(first, last, padding=0)
        item.setYRange(-_BANDS * band, high * 1.02, padding=0)

    def _shows_everything(self) -> bool:
        """Whether the whole clip is in view, so that a longer one should be, too."""
        if len(self._edges) < 2:
            return True
        first, last = self._item.vb.viewRange()[0]
        return bool(first <= self._edges[0] + 1e-6 and last >= self._edges[-1] - 1e-6)

    def _band(self, high: float) -> float:
        """Height of a stripe in percent, so that its name fits; at least half is for curves."""
        pixels = max(float(self._item.vb.height()), 1.0)
        stripe = min(_BAND_PIXELS, 0.5 * pixels / _BANDS)
        return high * 1.02 * stripe / (pixels - _BANDS * stripe)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the stripes their height."""
        super().resizeEvent(event)
        if self.series:
            self.show_series(self.series)

    def _draw_attributes(
        self, clip: ClipResult, high: float, band: float
    ) -> list[tuple[float, str]]:
        """Stripes below the axis and faint columns above it; the names for the axis."""
        names = []
        for row, (name, fill) in enumerate(_SPANS.items()):
            bottom = -band * (row + 1.5)
            names.append((bottom + band / 2, name))
            found = spans(attribute_frames(clip.labels, name))
            if not found:
                continue
            x0 = self._edges[[first for first, _ in found]]
            x1 = self._edges[[last for _, last in found]]
            faint = pg.mkColor(fill)
            faint.setAlpha(34)
            for y0, y1, brush in (
                (0.0, high, faint),
                (bottom, bottom + band * 0.82, pg.mkColor(fill)),
            ):
                self._item.addItem(
                    pg.BarGraphItem(x0=x0, x1=x1, y0=y0, y1=y1, brush=brush, pen=None)
                )
        return names

    def _draw_curve(self, series: Series, curve: Any, high: float) -> None:
        look = self.look
        middles = (self._edges[:-1] + self._edges[1:]) / 2
        y = np.where(np.isfinite(curve), np.minimum(curve, high), np.nan)
        x, y = thinned(middles, y, _MOST_POINTS)
        self._item.addItem(
            pg.PlotCurveItem(x, y, connect="finite", pen=pg.mkPen(look.colour(series), width=1))
        )
        missed = spans(np.isinf(curve))
        if missed:
            self._item.addItem(
                pg.BarGraphItem(
                    x0=self._edges[[first for first, _ in missed]],
                    x1=self._edges[[last for _, last in missed]],
                    y0=high * 0.975,
                    y1=high * 1.02,
                    brush=look.colour(series),
                    pen=look.colour(series),
                )
            )

    def _clicked(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton or len(self._edges) < 2:
            return
        x = self._item.vb.mapSceneToView(event.scenePos()).x()
        frame = int(np.searchsorted(self._edges, x, side="right")) - 1
        if 0 <= frame < len(self._edges) - 1:
            self.moment_chosen.emit(frame)


def _curve(series: Series) -> Any:
    """(T,) error of the worst face of each frame of the first clip, percent."""
    labels = series.results[0].labels
    return 100 * by_frame(labels.frame, series.measured.clips[0].face, labels.frames)


def _numbers(clip: ClipResult) -> Any:
    return np.arange(clip.labels.frames, dtype=np.float64)


def _same_clip(result: ClipResult, other: ClipResult | None) -> bool:
    """Whether two results can share a time axis."""
    return (
        other is not None
        and result.clip == other.clip
        and result.labels.frames == other.labels.frames
    )
