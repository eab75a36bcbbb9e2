"""Yawns: a mouth that is wide open for long, and neither talks nor laughs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from app.driver.excursion import Excursion, Movement, Sample, time_above
from app.driver.settings import DriverSettings
from app.driver.state import DriverEvent, EventKind

# A mouth that already rests open still has to open by so much.
_LEAST_RISE: Final = 0.1


class YawnTracker:
    """Finds yawns in the opening and the width of the mouth.

    A yawn opens wider than `yawn_opening` and stays so for `yawn_s`, but for short breaks: a
    talking mouth closes several times a second. Laughter pulls the corners apart. It begins and
    ends where the mouth is half as wide open as in its middle.
    """

    def __init__(self, next_id: Callable[[], int], settings: DriverSettings) -> None:
        self._next_id = next_id
        self._movement = Excursion(
            least=settings.yawn_opening, longest_gap_s=settings.longest_gap_s
        )
        self._gap_s = settings.longest_gap_s
        self._rest = 0.0
        self._told: DriverEvent | None = None
        self._start_again()

    def _start_again(self) -> None:
        """No stretch of time is wide so far."""
        self._from_s = self._until_s = math.nan
        self._wide_s = self._widths = self._widths_s = 0.0

    @property
    def yawning(self) -> bool:
        """A yawn is going on."""
        return self._told is not None

    @property
    def open(self) -> bool:
        """The mouth is open so far that it may become a yawn."""
        return self._movement.going_on

    def add(
        self,
        time_s: float,
        *,
        mouth: float,
        width: float,
        rest_mouth: float,
        rest_width: float,
        settings: DriverSettings,
    ) -> list[DriverEvent]:
        """Take one more frame; NaN is unknown.

        Args:
            time_s: of the frame.
            mouth: gap of the inner lips over their width.
            width: of the inner lips in eye distances.
            rest_mouth: the gap at rest.
            rest_width: the width at rest.
            settings: the present ones.

        Returns:
            Events that began or ended.
        """
        if not self.open:
            self._start_again()
            self._rest = 0.0 if math.isnan(rest_mouth) else rest_mouth
            self._movement.least = max(settings.yawn_opening - self._rest, _LEAST_RISE)
            self._movement.longest_gap_s = self._gap_s = settings.longest_gap_s
        before = self._movement.last
        ended = self._movement.add(time_s, mouth - self._rest)
        now = self._movement.last
        whole = before is not None and now is not None and now[0] - before[0] <= self._gap_s
        if whole and before is not None and now is not None:
            self._sum_up(before, now, width / rest_width, settings)
        events = [] if self.open and whole else self._end(ended, settings)
        if not whole:
            self._start_again()
        return events + (self._tell(settings) if self.open else [])

    def _sum_up(
        self, before: Sample, now: Sample, widened: float, settings: DriverSettings
    ) -> None:
        """Add the time between two frames to the stretch that may be a yawn."""
        wide_s = time_above(before, now, self._movement.least)
        if wide_s <= 0:
            return
        longest_break_s = settings.yawn_s * (1 - settings.yawn_steady)
        if math.isnan(self._from_s) or before[0] - self._until_s > longest_break_s:
            self._start_again()
            self._from_s = before[0]
        self._until_s = now[0]
        self._wide_s += wide_s
        if not math.isnan(widened):
            self._widths += widened * wide_s
            self._widths_s += wide_s

    def _is_yawn(self, settings: DriverSettings) -> bool:
        whole_s = self._until_s - self._from_s
        if not self._wide_s >= max(settings.yawn_s, settings.yawn_steady * whole_s):
            return False
        return self._widths <= settings.yawn_width * self._widths_s

    def _tell(self, settings: DriverSettings) -> list[DriverEvent]:
        now = self._movement.last
        if self._told is not None or now is None or not self._is_yawn(settings):
            return []
        self._told = DriverEvent(
            id=self._next_id(),
            kind=EventKind.YAWN,
            start_s=self._from_s,
            duration_s=now[0] - self._from_s,
            ongoing=True,
            size=self._rest + now[1],
        )
        return [self._told]

    def _end(self, ended: Movement | None, settings: DriverSettings) -> list[DriverEvent]:
        told, self._told = self._told, None
        if ended is None:
            return [] if told is None else [replace(told, ongoing=False, complete=False)]
        if told is None and not self._is_yawn(settings):
            return []
        return [
            DriverEvent(
                id=self._next_id() if told is None else told.id,
                kind=EventKind.YAWN,
                start_s=ended.start_s,
                duration_s=ended.end_s - ended.start_s,
                complete=ended.complete,
                size=self._rest + ended.size,
            )
        ]

    def finish(self, settings: DriverSettings) -> list[DriverEvent]:
        """The yawn that the end of the session cuts off."""
        return self._end(self._movement.finish(), settings)
