"""The error by attribute, in the side panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QWidget

from app.ui.action_button import ActionButton
from app.ui.panels.section import Section
from app.ui.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from app.ui.evaluation.series import Series

_MOST: Final = 4
"""Models that find room; the dock shows all."""
_BAR: Final = 7


class EvaluationPanel(Section):
    """Ways to the evaluation, how far it is, and its bars."""

    def __init__(self, actions: Sequence[QAction]) -> None:
        """Build it.

        Args:
            actions: shown as buttons.
        """
        super().__init__("evaluation", "Evaluation")
        self.state = WrappedLabel(quiet=True)
        self.state.say("The error of the models on a clip with labels, by attribute.")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.hide()
        self.bars = AttributeBars()
        row = QHBoxLayout()
        row.setSpacing(4)
        self.buttons = [ActionButton(action) for action in actions]
        for button in self.buttons:
            row.addWidget(button)
        self.body.addWidget(self.state)
        self.body.addWidget(self.bar)
        self.body.addWidget(self.bars)
        self.body.addLayout(row)

    def show_progress(self, words: str, done: int = 0, total: int = 0) -> None:
        """Say how far an evaluation is; `total` is 0 while that is not known."""
        self.state.say(words)
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.show()

    def show_state(self, words: str) -> None:
        """Say what the bars are."""
        self.state.say(words)
        self.bar.hide()

    def show_series(self, series: Sequence[Series]) -> None:
        """Show the bars of these models."""
        self.bars.show_series(series)


class AttributeBars(QWidget):
    """Lying bars, a group for each attribute; painted without a plot library."""

    def __init__(self) -> None:
        super().__init__()
        self._series: tuple[Series, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Error by attribute")
        self.hide()

    def show_series(self, series: Sequence[Series]) -> None:
        """Show these models; without any, nothing is to be seen."""
        self._series = tuple(series)
        shown = self._shown
        self.setVisible(bool(shown))
        self.setAccessibleDescription("; ".join(self.words))
        self.setToolTip("\n".join(self.words))
        self.updateGeometry()
        self.update()

    @property
    def words(self) -> list[str]:
        """Each bar as a sentence."""
        if not self._series:
            return []
        from app.ui.evaluation.series import GROUPS, in_words

        return [in_words(one, name) for one in self._shown for name in GROUPS]

    @property
    def _shown(self) -> tuple[Series, ...]:
        return self._series[:_MOST]

    @property
    def _group_height(self) -> int:
        return max(len(self._shown) * (_BAR + 1) + 6, self.fontMetrics().height() + 3)

    def sizeHint(self) -> QSize:
        """As high as the groups and the names need."""
        names = len(self._shown) * self.fontMetrics().height()
        return QSize(200, 7 * self._group_height + names + 8)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw names, bars and numbers."""
        if not self._shown:
            return
        from app.ui.evaluation.series import GROUPS, series_colour

        painter = QPainter(self)
        dark = self.palette().base().color().lightness() < 128
        text = self.palette().color(QPalette.ColorRole.WindowText)
        quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
        metrics = QFontMetricsF(self.font())
        left = max(metrics.horizontalAdvance(name) for name in GROUPS) + 8
        right = metrics.horizontalAdvance("00.0 % · 0000") + 6
        room = max(self.width() - left - right, 20.0)
        groups = {name: [one.measured.group(name) for one in self._shown] for name in GROUPS}
        high = max((g.nme for found in groups.values() for g in found if g.faces), default=1.0)
        middle = Qt.AlignmentFlag.AlignVCenter
        for row, (name, found) in enumerate(groups.items()):
            top = row * self._group_height
            line = QRectF(0, top, self.width(), self._group_height)
            painter.setPen(text)
            painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft | middle), name)
            best = min((g.nme for g in found if g.faces), default=None)
            faces = max(g.faces for g in found)
            words = "no face" if best is None else f"{100 * best:.1f} % · {faces}"
            painter.setPen(quiet)
            painter.drawText(line, int(Qt.AlignmentFlag.AlignRight | middle), words)
            start = top + (self._group_height - len(found) * (_BAR + 1)) / 2
            for place, (one, group) in enumerate(zip(self._shown, found, strict=True)):
                if group.faces:
                    colour = QColor(series_colour(one.number, dark=dark))
                    y, length = start + place * (_BAR + 1), room * group.nme / high
                    painter.fillRect(QRectF(left, y, max(length, 1.0), _BAR), colour)
        below = len(groups) * self._group_height + 6.0
        for one in self._shown:
            colour = QColor(series_colour(one.number, dark=dark))
            painter.fillRect(QRectF(0, below + metrics.height() / 2 - 4, 8, 8), colour)
            line = QRectF(14, below, self.width() - 14, metrics.height())
            label = metrics.elidedText(one.label, Qt.TextElideMode.ElideMiddle, line.width())
            painter.setPen(text)
            painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft | middle), label)
            below += metrics.height()
        painter.end()
