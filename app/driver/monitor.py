"""Faces over time to driver states: the one object that a program feeds."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from itertools import count
from typing import Final

from app.driver.baseline import Baseline, RunningBaseline
from app.driver.calibration import Calibration, CalibrationStatus
from app.driver.eyes import ClosureTracker, openings
from app.driver.head import HeadTracker
from app.driver.main_face import MainFace
from app.driver.measures import UNKNOWN, FaceMeasures, measure
from app.driver.mouth import YawnTracker
from app.driver.perclos import Perclos, Share
from app.driver.rules import Evidence, judge
from app.driver.settings import DriverSettings
from app.driver.state import BaselineSource, DriverEvent, DriverState, EventKind
from app.vision.result import FrameResult

_MINUTE_S: Final = 60.0


class DriverMonitor:
    """Follows one driver. Not for use from several threads.

    Feed it with every `FrameResult` in order, or with measurements of your own by `add`. Times are
    seconds of the session: 0 at the first frame, going on over seeks, loops and lost cameras.

    Attributes:
        settings: may be replaced between two frames.
        main_face: whose state is watched; `main_face.choose(id)` changes that.
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
        self.main_face = MainFace()
        self.calibration: Calibration | None = None
        self._ids = count(1)
        self._clock = _SessionClock()
        self._kept: deque[DriverEvent] = deque()
        self._blinks = 0
        self._face_id: int | None = None
        self._lost_from_s: float | None = None
        self._last_face_s: float | None = None
        self._lost: DriverEvent | None = None
        self.use_baseline(baseline, source=source)
        self._begin()

    def _begin(self) -> None:
        """Forget what was going on; what is over stays counted."""
        self._closures = ClosureTracker(self._next_id)
        self._yawns = YawnTracker(self._next_id, self.settings)
        self._head = HeadTracker(self._next_id, self.settings)
        self._perclos = Perclos()

    def use_baseline(
        self, baseline: Baseline | None, *, source: BaselineSource = BaselineSource.PROFILE
    ) -> None:
        """Go by another baseline from now on; None learns one."""
        self._baseline = RunningBaseline(self.settings, baseline)
        self._source = BaselineSource.RUNNING if baseline is None else source

    @property
    def baseline(self) -> Baseline | None:
        """The one in use, as it has been followed; None while it is being learned."""
        return self._baseline.current

    @property
    def perclos(self) -> Share:
        """Known and shut time of the whole session."""
        return self._perclos.session

    def start_calibration(self) -> CalibrationStatus:
        """Begin a calibration with the next frame; `calibration.status` says how it goes."""
        self.calibration = Calibration(self.settings)
        return self.calibration.status

    def cancel_calibration(self) -> None:
        """Give a calibration up and stay with the baseline that is in use."""
        self.calibration = None

    def update(self, result: FrameResult) -> DriverState:
        """Take the next frame."""
        frame = result.frame
        time_s = self._clock.session_s(frame.time_s, (frame.source, frame.epoch))
        face = self.main_face.pick(result.faces, time_s)
        if face is None:
            return self.add(FaceMeasures(time_s=time_s))
        return self.add(measure(face, time_s=time_s, width=frame.width, height=frame.height))

    def add(self, measures: FaceMeasures) -> DriverState:
        """Take measurements whose time is session time and does not go back."""
        settings, time_s = self.settings, measures.time_s
        self._calibrate(measures)
        baseline = self._baseline.update(measures)
        events = self._follow_face(measures)
        left = right = opening = UNKNOWN
        yaw = pitch = roll = UNKNOWN
        if baseline is not None:
            left, right, opening = openings(measures, baseline, settings)
            yaw, pitch, roll = (
                getattr(measures, name) - _or_zero(getattr(baseline, name))
                for name in ("yaw", "pitch", "roll")
            )
        events += self._closures.add(time_s, opening, settings)
        self._perclos.add(
            time_s,
            opening,
            level=settings.perclos_opening,
            window_s=settings.perclos_window_s,
            longest_gap_s=settings.longest_gap_s,
        )
        events += self._yawns.add(
            time_s,
            mouth=measures.mouth,
            width=measures.mouth_width,
            rest_mouth=UNKNOWN if baseline is None else baseline.mouth,
            rest_width=UNKNOWN if baseline is None else baseline.mouth_width,
            settings=settings,
        )
        # The jaw of an open mouth tilts the pose that is estimated from landmarks.
        steady_pitch = UNKNOWN if self._yawns.open else pitch
        events += self._head.add(
            time_s, yaw=yaw, pitch=steady_pitch, opening=opening, settings=settings
        )
        self._keep(events, time_s)
        return self._state(
            measures,
            DriverState(
                time_s=time_s,
                measures=measures,
                left_opening=left,
                right_opening=right,
                opening=opening,
                shut_s=self._closures.shut_s,
                mouth=measures.mouth,
                yawning=self._yawns.yawning,
                yaw=yaw,
                pitch=pitch,
                roll=roll,
                away_s=self._head.away_s,
                baseline=self._source if baseline is not None else BaselineSource.NONE,
                events=tuple(events),
            ),
        )

    def finish(self) -> tuple[DriverEvent, ...]:
        """End the session: events that its end cuts off."""
        events = self._closures.finish(self.settings)
        for event in events:
            self._count(event)
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

    def _follow_face(self, measures: FaceMeasures) -> list[DriverEvent]:
        """Tell of a face that was lost for long, and of its return."""
        time_s = measures.time_s
        if measures.face_id is not None:
            lost, self._lost, self._lost_from_s = self._lost, None, None
            self._last_face_s, self._face_id = time_s, measures.face_id
            if lost is None:
                return []
            return [replace(lost, duration_s=time_s - lost.start_s, ongoing=False)]
        if self._lost_from_s is None:
            self._lost_from_s = time_s if self._last_face_s is None else self._last_face_s
        lost_s = time_s - self._lost_from_s
        if self._lost is not None or lost_s < self.settings.lost_s:
            return []
        self._lost = DriverEvent(
            id=self._next_id(),
            kind=EventKind.LOST_FACE,
            start_s=self._lost_from_s,
            duration_s=lost_s,
            ongoing=True,
        )
        return [self._lost]

    def _keep(self, events: list[DriverEvent], time_s: float) -> None:
        """Keep what the rules look back on."""
        for event in events:
            self._count(event)
        longest = max(self.settings.yawns_window_s, _MINUTE_S)
        while self._kept and self._kept[0].end_s < time_s - longest:
            self._kept.popleft()

    def _count(self, event: DriverEvent) -> None:
        for place, kept in enumerate(self._kept):
            if kept.id == event.id:
                self._kept[place] = event
                return
        self._kept.append(event)
        self._blinks += event.kind is EventKind.BLINK

    def _recent(self, kind: EventKind, time_s: float, window_s: float) -> list[DriverEvent]:
        since = time_s - window_s
        return [e for e in self._kept if e.kind is kind and (e.ongoing or e.end_s >= since)]

    def _state(self, measures: FaceMeasures, state: DriverState) -> DriverState:
        settings, time_s = self.settings, measures.time_s
        share = self._perclos.window
        blinks = self._recent(EventKind.BLINK, time_s, _MINUTE_S)
        timed = [b.duration_s for b in blinks if not math.isnan(b.duration_s)]
        mean_s = sum(timed) / len(timed) if timed else UNKNOWN
        yawns = len(self._recent(EventKind.YAWN, time_s, settings.yawns_window_s))
        lost_s = 0.0 if self._lost_from_s is None else time_s - self._lost_from_s
        verdict = judge(
            Evidence(
                lost_s=lost_s,
                learning=self.baseline is None,
                eyes_known=not math.isnan(state.opening),
                head_known=not math.isnan(state.yaw + state.pitch),
                shut_s=state.shut_s,
                away_s=state.away_s,
                perclos=share.perclos if share.known_s >= settings.perclos_known_s else UNKNOWN,
                blink_duration_s=mean_s,
                closures=len(self._recent(EventKind.LONG_CLOSURE, time_s, _MINUTE_S)),
                microsleeps=len(self._recent(EventKind.MICROSLEEP, time_s, _MINUTE_S)),
                nod_offs=len(self._recent(EventKind.NOD_OFF, time_s, _MINUTE_S)),
                yawns=yawns,
            ),
            settings,
        )
        return replace(
            state,
            blinks=self._blinks,
            blink_rate=_rate(len(blinks), share),
            blink_duration_s=mean_s,
            perclos=share.perclos,
            unknown_share=share.unknown,
            yawns=yawns,
            lost_s=lost_s,
            condition=verdict.condition,
            reasons=verdict.reasons,
            level=verdict.level,
        )


class _SessionClock:
    """Makes one time line of what a source may break by seeking, looping or being replaced."""

    def __init__(self) -> None:
        self._line: tuple[str, int] | None = None
        self._offset_s = 0.0
        self._last_s = 0.0

    def session_s(self, time_s: float, line: tuple[str, int]) -> float:
        if self._line is None:
            self._offset_s = -time_s
        elif line != self._line:
            back = time_s + self._offset_s < self._last_s
            if back or line[0] != self._line[0]:
                self._offset_s = self._last_s - time_s
        self._line = line
        self._last_s = max(time_s + self._offset_s, self._last_s)
        return self._last_s


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _rate(blinks: int, share: Share) -> float:
    return 60.0 * blinks / share.known_s if share.known_s >= 10.0 else UNKNOWN
