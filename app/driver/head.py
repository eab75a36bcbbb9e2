"""Movements of the head: turns, nods, nodding off, turned away."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Final

from app.driver.excursion import Excursion, Movement, Sample, crossing, time_above
from app.driver.measures import UNKNOWN
from app.driver.settings import DriverSettings
from app.driver.state import DriverEvent, EventKind

# A head that may be sinking is looked at so often.
_LOOK_EVERY_S: Final = 0.2
# Openings of the eyes are kept as long as a head may take to sink and to be seen to rise.
_REMEMBERED_S: Final = 20.0


class HeadTracker:
    """Finds movements in yaw and pitch relative to the person's own neutral."""

    def __init__(self, next_id: Callable[[], int], settings: DriverSettings) -> None:
        self._next_id = next_id
        self._movements = [
            (kind, sign, Excursion(least=1.0, longest_gap_s=settings.longest_gap_s))
            for kind in (EventKind.TURN, EventKind.NOD)
            for sign in (1, -1)
        ]
        self._openings: deque[Sample] = deque()
        self._nodding_off: DriverEvent | None = None
        self._looked_s = -math.inf
        self._away = AwayTracker(next_id)

    @property
    def away_s(self) -> float:
        """How long the head has been turned away; NaN where unknown."""
        return self._away.away_s

    def add(
        self,
        time_s: float,
        *,
        yaw: float,
        pitch: float,
        opening: float,
        settings: DriverSettings,
    ) -> list[DriverEvent]:
        """Take one more frame; NaN is unknown.

        Args:
            time_s: of the frame.
            yaw: degrees from neutral.
            pitch: likewise.
            opening: of the eyes.
            settings: the present ones.

        Returns:
            Events that began, changed or ended.
        """
        if not math.isnan(opening):
            self._openings.append((time_s, opening))
        while self._openings and time_s - self._openings[0][0] > _REMEMBERED_S:
            self._openings.popleft()
        events = self._away.add(time_s, yaw, pitch, settings)
        for kind, sign, movement in self._movements:
            turn = kind is EventKind.TURN
            movement.least = settings.turn_deg if turn else settings.nod_deg
            movement.longest_gap_s = settings.longest_gap_s
            ended = movement.add(time_s, sign * (yaw if turn else pitch))
            if ended is not None:
                events.append(self._event(kind, sign, ended, settings))
            elif not turn and sign < 0:
                events += self._sinking(time_s, movement, settings)
        return events

    def finish(self, settings: DriverSettings) -> list[DriverEvent]:
        """Movements that the end of the session cuts off."""
        events = self._away.finish(settings)
        for kind, sign, movement in self._movements:
            ended = movement.finish()
            if ended is not None:
                events.append(self._event(kind, sign, ended, settings))
        return events

    def _sinking(
        self, time_s: float, movement: Excursion, settings: DriverSettings
    ) -> list[DriverEvent]:
        """Tell of a head that nods off before it comes up again."""
        told = self._nodding_off
        if not movement.going_on:
            self._nodding_off = None
            return [] if told is None else [replace(told, ongoing=False, complete=False)]
        if told is not None or time_s - self._looked_s < _LOOK_EVERY_S:
            return []
        self._looked_s = time_s
        now = movement.so_far()
        if now is None or not self._sank_asleep(now, settings):
            return []
        self._nodding_off = DriverEvent(
            id=self._next_id(),
            kind=EventKind.NOD_OFF,
            start_s=now.start_s,
            duration_s=time_s - now.start_s,
            ongoing=True,
            size=-now.size,
        )
        return [self._nodding_off]

    def _event(
        self, kind: EventKind, sign: int, ended: Movement, settings: DriverSettings
    ) -> DriverEvent:
        told = None
        down = kind is EventKind.NOD and sign < 0
        if down:
            told, self._nodding_off = self._nodding_off, None
        off = told is not None or (down and self._sank_asleep(ended, settings))
        return DriverEvent(
            id=self._next_id() if told is None else told.id,
            kind=EventKind.NOD_OFF if off else kind,
            start_s=ended.start_s,
            duration_s=ended.end_s - ended.start_s,
            complete=ended.complete,
            size=sign * ended.size,
        )

    def _sank_asleep(self, ended: Movement, settings: DriverSettings) -> bool:
        """Whether a head sank slowly, its eyes shut on the way down."""
        if ended.rise_s < settings.nod_off_drop_s:
            return False
        begin_s = ended.top_s - ended.rise_s
        way = [sample for sample in self._openings if begin_s <= sample[0] <= ended.top_s]
        if len(way) < 2:
            return False
        open_s = sum(time_above(a, b, settings.shut_opening) for a, b in pairwise(way))
        return 1 - open_s / (way[-1][0] - way[0][0]) >= settings.nod_off_shut


class AwayTracker:
    """Times how long the head is turned away from straight ahead."""

    def __init__(self, next_id: Callable[[], int]) -> None:
        self._next_id = next_id
        self._last: Sample | None = None
        self._from_s: float | None = None
        self._whole_start = False
        self._told: DriverEvent | None = None
        self.away_s = UNKNOWN

    def add(
        self, time_s: float, yaw: float, pitch: float, settings: DriverSettings
    ) -> list[DriverEvent]:
        """Take the angles of one more frame, degrees from neutral; NaN is unknown."""
        events: list[DriverEvent] = []
        if self._last is not None and time_s - self._last[0] > settings.longest_gap_s:
            events += self._end(self._last[0], settings, complete=False)
            self._last = None
        angle = max(abs(yaw), abs(pitch)) if not math.isnan(yaw + pitch) else UNKNOWN
        if math.isnan(angle):
            self.away_s = UNKNOWN
            return events
        last, self._last = self._last, (time_s, angle)
        if self._from_s is None and angle >= settings.turn_deg:
            self._whole_start = last is not None
            self._from_s = time_s if last is None else crossing(last, self._last, settings.turn_deg)
        elif self._from_s is not None and angle < settings.turn_deg and last is not None:
            events += self._end(crossing(last, self._last, settings.turn_deg), settings)
        self.away_s = 0.0 if self._from_s is None else time_s - self._from_s
        if self._told is None and self.away_s >= settings.away_s:
            self._told = self._event(self.away_s, ongoing=True)
            events.append(self._told)
        return events

    def finish(self, settings: DriverSettings) -> list[DriverEvent]:
        """What the end of the session cuts off."""
        return [] if self._last is None else self._end(self._last[0], settings, complete=False)

    def _end(
        self, end_s: float, settings: DriverSettings, *, complete: bool = True
    ) -> list[DriverEvent]:
        if self._from_s is None:
            return []
        duration_s = end_s - self._from_s
        event = None
        if self._told is not None or duration_s >= settings.away_s:
            event = self._event(duration_s, complete=complete and self._whole_start)
        self._told = self._from_s = None
        return [] if event is None else [event]

    def _event(
        self, duration_s: float, *, ongoing: bool = False, complete: bool = True
    ) -> DriverEvent:
        return DriverEvent(
            id=self._next_id() if self._told is None else self._told.id,
            kind=EventKind.TURNED_AWAY,
            start_s=self._from_s or 0.0,
            duration_s=duration_s,
            ongoing=ongoing,
            complete=complete,
        )
