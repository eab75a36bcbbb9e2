"""Mean error by attribute, models side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QToolTip

from app.core.svg import ticks
from app.ui.evaluation.plots.page import PlotPage, add_legend, dress, percent, plain_plot
from app.ui.evaluation.series import GROUPS, face_counts, in_words

_ROOM = 0.78
"""Share of a group's place that its bars fill."""


class BarsPage(PlotPage):
    """Bars with 95 % intervals; below each group the number of faces it stands for."""

    title = "By attribute"
    file_name = "by-attribute"

    def __init__(self) -> None:
        super().__init__(plain_plot(y_label="mean error"))
        self._item = self.view.getPlotItem()
        # Two lines: the name, and the number of faces.
        self._item.getAxis("bottom").setHeight(2 * self.fontMetrics().lineSpacing() + 10)
        self.view.scene().sigMouseMoved.connect(self._hint)

    def _draw(self) -> None:
        item = self._item
        item.clear()
        dress(item, self.look)
        if not self.series:
            item.getAxis("bottom").setTicks([[]])
            return
        tops = [
            100 * (group.ci95[1] if group.ci95 else group.nme)
            for one in self.series
            for name in GROUPS
            if (group := one.measured.group(name)).faces
        ]
        high = 1.1 * max(tops, default=10.0)
        steps = ticks(high)
        for step in steps[1:]:
            item.addItem(pg.InfiniteLine(step, angle=0, pen=pg.mkPen(self.look.grid, width=1)))
        width = _ROOM / len(self.series)
        for place, one in enumerate(self.series):
            groups = [one.measured.group(name) for name in GROUPS]
            known = [i for i, group in enumerate(groups) if group.faces]
            x = np.array(known) - _ROOM / 2 + (place + 0.5) * width
            heights = np.array([100 * groups[i].nme for i in known])
            colour = self.look.colour(one)
            item.addItem(
                pg.BarGraphItem(x=x, height=heights, width=0.92 * width, brush=colour, pen=None)
            )
            self._intervals(x, [groups[i] for i in known], width)
        item.getAxis("left").setTicks([[(step, percent(step)) for step in steps]])
        item.getAxis("bottom").setTicks(
            [
                [
                    (i, f"{name}\n{face_counts(self.series, name)} faces")
                    for i, name in enumerate(GROUPS)
                ]
            ]
        )
        item.setXRange(-0.5, len(GROUPS) - 0.5, padding=0)
        item.setYRange(0, high, padding=0)
        add_legend(item, self.series, self.look)

    def _intervals(self, x: Any, groups: list[Any], width: float) -> None:
        known = [i for i, group in enumerate(groups) if group.ci95 is not None]
        if known:
            low, high = 100 * np.array([groups[i].ci95 for i in known]).T
            middle = (low + high) / 2
            self._item.addItem(
                pg.ErrorBarItem(
                    x=x[known],
                    y=middle,
                    top=high - middle,
                    bottom=middle - low,
                    beam=min(0.1, 0.4 * width),
                    pen=pg.mkPen(self.look.text, width=1),
                )
            )

    def _hint(self, place: Any) -> None:
        """Say in words what the pointer is on."""
        if not self.series:
            return
        x = self._item.vb.mapSceneToView(place).x()
        group = round(x)
        number = int((x - group + _ROOM / 2) / _ROOM * len(self.series))
        if 0 <= group < len(GROUPS) and 0 <= number < len(self.series):
            words = in_words(self.series[number], GROUPS[group])
            QToolTip.showText(self.view.mapToGlobal(self.view.mapFromScene(place)), words)
