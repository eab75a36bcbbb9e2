"""The driver's own eyes: guided calibration, and profiles."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.driver.baseline import Baseline
from app.driver.calibration import CalibrationPhase, CalibrationStatus
from app.driver.live import Watched
from app.driver.profiles import Profile
from app.ui.driver.names_box import NamesBox
from app.ui.driver.words import baseline_words
from app.ui.wrapped_label import WrappedLabel

_OVER = (CalibrationPhase.DONE, CalibrationPhase.FAILED)
_IDLE = (
    "Takes 5 to 10 s: look ahead for some seconds, then shut your eyes until you hear that it is "
    "done."
)


class PersonPage(QWidget):
    """Calibration above, profiles below."""

    cancel_wanted = Signal()
    profile_chosen = Signal(str)
    save_wanted = Signal(object)
    """A `Profile`."""

    def __init__(self, calibrate: QAction) -> None:
        super().__init__()
        self._calibrate = calibrate
        self._running = False
        self._baseline: Baseline | None = None
        self.start = QPushButton("Calibrate")
        self.start.clicked.connect(self._start)
        calibrate.changed.connect(self._allow)
        self.guidance = QLabel(_IDLE)
        self.guidance.setWordWrap(True)
        self.guidance.setTextFormat(Qt.TextFormat.PlainText)
        self.guidance.setAccessibleName("What to do now")
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        self.progress.hide()
        self.result = WrappedLabel(quiet=True)
        self.names = NamesBox("profile", "No profile", can_rename=True)
        self.names.name.setPlaceholderText("Name of the driver")
        self.glasses = QCheckBox("With glasses")
        self.glasses.setToolTip("Lenses change what open and shut eyes look like")
        self.names.column.insertWidget(2, self.glasses)
        self.names.chosen.connect(self.profile_chosen)
        self.names.save_wanted.connect(self._save)
        self.names.saved_name = self._profile_name  # type: ignore[method-assign]
        self.problem = WrappedLabel(problem=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(5)
        for widget in (self.start, self.guidance, self.progress, self.result):
            column.addWidget(widget)
        column.addSpacing(4)
        column.addWidget(self.names)
        column.addWidget(self.problem)
        column.addStretch(1)
        self._allow()

    def show_watched(self, watched: Watched | None) -> None:
        """Follow a session; None while nobody is watched."""
        self._baseline = None if watched is None else watched.baseline
        self.names.allow_save(self._baseline is not None)
        status = None if watched is None else watched.calibration
        self._show_status(status)
        if watched is None or watched.state is None:
            self.result.say("")
            return
        words = baseline_words(watched.state.baseline)
        if self._baseline is not None:
            one = self._baseline
            words += (
                f". Left {one.left_shut:.2f} shut, {one.left_open:.2f} open; right "
                f"{one.right_shut:.2f}, {one.right_open:.2f} (height over width)"
            )
        self.result.say(f"{words}.")

    def show_profile(self, profile: Profile) -> None:
        """Fill the fields with a profile that was chosen."""
        self.names.name.setText(profile.person)
        self.glasses.setChecked(profile.glasses)

    def _show_status(self, status: CalibrationStatus | None) -> None:
        running = status is not None and status.phase not in _OVER
        if running != self._running:
            self._running = running
            font = self.guidance.font()
            font.setBold(running)
            self.guidance.setFont(font)
        self.progress.setVisible(running)
        if status is None:
            words, button = _IDLE, "Calibrate"
        else:
            words, button = status.guidance, "Cancel" if running else "Calibrate again"
            self.progress.setValue(round(100 * status.progress))
        if words != self.guidance.text():
            self.guidance.setText(words)
        if button != self.start.text():
            self.start.setText(button)

    def _start(self) -> None:
        if self._running:
            self.cancel_wanted.emit()
        else:
            self._calibrate.trigger()

    def _allow(self) -> None:
        self.start.setEnabled(self._calibrate.isEnabled())
        tip = "" if self._calibrate.isEnabled() else "Switch on “Watch the driver” first"
        self.start.setToolTip(tip)

    def _profile_name(self) -> str:
        """As `Profile.name` has it."""
        text = self.names.name.text().strip()
        return f"{text} (with glasses)" if text and self.glasses.isChecked() else text

    def _save(self, _name: str) -> None:
        if self._baseline is not None:
            self.save_wanted.emit(
                Profile(
                    person=self.names.name.text().strip(),
                    glasses=self.glasses.isChecked(),
                    baseline=self._baseline,
                )
            )
