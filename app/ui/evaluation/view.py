"""The inside of the evaluation dock: what to run, how far it is, and what came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.evaluate.background import EvaluationStatus, Phase
from app.evaluate.store import StoredRun
from app.ui.elided_label import ElidedLabel
from app.ui.evaluation.model_chooser import ModelChooser
from app.ui.evaluation.results_view import ResultsView
from app.ui.evaluation.runs import describe
from app.ui.panels.combo import RoomyCombo
from app.ui.wrapped_label import WrappedLabel

EXPORTS: Final = {
    "png": "This plot as &PNG…",
    "svg": "This plot as &SVG…",
    "csv": "Rows as &CSV…",
    "json": "Summary as &JSON…",
    "html": "&Report as HTML…",
}
"""What can be written -> words of the menu."""

_CLIP_LETTERS: Final = 26


class EvaluationView(QWidget):
    """Says what the user wants and shows what it is told; decides nothing."""

    start_wanted = Signal()
    cancel_wanted = Signal()
    run_chosen = Signal(object)
    """A `StoredRun` to show."""
    comparison_chosen = Signal(object)
    """A `StoredRun` to show beside it, or None."""
    export_wanted = Signal(str)
    """One of `EXPORTS`."""

    def __init__(self, clip_actions: Sequence[QAction], forget: QAction) -> None:
        """Build it.

        Args:
            clip_actions: ways to choose a clip.
            forget: deletes the run that is shown.
        """
        super().__init__()
        self._running = False
        self._runs: tuple[StoredRun, ...] = ()
        self.clip = QToolButton()
        self.clip.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.clip.setAccessibleName("Labelled clip")
        menu = QMenu(self.clip)
        menu.addActions(list(clip_actions))
        self.clip.setMenu(menu)
        self.models = ModelChooser()
        self.go = QPushButton("Evaluate")
        self.go.clicked.connect(
            lambda: self.cancel_wanted.emit() if self._running else self.start_wanted.emit()
        )
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(120, 10)
        self.bar.setAccessibleName("Progress of the evaluation")
        self.words = ElidedLabel()
        self.words.setProperty("quiet", True)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.origin = ElidedLabel()
        self.origin.setProperty("quiet", True)
        self.origin.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.origin.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.problem = WrappedLabel(problem=True)
        self.results = ResultsView()
        self.run = RoomyCombo("Run", "The evaluation that is shown; finished ones are kept")
        self.compared = RoomyCombo("Compared with", "Another evaluation beside it")
        self.export = QToolButton()
        self.export.setText("Export  ")
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.exports: dict[str, QAction] = {}
        self._fill_exports(forget)
        self.run.activated.connect(lambda i: self.run_chosen.emit(self.run.itemData(i)))
        self.compared.activated.connect(
            lambda i: self.comparison_chosen.emit(self.compared.itemData(i))
        )
        self.results.currentChanged.connect(lambda _: self._follow_tab())
        self._lay_out()
        self.show_clip("")
        self.show_runs((), None, None)
        self.show_status(None)

    def show_clip(self, name: str, tip: str = "") -> None:
        """Name the clip that would be evaluated."""
        short = name if len(name) <= _CLIP_LETTERS else name[: _CLIP_LETTERS - 1] + "…"
        self.clip.setText((short or "Choose a clip") + "  ")
        self.clip.setToolTip(tip or name or "A clip with labels")

    def show_status(self, status: EvaluationStatus | None) -> None:
        """Show how far it is; None for nothing to tell."""
        self._running = status is not None and not status.phase.over
        self.go.setText("Cancel" if self._running else "Evaluate")
        self.bar.setVisible(self._running)
        if status is None:
            self.words.setText("")
            return
        self.bar.setRange(0, status.frames)
        self.bar.setValue(status.frame)
        self.words.setText(status_words(status))

    def show_problem(self, text: str) -> None:
        """Say what went wrong; "" for nothing."""
        self.problem.say(text)

    def show_origin(self, text: str) -> None:
        """Say where the labels come from, which decides how far they can be believed."""
        self.origin.setText(text)

    def show_runs(
        self, runs: Sequence[StoredRun], shown: StoredRun | None, compared: StoredRun | None
    ) -> None:
        """List the kept runs.

        Args:
            runs: the newest first.
            shown: which is on view; None for one that is not kept (yet).
            compared: which is beside it.
        """
        self._runs = tuple(runs)
        with QSignalBlocker(self.run), QSignalBlocker(self.compared):
            self.run.clear()
            self.compared.clear()
            self.compared.addItem("Compare with …", None)
            for run, words in zip(runs, describe(runs), strict=True):
                self.run.addItem(words, run)
                if shown is None or run.id != shown.id:
                    self.compared.addItem(words, run)
            for combo in (self.run, self.compared):
                for row in range(combo.count()):
                    combo.setItemData(row, combo.itemText(row), Qt.ItemDataRole.ToolTipRole)
            self.run.setPlaceholderText("Runs that were kept" if runs else "No run is kept yet")
            self.run.setCurrentIndex(_row_of(self.run, shown))
            self.compared.setCurrentIndex(max(_row_of(self.compared, compared), 0))
        self.run.setEnabled(bool(runs))
        self.compared.setEnabled(self.compared.count() > 1)

    def allow_exports(self, on: bool) -> None:
        """Whether there is anything to write."""
        self._exportable = on
        self._follow_tab()

    def _follow_tab(self) -> None:
        plot = self.results.currentIndex() < self.results.count() - 1
        for name, action in self.exports.items():
            action.setEnabled(self._exportable and (plot or name not in ("png", "svg")))

    def _fill_exports(self, forget: QAction) -> None:
        self._exportable = False
        menu = QMenu(self.export)
        for name, words in EXPORTS.items():
            action = QAction(words, menu)
            action.triggered.connect(lambda _=False, name=name: self.export_wanted.emit(name))
            self.exports[name] = action
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction(forget)
        self.export.setMenu(menu)
        self._follow_tab()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(6)
        for button in (self.clip, self.models):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.go.setMinimumWidth(90)
        for widget in (self.clip, self.models, self.go, self.bar):
            row.addWidget(widget)
        row.addWidget(self.words, 1)
        row.addWidget(self.origin, 1)
        corner = QWidget()
        kept = QHBoxLayout(corner)
        kept.setContentsMargins(0, 1, 8, 1)
        kept.setSpacing(4)
        kept.addWidget(self.run)
        kept.addWidget(self.compared)
        kept.addWidget(self.export)
        for combo in (self.run, self.compared):
            combo.setFixedWidth(150)
            combo.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)
            combo.view().setMinimumWidth(340)
        self.results.setCornerWidget(corner)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.problem)
        self.problem.setContentsMargins(8, 0, 8, 4)
        column.addWidget(self.results, 1)


def status_words(status: EvaluationStatus) -> str:
    """How far an evaluation is, for people."""
    if status.phase is Phase.LOADING:
        return "Loading the models …"
    if status.phase is Phase.CANCELLED:
        return f"Cancelled after {status.frame} of {status.frames} frames; not kept."
    if status.phase is Phase.FAILED:
        return ""
    clip = f"clip {status.clip_number + 1} of {status.clips} · " if status.clips > 1 else ""
    if status.phase is Phase.DONE:
        return "Done and kept." if status.kept is not None else "Done; not kept."
    words = f"{clip}{status.frame} of {status.frames} frames"
    if status.fps > 0:
        left_s = (status.frames - status.frame) / status.fps
        words += f" · {status.fps:.0f} fps · {left_s:.0f} s left"
    return words


def _row_of(combo: RoomyCombo, run: StoredRun | None) -> int:
    found = (combo.itemData(row) for row in range(combo.count()))
    for row, data in enumerate(found):
        if isinstance(data, StoredRun) and run is not None and data.id == run.id:
            return row
    return -1
