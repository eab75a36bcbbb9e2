"""The bar under a clip: play, step, seek, loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSlider, QToolButton

from app.capture.source import SourceState
from app.ui.actions import make_action
from app.ui.figure import Figure
from app.ui.icons import PaletteIcons

if TYPE_CHECKING:
    from app.capture.grabber import CaptureStatus

_SEEK_MS: Final = 60
"""Seeks while the slider is dragged come at most this often."""


class TransportBar(QFrame):
    """Buttons and a time line; hidden while the source cannot be played."""

    play_wanted = Signal(bool)
    step_wanted = Signal(int)
    seek_wanted = Signal(float)
    loop_wanted = Signal(bool)

    def __init__(self, icons: PaletteIcons) -> None:
        super().__init__()
        self.setObjectName("transport")
        self._icons = icons
        self._playing = False
        self._shown_icon = ""
        self._duration_s = 0.0
        self.play = make_action(
            self, "Play", self._toggle, shortcut="K", help="Play or pause; Space over the video"
        )
        self.back = make_action(
            self, "Step back", lambda: self.step_wanted.emit(-1), shortcut=",", help="One back"
        )
        self.forward = make_action(
            self, "Step forward", lambda: self.step_wanted.emit(1), shortcut=".", help="One forward"
        )
        self.loop = QAction("Loop", self)
        self.loop.setCheckable(True)
        self.loop.setShortcut("R")
        self.loop.setToolTip("Start again at the end (R)")
        self.loop.triggered.connect(self.loop_wanted)
        icons.set(self.back, "step-back")
        icons.set(self.forward, "step-forward")
        icons.set(self.loop, "loop")
        self._seek_timer = QTimer(self)
        self._seek_timer.setSingleShot(True)
        self._seek_timer.setInterval(_SEEK_MS)
        self._seek_timer.timeout.connect(self._seek)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Time")
        self.slider.setToolTip("Drag to another time")
        self.slider.setSingleStep(1000)
        self.slider.setPageStep(5000)
        self.slider.actionTriggered.connect(self._seek_soon)
        self._time = Figure("0:00.0 / 0:00.0")
        self._time.setAccessibleName("Time and length")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 10, 4)
        row.setSpacing(4)
        for action in (self.back, self.play, self.forward):
            row.addWidget(_button(action))
        row.addWidget(self.slider, 1)
        row.addWidget(self._time)
        row.addWidget(_button(self.loop))
        self._show_playing(False)
        self.hide()
        self._enable(False)

    def show_capture(self, capture: CaptureStatus | None) -> None:
        """Follow the source."""
        playable = (
            capture is not None
            and capture.can_seek
            and capture.info is not None
            and capture.state is not SourceState.FAILED
            and (capture.info.frames or 2) > 1
        )
        if playable == self.isHidden():
            self.setVisible(playable)
            self._enable(playable)
        if not playable or capture is None or capture.info is None:
            return
        self._show_playing(not capture.paused and capture.state is not SourceState.ENDED)
        self.loop.setChecked(capture.looping)
        self._duration_s = capture.info.duration_s or 0.0
        position_s = capture.position_s or 0.0
        if self.slider.maximum() != round(self._duration_s * 1000):
            self.slider.setMaximum(round(self._duration_s * 1000))
        if not self.slider.isSliderDown() and not self._seek_timer.isActive():
            self.slider.setValue(round(position_s * 1000))
        self._time.say(f"{clock(position_s)} / {clock(self._duration_s)}")

    def _toggle(self) -> None:
        # Shown at once; the source confirms it with its next status.
        self._show_playing(not self._playing)
        self.play_wanted.emit(self._playing)

    def _seek_soon(self) -> None:
        if not self._seek_timer.isActive():  # a drag without pause must not put it off for ever
            self._seek_timer.start()

    def _seek(self) -> None:
        self.seek_wanted.emit(self.slider.sliderPosition() / 1000)

    def _show_playing(self, playing: bool) -> None:
        self._playing = playing
        name = "pause" if playing else "play"
        if name != self._shown_icon:
            self._shown_icon = name
            self._icons.set(self.play, name)
            self.play.setText("Pause" if playing else "Play")

    def _enable(self, on: bool) -> None:
        for action in (self.play, self.back, self.forward, self.loop):
            action.setEnabled(on)


def clock(seconds: float) -> str:
    """A time as a player writes it: 1:02.3, or 1:01:02.3 from an hour on."""
    tenths = max(round(seconds * 10), 0)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths // 10:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{rest}" if hours else f"{minutes}:{rest}"


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
