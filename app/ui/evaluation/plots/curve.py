"""Share of the faces at or below each error."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyqtgraph as pg

from app.core.svg import ticks
from app.evaluate.metrics import FAILURE_LIMIT, cumulative_curve
from app.ui.evaluation.plots.page import PlotPage, add_legend, dress, percent, plain_plot

_END: Final = 15.0
"""Of the axis, percent; in a plot of small numbers, browsers lose the curve of an SVG."""
_STEPS: Final = 151


class CurvePage(PlotPage):
    """The cumulative error curve of each model, with the failure limit."""

    title = "Cumulative error"
    file_name = "cumulative-error"

    def __init__(self) -> None:
        super().__init__(plain_plot(y_label="share of the faces", x_label="error of a face"))
        self._item = self.view.getPlotItem()

    def _draw(self) -> None:
        item, look = self._item, self.look
        item.clear()
        dress(item, look)
        shares = ticks(100.0, 4)
        for share in shares[1:]:
            item.addItem(pg.InfiniteLine(share, angle=0, pen=pg.mkPen(look.grid)))
        limits = np.linspace(0, _END, _STEPS)
        for one in self.series:
            curve = 100 * cumulative_curve(one.measured.face, limits / 100)
            if not np.isnan(curve).any():
                pen = pg.mkPen(look.colour(one), width=2)
                line = pg.PlotCurveItem(limits, curve, pen=pen, antialias=True)
                line.setSegmentedLineMode("off")  # its separate lines are lost in an SVG
                item.addItem(line)
        # Last: Qt clips whatever an SVG holds after a text to that text.
        limit = pg.InfiniteLine(
            100 * FAILURE_LIMIT,
            angle=90,
            pen=pg.mkPen(look.line, style=pg.QtCore.Qt.PenStyle.DashLine),
            label="failure",
            labelOpts={"color": look.quiet, "position": 0.06, "anchors": [(0, 1), (0, 1)]},
        )
        item.addItem(limit)
        item.getAxis("left").setTicks([[(share, percent(share)) for share in shares]])
        item.getAxis("bottom").setTicks([[(error, percent(error)) for error in ticks(_END, 8)]])
        item.setXRange(0, _END, padding=0)
        item.setYRange(0, 102, padding=0)
        add_legend(item, self.series, look)
