"""A driver who is being watched live: one object for the thread that feeds and those that look."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.clock import now_ns
from app.driver.alarm import Alarm, AlarmState
from app.driver.baseline import Baseline
from app.driver.calibration import CalibrationStatus
from app.driver.monitor import DriverMonitor
from app.driver.session import SessionLog
from app.driver.settings import DriverSettings
from app.driver.state import BaselineSource, DriverEvent, DriverState
from app.driver.summary import SessionFacts
from app.vision.result import FrameResult

RECENT_S: Final = 60.0
"""What `recent` reaches back."""

LOG_EVERY_S: Final = 0.1
"""Between two rows of the log: 4 MB an hour."""

RECENT_COLUMNS: Final = (
    *("time_s", "left_opening", "right_opening", "perclos", "unknown_share", "mouth"),
    *("pitch", "yaw", "level"),
)
"""Of `recent`; each is a field of `DriverState`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How it stands at a moment.

    Attributes:
        state: of the last frame, None before the first.
        alarm: what to show and to sound.
        calibration: of the last one that was begun, None where there is none.
        calibrated: what it found, None before its end.
        baseline: in use, None while it is being learned.
        chosen: id of the face that somebody chose, None for the largest.
    """

    state: DriverState | None
    alarm: AlarmState
    calibration: CalibrationStatus | None
    calibrated: Baseline | None
    baseline: Baseline | None
    chosen: int | None


class LiveDriver:
    """Feeds a monitor, its log and the alarm.

    `follow` belongs to one thread; everything else is for any thread, takes effect with the next
    frame and holds that one up for a fraction of a millisecond at most.
    """

    def __init__(
        self,
        settings: DriverSettings | None = None,
        *,
        baseline: Baseline | None = None,
        alarm: Alarm | None = None,
        clock: Callable[[], int] = now_ns,
    ) -> None:
        """Begin a session with the next frame.

        Args:
            settings: defaults if left out.
            baseline: of a profile; learned while watching if left out.
            alarm: one with default settings if left out.
            clock: nanoseconds, for the alarm; the session goes by the times of its frames.
        """
        self._monitor = DriverMonitor(settings, baseline=baseline)
        self._alarm = alarm or Alarm()
        self._clock = clock
        self._log = SessionLog(every_s=LOG_EVERY_S)
        self._recent = _Recent(len(RECENT_COLUMNS))
        self._news: dict[int, DriverEvent] = {}
        self._state: DriverState | None = None
        self._last: FrameResult | None = None
        self._source = self._model = ""
        self._finished = False
        self._lock = threading.Lock()

    def follow(self, result: FrameResult) -> DriverState | None:
        """Take a result; the same frame once more changes nothing.

        Returns:
            The state at this frame; None before faces can be found, and after `finish`.
        """
        with self._lock:
            if self._finished or not result.model or not result.detector:
                return None
            if self._last is not None and _same_frame(self._last, result):
                return self._state
            self._last = result
            self._source, self._model = result.frame.source, result.model
            state = self._state = self._monitor.update(result)
            self._log.add(state)
            self._news |= {event.id: event for event in state.events}
            self._recent.add([getattr(state, name) for name in RECENT_COLUMNS])
            reason = state.reasons[0] if state.reasons else ""
            self._alarm.add(state.condition, reason, self._now_s())
            return state

    def now(self) -> Watched:
        """How it stands."""
        with self._lock:
            monitor = self._monitor
            calibration = monitor.calibration
            return Watched(
                state=self._state,
                alarm=self._alarm.state(self._now_s()),
                calibration=None if calibration is None else calibration.status,
                calibrated=None if calibration is None else calibration.baseline,
                baseline=monitor.baseline,
                chosen=monitor.main_face.chosen,
            )

    def recent(self) -> npt.NDArray[np.float64]:
        """(T, 9) the frames of the last minute; see `RECENT_COLUMNS`."""
        with self._lock:
            return self._recent.rows()

    def news(self) -> tuple[DriverEvent, ...]:
        """Events that were told since this was asked last, each in its latest telling."""
        with self._lock:
            news, self._news = tuple(self._news.values()), {}
        return news

    def record(self) -> tuple[SessionLog, SessionFacts]:
        """A copy of what has happened so far, for a report."""
        with self._lock:
            monitor = self._monitor
            return self._log.copy(), SessionFacts(
                source=self._source,
                model=self._model,
                eye_time=monitor.eye_time,
                settings=monitor.settings,
                baseline=monitor.baseline,
                baseline_source=monitor.source,
            )

    def finish(self) -> None:
        """End the session; nothing is followed any more."""
        with self._lock:
            if self._finished:
                return
            self._finished = True
            self._monitor.cancel_calibration()
            ended = self._monitor.finish()
            self._log.add_events(ended)
            self._news |= {event.id: event for event in ended}

    # Wishes.

    def use_settings(self, settings: DriverSettings) -> None:
        """Go by other thresholds."""
        with self._lock:
            self._monitor.settings = settings

    def use_baseline(self, baseline: Baseline | None) -> None:
        """Go by the baseline of a profile; None learns one while watching."""
        with self._lock:
            self._monitor.use_baseline(baseline, source=BaselineSource.PROFILE)

    def start_calibration(self) -> None:
        """Begin a calibration."""
        with self._lock:
            if not self._finished:
                self._monitor.start_calibration()

    def cancel_calibration(self) -> None:
        """Give it up."""
        with self._lock:
            self._monitor.cancel_calibration()

    def choose_face(self, face_id: int | None) -> None:
        """Watch this face, or the largest."""
        with self._lock:
            self._monitor.main_face.choose(face_id)

    def acknowledge(self) -> None:
        """The driver knows of the alarm."""
        with self._lock:
            self._alarm.acknowledge(self._now_s())

    def mute(self, on: bool) -> None:
        """Silence the sound of the alarm for a while, or let it sound again."""
        with self._lock:
            if on:
                self._alarm.mute(self._now_s())
            else:
                self._alarm.unmute()

    def _now_s(self) -> float:
        return self._clock() / 1e9


def _same_frame(one: FrameResult, other: FrameResult) -> bool:
    a, b = one.frame, other.frame
    return (a.source, a.epoch, a.sequence, a.time_ns) == (b.source, b.epoch, b.sequence, b.time_ns)


class _Recent:
    """Rows whose first column is their time, for as long as `RECENT_S`."""

    def __init__(self, columns: int) -> None:
        self._rows = np.empty((4096, columns))
        self._first = self._end = 0

    def add(self, row: list[float]) -> None:
        if self._end == len(self._rows):
            kept = self._rows[self._first : self._end]
            grown = max(len(self._rows), 2 * len(kept))
            self._rows = np.concatenate([kept, np.empty((grown - len(kept), len(row)))])
            self._first, self._end = 0, len(kept)
        self._rows[self._end] = row
        self._end += 1
        while self._rows[self._first, 0] < row[0] - RECENT_S:
            self._first += 1

    def rows(self) -> npt.NDArray[np.float64]:
        return self._rows[self._first : self._end].copy()
