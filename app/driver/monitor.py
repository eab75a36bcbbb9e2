"""Faces over time to driver states: the one object that a program feeds."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from typing import Final

from app.driver.baseline import Baseline, RunningBaseline, eyes_can_be_read
from app.driver.calibration import Calibration, CalibrationStatus
from app.driver.eyes import ClosureTracker, openings
from app.driver.head import HeadTracker
from app.driver.main_face import MainFace
from app.driver.measures import UNKNOWN, FaceMeasures
from app.driver.mouth import YawnTracker
from app.driver.perclos import Perclos, Share
from app.driver.rules import Evidence, judge
from app.driver.settings import DriverSettings
from app.driver.state import BaselineSource, Condition, DriverEvent, DriverState, EventKind
from app.driver.watch import FaceWatch
from app.vision.result import FrameResult

_MINUTE_S: Final = 60.0
# A rate means nothing before so much time is known.
_RATE_FROM_S: Final = 10.0


# Time to hear that a calibration is over and to open the eyes.
_REOPENING_S: Final = 3.0


class DriverMonitor:
    """Follows one driver. Not for use from several threads.

    Feed it with every `FrameResult` in order, or with measurements of your own by `add`. Times are
    session time, see `FaceWatch`.

    Attributes:
        settings: may be replaced between two frames.
        calibration: the last one that was begun, or None.
    """

    def __init__(
        self,
        settings: DriverSettings | None = None,
        *,
        baseline: Baseline | None = None,
        source: BaselineSource = BaselineSource.PROFILE,
    ) -> None:
        """Begin a session.

        Args:
            settings: defaults if left out.
            baseline: of the driver, from a profile or calibration; learned if left out.
            source: where that baseline is from.
        """
        self.settings = settings or DriverSettings()
        self.calibration: Calibration | None = None
        self._watch = FaceWatch()
        self._ids = count(1)
        self._recent: dict[EventKind, deque[DriverEvent]] = {kind: deque() for kind in EventKind}
        self._blinks = 0
        self._lost_from_s: float | None = None
        self._face_s: float | None = None
        self._lost: DriverEvent | None = None
        self._asked_until_s = -math.inf
        self._closures = ClosureTracker(self._next_id)
        self._yawns = YawnTracker(self._next_id, self.settings)
        self._head = HeadTracker(self._next_id, self.settings)
        self._perclos = Perclos()
        self.use_baseline(baseline, source=source)

    @property
    def main_face(self) -> MainFace:
        """Whose state is watched; `main_face.choose(id)` changes that."""
        return self._watch.main_face

    @property
    def baseline(self) -> Baseline | None:
        """The one in use, as it has been followed; None while it is being learned."""
        return self._baseline.current

    @property
    def source(self) -> BaselineSource:
        """Where the baseline in use is from."""
        return BaselineSource.NONE if self.baseline is None else self._source

    @property
    def eye_time(self) -> Share:
        """Known and shut time of the whole session."""
        return self._perclos.session

    def use_baseline(
        self, baseline: Baseline | None, *, source: BaselineSource = BaselineSource.PROFILE
    ) -> None:
        """Go by another baseline from now on; None learns one."""
        self._baseline = RunningBaseline(baseline)
        self._source = BaselineSource.RUNNING if baseline is None else source

    def start_calibration(self) -> CalibrationStatus:
        """Begin a calibration with the next frame; `calibration.status` says how it goes."""
        self.calibration = Calibration(self.settings)
        return self.calibration.status

    def cancel_calibration(self) -> None:
        """Give a calibration up and stay with the baseline that is in use."""
        self.calibration = None
        self._asked_until_s = -math.inf

    def update(self, result: FrameResult) -> DriverState:
        """Take the next frame."""
        return self.add(self._watch.measures(result))

    def add(self, measures: FaceMeasures) -> DriverState:
        """Take measurements whose time is session time and does not go back."""
        settings, time_s = self.settings, measures.time_s
        self._calibrate(measures)
        baseline = self._baseline.update(measures, settings)
        left = right = opening = yaw = pitch = roll = UNKNOWN
        rest_mouth = rest_width = UNKNOWN
        if baseline is not None:
            left, right, opening = openings(measures, baseline, settings)
            yaw = measures.yaw - _or_zero(baseline.yaw)
            pitch = measures.pitch - _or_zero(baseline.pitch)
            roll = measures.roll - _or_zero(baseline.roll)
            rest_mouth, rest_width = baseline.mouth, baseline.mouth_width
        asked = self._asked_to_shut(time_s, opening)
        if asked:  # eyes shut on request say nothing of the driver
            left = right = opening = UNKNOWN
        events = self._follow_face(measures)
        events += self._closures.add(time_s, opening, settings)
        self._perclos.add(time_s, opening, settings)
        events += self._yawns.add(
            time_s,
            mouth=measures.mouth,
            width=measures.mouth_width,
            rest_mouth=rest_mouth,
            rest_width=rest_width,
            settings=settings,
        )
        # The jaw of an open mouth tilts the pose that is estimated from landmarks.
        steady_pitch = UNKNOWN if self._yawns.open else pitch
        events += self._head.add(
            time_s, yaw=yaw, pitch=steady_pitch, opening=opening, settings=settings
        )
        self._keep(events, time_s)
        share = self._perclos.window
        lost_s = 0.0 if self._lost_from_s is None else time_s - self._lost_from_s
        mean_s = self._mean_blink()
        readable = eyes_can_be_read(measures, settings)
        verdict = judge(
            Evidence(
                lost_s=lost_s,
                learning=baseline is None,
                eyes_known=readable if baseline is None else not math.isnan(opening),
                head_known=not math.isnan(yaw + pitch),
                shut_s=self._closures.shut_s,
                away_s=self._head.away_s,
                perclos=share.perclos if share.known_s >= settings.perclos_known_s else UNKNOWN,
                blink_duration_s=mean_s,
                closures=len(self._recent[EventKind.LONG_CLOSURE]),
                microsleeps=len(self._recent[EventKind.MICROSLEEP]),
                nod_offs=len(self._recent[EventKind.NOD_OFF]),
                yawns=len(self._recent[EventKind.YAWN]),
            ),
            settings,
        )
        blinks = len(self._recent[EventKind.BLINK])
        return DriverState(
            time_s=time_s,
            measures=measures,
            left_opening=left,
            right_opening=right,
            opening=opening,
            shut_s=self._closures.shut_s,
            blinks=self._blinks,
            blink_rate=60 * blinks / share.known_s if share.known_s >= _RATE_FROM_S else UNKNOWN,
            blink_duration_s=mean_s,
            blink_timing=self._closures.timing,
            perclos=share.perclos if share.known_s >= _RATE_FROM_S else UNKNOWN,
            unknown_share=share.unknown,
            mouth=measures.mouth,
            yawning=self._yawns.yawning,
            yawns=len(self._recent[EventKind.YAWN]),
            yaw=yaw,
            pitch=pitch,
            roll=roll,
            away_s=self._head.away_s,
            lost_s=lost_s,
            condition=Condition.UNKNOWN if asked else verdict.condition,
            reasons=("Calibrating",) if asked else verdict.reasons,
            level=verdict.level,
            baseline=self.source,
            events=tuple(events),
        )

    def finish(self) -> tuple[DriverEvent, ...]:
        """End the session: the events that its end cuts off."""
        events = self._closures.finish(self.settings)
        events += self._yawns.finish(self.settings)
        events += self._head.finish(self.settings)
        if self._lost is not None:
            events.append(replace(self._lost, ongoing=False, complete=False))
        return tuple(events)

    def _next_id(self) -> int:
        return next(self._ids)

    def _calibrate(self, measures: FaceMeasures) -> None:
        calibration = self.calibration
        if calibration is None or not calibration.running:
            return
        calibration.add(measures)
        if calibration.baseline is not None:
            self.use_baseline(calibration.baseline, source=BaselineSource.CALIBRATED)

    def _asked_to_shut(self, time_s: float, opening: float) -> bool:
        """Whether a calibration runs, or has ended and the eyes were not opened again yet."""
        if self.calibration is not None and self.calibration.running:
            self._asked_until_s = time_s + _REOPENING_S
        elif opening >= self.settings.shut_opening:
            self._asked_until_s = -math.inf
        return time_s <= self._asked_until_s

    def _follow_face(self, measures: FaceMeasures) -> list[DriverEvent]:
        """Tell of a face that was lost for long, and of its return."""
        time_s = measures.time_s
        if measures.face_id is not None:
            lost, self._lost, self._lost_from_s = self._lost, None, None
            self._face_s = time_s
            if lost is None:
                return []
            return [replace(lost, duration_s=time_s - lost.start_s, ongoing=False)]
        if self._lost_from_s is None:
            self._lost_from_s = time_s if self._face_s is None else self._face_s
        lost_s = time_s - self._lost_from_s
        if self._lost is not None:
            self._lost = replace(self._lost, duration_s=lost_s)
            return []
        if lost_s < self.settings.lost_s:
            return []
        self._lost = DriverEvent(
            id=self._next_id(),
            kind=EventKind.LOST_FACE,
            start_s=self._lost_from_s,
            duration_s=lost_s,
            ongoing=True,
        )
        return [self._lost]

    def _keep(self, events: Iterable[DriverEvent], time_s: float) -> None:
        """Keep the events that the rules look back on, each in its latest telling."""
        for event in events:
            if event.kind is EventKind.MICROSLEEP:  # it may have been a long closure until now
                _drop(self._recent[EventKind.LONG_CLOSURE], event.id)
            kept = self._recent[event.kind]
            self._blinks += event.kind is EventKind.BLINK
            _drop(kept, event.id)
            kept.append(event)
        for kind, kept in self._recent.items():
            window_s = self.settings.yawns_window_s if kind is EventKind.YAWN else _MINUTE_S
            while kept and not kept[0].ongoing and kept[0].end_s < time_s - window_s:
                kept.popleft()

    def _mean_blink(self) -> float:
        """Mean duration of the blinks of the last minute whose duration is known."""
        timed = [e.duration_s for e in self._recent[EventKind.BLINK]]
        timed = [duration_s for duration_s in timed if not math.isnan(duration_s)]
        return sum(timed) / len(timed) if timed else UNKNOWN


def _drop(events: deque[DriverEvent], event_id: int) -> None:
    """Remove the event of an id, which is among the last if it is there."""
    for place in range(len(events) - 1, -1, -1):
        if events[place].id == event_id:
            del events[place]
            return


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
