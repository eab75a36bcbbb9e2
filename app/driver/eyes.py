"""From the eyes of one frame to an opening, and from openings over time to blinks and closures."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Final

from app.driver.baseline import Baseline
from app.driver.excursion import Sample, crossing
from app.driver.measures import UNKNOWN, FaceMeasures
from app.driver.settings import DriverSettings
from app.driver.state import DriverEvent, EventKind

# The way of a lid is timed between these shares of its way, where noise does not reach.
_LOW_SHARE, _HIGH_SHARE = 0.2, 0.8
# Reopening is waited for no longer than this.
_REOPEN_S: Final = 0.6
_REMEMBERED_S: Final = 1.5
# A rate that is meant to be 15 fps may jitter.
_RATE_SLACK: Final = 1.05


def openings(
    measures: FaceMeasures, baseline: Baseline, settings: DriverSettings
) -> tuple[float, float, float]:
    """Opening of the left eye, the right eye and both (their mean): 0 shut, 1 open, NaN unknown.

    Turned far enough, only the near eye counts: the left one of the picture when the face turns
    to its right edge.
    """
    if not (
        measures.trust >= settings.eyes_trust
        and measures.eye_distance_px >= settings.eyes_distance_px
        and abs(measures.yaw) <= settings.eyes_yaw_deg
        and abs(measures.pitch) <= settings.eyes_pitch_deg
    ):
        return UNKNOWN, UNKNOWN, UNKNOWN
    left, right = baseline.openings(measures)
    if measures.yaw > settings.far_eye_yaw_deg:
        right = UNKNOWN
    elif measures.yaw < -settings.far_eye_yaw_deg:
        left = UNKNOWN
    if math.isnan(left):
        return left, right, right
    if math.isnan(right):
        return left, right, left
    return left, right, (left + right) / 2


class ClosureTracker:
    """Finds blinks and closures in the opening of the eyes.

    Both begin and end where the opening passes `shut_opening`, between frames by interpolation.
    """

    def __init__(self, next_id: Callable[[], int]) -> None:
        self._next_id = next_id
        self._recent: deque[Sample] = deque()
        self._shut_from: Sample | None = None
        self._whole_start = False
        self._low = math.inf
        self._longest_step_s = 0.0
        self._told: DriverEvent | None = None
        self._waiting: DriverEvent | None = None
        self._step_s = math.inf
        self._needed_s = 0.0
        self.shut_s = UNKNOWN

    @property
    def timing(self) -> bool:
        """Frames come fast enough, at the moment, for the times of blinks."""
        return self._step_s <= self._needed_s

    def add(self, time_s: float, opening: float, settings: DriverSettings) -> list[DriverEvent]:
        """Take the opening of one more frame (NaN is unknown).

        Returns:
            Events that began, changed or ended.
        """
        last = self._recent[-1] if self._recent else None
        self._needed_s = _RATE_SLACK / settings.blink_min_fps
        events: list[DriverEvent] = []
        if last is not None and time_s - last[0] > settings.longest_gap_s:
            events += self._cut(last, settings)
            last = None
        if math.isnan(opening):
            self.shut_s = UNKNOWN
            return events
        now = (time_s, opening)
        self._step_s = math.inf if last is None else time_s - last[0]
        if self._shut_from is None:
            if opening < settings.shut_opening:
                events += self._tell_waiting()
                self._close(last, now, settings)
        else:
            if last is not None:
                self._longest_step_s = max(self._longest_step_s, time_s - last[0])
            if opening >= settings.shut_opening and last is not None:
                events += self._reopen(crossing(last, now, settings.shut_opening), settings)
        self._recent.append(now)
        while time_s - self._recent[0][0] > _REMEMBERED_S:
            self._recent.popleft()
        if self._shut_from is None:
            self.shut_s = 0.0
            events += self._time_reopening(now)
        else:
            self._low = min(self._low, opening)
            shut = self._low <= settings.blink_opening  # or else the lids only droop
            self.shut_s = time_s - self._shut_from[0] if shut else 0.0
            events += self._still_shut(settings)
        return events

    def _close(self, last: Sample | None, now: Sample, settings: DriverSettings) -> None:
        self._whole_start = last is not None
        start_s = now[0] if last is None else crossing(last, now, settings.shut_opening)
        self._shut_from = (start_s, now[1])
        self._low = now[1]
        self._longest_step_s = 0.0 if last is None else now[0] - last[0]

    def _still_shut(self, settings: DriverSettings) -> list[DriverEvent]:
        """Tell of a closure as soon as it is one, and again when it is a microsleep."""
        if self._shut_from is None or self.shut_s <= 0:
            return []
        kind = _kind(self.shut_s, settings)
        if kind is EventKind.BLINK or (self._told is not None and self._told.kind is kind):
            return []
        self._told = DriverEvent(
            id=self._next_id() if self._told is None else self._told.id,
            kind=kind,
            start_s=self._shut_from[0],
            duration_s=self.shut_s,
            ongoing=True,
            size=self._low,
        )
        return [self._told]

    def _reopen(
        self, end_s: float, settings: DriverSettings, *, complete: bool = True
    ) -> list[DriverEvent]:
        if self._shut_from is None:
            return []
        start_s = self._shut_from[0]
        self._shut_from = None
        told, self._told = self._told, None
        duration_s = end_s - start_s
        if told is None and (
            self._low > settings.blink_opening or duration_s < settings.blink_min_s
        ):
            return []
        kind = _kind(duration_s, settings)
        complete = complete and self._whole_start
        if kind is EventKind.BLINK and told is None and not complete:
            return []  # it may have been a closure whose beginning nobody saw
        event = DriverEvent(
            id=self._next_id() if told is None else told.id,
            kind=kind if told is None else max(kind, told.kind, key=_ORDER.index),
            start_s=start_s,
            duration_s=duration_s,
            complete=complete,
            size=self._low,
        )
        if event.kind is not EventKind.BLINK:
            return [event]
        if self._longest_step_s > self._needed_s:
            return [replace(event, duration_s=UNKNOWN)]
        self._waiting = replace(event, closing_s=self._closing_time(start_s))
        return []

    def _closing_time(self, start_s: float) -> float:
        """From nearly open to nearly shut."""
        high, low = self._high(), self._low + _LOW_SHARE * (1 - self._low)
        began = UNKNOWN
        for before, after in pairwise(self._recent):
            if before[1] >= high > after[1] and before[0] <= start_s:
                began = crossing(before, after, high)
            if before[1] > low >= after[1] and after[0] >= start_s:
                return crossing(before, after, low) - began
        return UNKNOWN

    def _time_reopening(self, now: Sample) -> list[DriverEvent]:
        """Complete a blink once the eye is nearly open again."""
        if self._waiting is None or len(self._recent) < 2:
            return []
        high, low = self._high(), self._low + _LOW_SHARE * (1 - self._low)
        if now[1] < high:
            return self._tell_waiting() if now[0] - self._waiting.end_s > _REOPEN_S else []
        left = UNKNOWN
        for before, after in pairwise(self._recent):
            if before[1] <= low < after[1]:
                left = crossing(before, after, low)
        reopened = crossing(self._recent[-2], now, high) - left
        self._waiting = replace(self._waiting, reopening_s=reopened)
        return self._tell_waiting()

    def _high(self) -> float:
        return self._low + _HIGH_SHARE * (1 - self._low)

    def _tell_waiting(self) -> list[DriverEvent]:
        event, self._waiting = self._waiting, None
        return [] if event is None else [event]

    def _cut(self, last: Sample, settings: DriverSettings) -> list[DriverEvent]:
        """Nothing is known any more since the last sample."""
        events = self._tell_waiting() + self._reopen(last[0], settings, complete=False)
        self._recent.clear()
        return events

    def finish(self, settings: DriverSettings) -> list[DriverEvent]:
        """Events that the end of the session cuts off."""
        return self._cut(self._recent[-1], settings) if self._recent else []


_ORDER: Final = [EventKind.BLINK, EventKind.LONG_CLOSURE, EventKind.MICROSLEEP]


def _kind(duration_s: float, settings: DriverSettings) -> EventKind:
    if duration_s >= settings.microsleep_s:
        return EventKind.MICROSLEEP
    return EventKind.LONG_CLOSURE if duration_s >= settings.long_closure_s else EventKind.BLINK
