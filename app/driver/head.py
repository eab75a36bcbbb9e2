"""Movements of the head: turns, nods, nodding off, turned away."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from app.driver.excursion import Excursion, Movement, Sample, crossing, time_above
from app.driver.measures import UNKNOWN
from app.driver.settings import DriverSettings
from app.driver.state import DriverEvent, EventKind

# Openings of the eyes are kept as long as a head may take to sink.
_REMEMBERED_S: Final = 10.0


class HeadTracker:
    """Finds movements in yaw and pitch relative to the person's own neutral."""

    def __init__(self, next_id: Callable[[], int], settings: DriverSettings) -> None:
        self._next_id = next_id
        gap_s = settings.longest_gap_s
        self._movements = {
            (kind, sign): Excursion(least=least, longest_gap_s=gap_s)
            for kind, least in (
                (EventKind.TURN, settings.turn_deg),
                (EventKind.NOD, settings.nod_deg),
            )
            for sign in (1, -1)
        }
        self._openings: deque[Sample] = deque()
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
        self._openings.append((time_s, opening))
        while time_s - self._openings[0][0] > _REMEMBERED_S:
            self._openings.popleft()
        events = self._away.add(time_s, yaw, pitch, settings)
        for (kind, sign), movement in self._movements.items():
            angle = yaw if kind is EventKind.TURN else pitch
            before = list(movement.samples)
            ended = movement.add(time_s, sign * angle)
            if ended is None:
                continue
            off = kind is EventKind.NOD and sign < 0 and self._sank_asleep(before, ended, settings)
            events.append(
                DriverEvent(
                    id=self._next_id(),
                    kind=EventKind.NOD_OFF if off else kind,
                    start_s=ended.start_s,
                    duration_s=ended.end_s - ended.start_s,
                    complete=ended.complete,
                    size=sign * ended.size,
                )
            )
        return events

    def _sank_asleep(
        self, samples: list[Sample], ended: Movement, settings: DriverSettings
    ) -> bool:
        """Whether a head sank slowly, its eyes shut on the way down."""
        if ended.rise_s < settings.nod_off_drop_s or not samples:
            return False
        lowest = max(samples, key=lambda sample: sample[1])[0]
        way = [s for s in self._openings if ended.start_s <= s[0] <= lowest + 1e-9]
        known = [s for s in way if not math.isnan(s[1])]
        if len(known) < 2:
            return False
        open_s = sum(time_above(a, b, settings.shut_opening) for a, b in pairwise(known))
        all_s = known[-1][0] - known[0][0]
        return all_s > 0 and 1 - open_s / all_s >= settings.nod_off_shut


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
        angle = max(abs(yaw), abs(pitch)) if not math.isnan(yaw + pitch) else UNKNOWN
        events: list[DriverEvent] = []
        if self._last is not None and time_s - self._last[0] > settings.longest_gap_s:
            events = self._end(self._last[0], settings, complete=False)
            self._last = None
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
        if self._from_s is not None and self._told is None and self.away_s >= settings.away_s:
            self._told = self._event(self.away_s, ongoing=True)
            events.append(self._told)
        return events

    def _end(
        self, end_s: float, settings: DriverSettings, *, complete: bool = True
    ) -> list[DriverEvent]:
        if self._from_s is None:
            return []
        duration_s = end_s - self._from_s
        event = self._event(duration_s, complete=complete and self._whole_start)
        told, self._told, self._from_s = self._told, None, None
        return [event] if told is not None or duration_s >= settings.away_s else []

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
