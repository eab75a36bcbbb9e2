"""Error of each point on a mean face."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg

from app.core.layout import IBUG68, point_map
from app.ui.evaluation.plots.page import PlotPage, plain_plot
from app.ui.evaluation.series import Series
from app.vision.pose import mean_face

_ACROSS: Final = 4
_LARGEST: Final = 0.11
"""Diameter of the largest disc as a share of the face's width."""
_STEP: Final = (1.7, 1.35)
"""From face to face, across and down, in widths and heights of the face."""


class MeanFacePage(PlotPage):
    """One face per model; the area of a disc is the mean error of its point."""

    title = "By point"
    file_name = "by-point"

    def __init__(self) -> None:
        super().__init__(plain_plot())
        self._item = self.view.getPlotItem()
        self._item.hideAxis("left")
        self._item.hideAxis("bottom")
        self._item.setAspectLocked(True)
        self._item.invertY(True)
        face = mean_face()[:, :2]
        low, high = face.min(axis=0), face.max(axis=0)
        self._face: npt.NDArray[np.float64] = (face - (low + high) / 2) / (high - low)[0]
        self._extent = np.ptp(self._face, axis=0)

    def _draw(self) -> None:
        item = self._item
        item.clear()
        errors = [one.measured.figures.by_point for one in self.series]
        finite = [float(e[np.isfinite(e)].max()) for e in errors if np.isfinite(e).any()]
        high = max(finite, default=0.0)
        words = "The area of a disc is the mean error of its point"
        if high > 0:
            words += f"; the largest is {100 * high:.1f} %"
        item.setTitle(words if self.series else None, color=self.look.quiet, size="9pt")
        width, height = self._extent * _STEP
        across = min(max(len(self.series), 1), _ACROSS)
        down = -(-len(self.series) // across)
        for number, one in enumerate(self.series):
            row, column = divmod(number, across)
            self._draw_face(one, np.array([column * width, row * height]), high)
        item.setXRange(-width / 2, (across - 0.5) * width, padding=0)
        item.setYRange(-0.6 * height, (down - 0.5) * height, padding=0)

    def _draw_face(self, series: Series, centre: Any, high: float) -> None:
        item, look = self._item, self.look
        name = pg.TextItem(series.label, color=look.colour(series), anchor=(0.5, 1))
        name.setZValue(1)  # Qt clips whatever an SVG holds after a text to that text
        name.setPos(centre[0], centre[1] - self._extent[1] / 2 - 0.06)
        item.addItem(name)
        figures = series.measured.figures
        layout, errors = figures.layout, figures.by_point
        face = point_map(IBUG68, layout)(self._face) + centre
        seen = ~np.isnan(face).any(axis=1)
        if not seen.any():
            name.setText(f"{series.label}: {layout.name} has no mean face", color=look.quiet)
            return
        edges = [edge for edge in layout.edges if seen[list(edge)].all()]
        ends = face[np.array(edges, int).ravel()]
        pen = pg.mkPen(look.line, width=1)
        item.addItem(pg.PlotCurveItem(ends[:, 0], ends[:, 1], connect="pairs", pen=pen))
        known = np.flatnonzero(np.isfinite(errors) & seen)
        fill = pg.mkColor(look.colour(series))
        fill.setAlpha(170)
        item.addItem(
            pg.ScatterPlotItem(
                x=face[known, 0],
                y=face[known, 1],
                size=_LARGEST * np.sqrt(errors[known] / max(high, 1e-9)),
                pxMode=False,
                brush=pg.mkBrush(fill),
                pen=pg.mkPen(look.text, width=0.5),
                data=known,
                hoverable=True,
                tip=lambda data, **_: f"{series.label}, point {data}: {100 * errors[data]:.2f} %",
            )
        )
