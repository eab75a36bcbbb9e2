"""Tabs with the plots and the table of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QStackedWidget, QTabWidget

from app.ui.evaluation.series import Series
from app.ui.evaluation.table import FiguresTable

if TYPE_CHECKING:
    from app.ui.evaluation.plots.page import PlotPage

_TITLES: Final = ("By attribute", "Cumulative error", "Over time", "By point")
REFRESH_MS: Final = 100
"""A tab is drawn this often at most."""


def _bars() -> PlotPage:
    from app.ui.evaluation.plots.bars import BarsPage

    return BarsPage()


def _curve() -> PlotPage:
    from app.ui.evaluation.plots.curve import CurvePage

    return CurvePage()


def _over_time() -> PlotPage:
    from app.ui.evaluation.plots.over_time import OverTimePage

    return OverTimePage()


def _mean_face() -> PlotPage:
    from app.ui.evaluation.plots.mean_face import MeanFacePage

    return MeanFacePage()


_MAKERS: Final[tuple[Callable[[], PlotPage], ...]] = (_bars, _curve, _over_time, _mean_face)


class _Place(QStackedWidget):
    """A plot, or words while there is nothing to draw."""

    def __init__(self) -> None:
        super().__init__()
        self.page: PlotPage | None = None
        words = QLabel("No results yet: choose a clip with labels and models, then Evaluate.")
        words.setProperty("quiet", True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words.setWordWrap(True)
        self.addWidget(words)

    def fill(self, page: PlotPage) -> None:
        self.page = page
        self.addWidget(page)

    def show_page(self, on: bool) -> None:
        self.setCurrentIndex(1 if on and self.page is not None else 0)


class ResultsView(QTabWidget):
    """Draws the tab that is to be seen, and no more often than the eye follows.

    A plot is made when its tab is first shown.
    """

    moment_chosen = Signal(int)
    """The user points at a frame of the clip in the plot over time."""

    def __init__(self) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.table = FiguresTable()
        self._places = [_Place() for _ in _MAKERS]
        for title, place in zip(_TITLES, self._places, strict=True):
            self.addTab(place, title)
        self.addTab(self.table, "Table")
        self._series: tuple[Series, ...] = ()
        self._here: int | None = None
        self._stale = set(range(self.count()))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self.currentChanged.connect(lambda _: self._refresh_soon())

    def show_series(self, series: Sequence[Series]) -> None:
        """Show these models in all tabs."""
        self._series = tuple(series)
        self._stale = set(range(self.count()))
        self._refresh_soon()

    def show_here(self, frame: int | None) -> None:
        """Mark the frame that the video shows in the plot over time."""
        if frame != self._here:
            self._here = frame
            self._refresh_soon()

    def page(self, index: int) -> PlotPage | None:
        """The plot of a tab, as soon as it was shown; None for the table."""
        return self._places[index].page if index < len(self._places) else None

    @property
    def current_page(self) -> PlotPage | None:
        """The plot that is shown; None for the table."""
        return self.page(self.currentIndex())

    @property
    def drawn(self) -> bool:
        """Whether the tab that is shown has drawn the latest results."""
        return self.currentIndex() not in self._stale

    def _refresh_soon(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _refresh(self) -> None:
        if not self.isVisible():
            return
        index = self.currentIndex()
        if index >= len(self._places):
            if index in self._stale:
                self.table.show_series(self._series)
            self._stale.discard(index)
            return
        place = self._places[index]
        if not self._series:
            self._stale.discard(index)
            place.show_page(False)
            return
        if place.page is None:
            self._make(index)
            self._timer.start()  # a breath between making and drawing
            return
        if index in self._stale:
            self._stale.discard(index)
            place.page.show_series(self._series)
            place.show_page(True)
        self._mark_here(place.page)

    def _mark_here(self, page: PlotPage) -> None:
        show_here = getattr(page, "show_here", None)
        if show_here is not None:
            show_here(self._here)

    def _make(self, index: int) -> None:
        page = _MAKERS[index]()
        chosen = getattr(page, "moment_chosen", None)
        if chosen is not None:
            chosen.connect(self.moment_chosen)
        self._places[index].fill(page)

    # Qt tells.

    def event(self, event: QEvent) -> bool:
        """Draw when the tabs appear, and anew when the colours of the system change."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_stale"):
            self._stale = set(range(self.count()))
            self._refresh_soon()
        elif event.type() == QEvent.Type.Show:
            QTimer.singleShot(0, self, self._refresh_soon)
        return super().event(event)
