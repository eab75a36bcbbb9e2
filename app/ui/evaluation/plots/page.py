"""What the plots share: colours, the empty state, and their pictures for files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QPalette
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.evaluation.series import Series, series_colour

_PNG_SCALE: Final = 2.0
_NAMES_A_LINE: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colours of a plot, "#rrggbb".

    Attributes:
        ground: behind everything.
        text: axes and numbers.
        quiet: side remarks.
        line: axes.
        grid: behind the curves.
        dark: whether the ground is dark.
    """

    ground: str
    text: str
    quiet: str
    line: str
    grid: str
    dark: bool

    @classmethod
    def of(cls, palette: QPalette) -> Look:
        """The look that fits a palette."""
        role = QPalette.ColorRole
        dark = palette.color(role.Base).lightness() < 128
        return cls(
            ground=palette.color(role.Base).name(),
            text=palette.color(role.Text).name(),
            quiet=palette.color(role.PlaceholderText).name(),
            line=palette.color(role.Shadow).name(),
            grid=palette.color(role.Midlight).name(),
            dark=dark,
        )

    def colour(self, series: Series) -> str:
        """Colour of a series."""
        return series_colour(series.number, dark=self.dark)


class PlotPage(QWidget):
    """One plot; subclasses fill `view`.

    Attributes:
        title: for the tab.
        file_name: for exports, without suffix.
        view: the pyqtgraph view.
    """

    title = ""
    file_name = ""

    def __init__(self, view: Any) -> None:
        super().__init__()
        self.view = view
        self.series: tuple[Series, ...] = ()
        self.look = Look.of(self.palette())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(view)

    def show_series(self, series: Sequence[Series]) -> None:
        """Show these models, in the colours of now."""
        self.series = tuple(series)
        self.look = Look.of(self.palette())
        self.view.setBackground(self.look.ground)
        self._draw()

    @abstractmethod
    def _draw(self) -> None:
        """Draw `series` in the colours of `look`."""

    def png(self) -> bytes:
        """The plot as a PNG, twice as fine as on the screen."""
        size = self._size()
        image = QImage(size * _PNG_SCALE, QImage.Format.Format_RGB32)
        image.fill(self.look.ground)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.view.render(painter, QRectF(image.rect()), QRect(0, 0, size.width(), size.height()))
        painter.end()
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # type: ignore[call-overload]
        return bytes(data.data())

    def svg(self) -> bytes:
        """The plot as SVG, in logical pixels."""
        size = self._size()
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
        generator.setOutputDevice(buffer)
        generator.setResolution(self.logicalDpiX())
        generator.setSize(size)
        generator.setViewBox(QRect(0, 0, size.width(), size.height()))
        generator.setTitle(self.title)
        painter = QPainter(generator)
        painter.fillRect(QRect(0, 0, size.width(), size.height()), self.look.ground)
        self.view.render(
            painter,
            QRectF(0, 0, size.width(), size.height()),
            QRect(0, 0, size.width(), size.height()),
        )
        painter.end()
        return bytes(data.data())

    def _size(self) -> QSize:
        size: QSize = self.view.viewport().size()
        return size


def plain_plot(*, y_label: str = "", x_label: str = "") -> Any:
    """A `PlotWidget` that does not react to the mouse and has no menu."""
    widget = pg.PlotWidget()
    item = widget.getPlotItem()
    item.setMenuEnabled(False)
    item.hideButtons()
    item.setMouseEnabled(x=False, y=False)
    for name, words in (("left", y_label), ("bottom", x_label)):
        item.getAxis(name).enableAutoSIPrefix(False)
        item.getAxis(name).setLabel(words)
    item.layout.setContentsMargins(4, 6, 14, 4)
    return widget


def dress(item: Any, look: Look) -> None:
    """Give axes and labels of a plot the colours of a look."""
    for name in ("left", "bottom"):
        axis = item.getAxis(name)
        axis.setPen(pg.mkPen(look.line))
        axis.setTextPen(pg.mkPen(look.text))
        axis.labelStyle = {"color": look.quiet}
        axis.setLabel(axis.labelText)


def add_legend(item: Any, series: Sequence[Series], look: Look) -> None:
    """Name the series above a plot, where they cover nothing."""
    words = [
        f'<span style="color:{look.colour(one)}">■</span>&nbsp;{escape(one.label)}'
        for one in series
    ]
    lines = [words[i : i + _NAMES_A_LINE] for i in range(0, len(words), _NAMES_A_LINE)]
    html = "<br>".join(" &nbsp; ".join(line) for line in lines)
    item.setTitle(html or None, color=look.text, size="9pt")


def percent(value: float) -> str:
    """A number as axes have it."""
    return f"{value:g} %"
