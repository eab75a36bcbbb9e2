"""Yawns: a mouth that is wide open for long, and neither talks nor laughs."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from app.driver.excursion import Excursion, Movement, Sample, time_above
from app.driver.measures import UNKNOWN
from app.driver.settings import DriverSettings
from app.driver.state import DriverEvent, EventKind


class YawnTracker:
    """Finds yawns in the opening and the width of the mouth.

    A yawn opens wider than `yawn_opening`, stays so for `yawn_s` and for most of its time: a
    talking mouth closes several times a second. Laughter pulls the corners apart. It begins and
    ends where the mouth is half as wide open as in its middle.
    """

    def __init__(self, next_id: Callable[[], int], settings: DriverSettings) -> None:
        self._next_id = next_id
        self._gap_s = settings.longest_gap_s
        self._least = settings.yawn_opening
        self._movement = Excursion(least=self._least, longest_gap_s=self._gap_s)
        self._widths: list[Sample] = []
        self._told: DriverEvent | None = None

    @property
    def yawning(self) -> bool:
        """A yawn is going on."""
        return self._told is not None

    @property
    def open(self) -> bool:
        """The mouth is open so far that it may become a yawn."""
        return bool(self._movement.samples)

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
        rest = 0.0 if math.isnan(rest_mouth) else rest_mouth
        least = max(settings.yawn_opening - rest, 0.1)
        samples = list(self._movement.samples)
        if not samples:
            self._widths = []
            if least != self._least:
                self._least = least
                self._movement = Excursion(least=least, longest_gap_s=settings.longest_gap_s)
        self._widths.append((time_s, width / rest_width))
        ended = self._movement.add(time_s, mouth - rest)
        if self._movement.samples:
            return self._tell(list(self._movement.samples), rest, settings)
        return self._end(ended, samples, rest, settings)

    def _tell(
        self, samples: list[Sample], rest: float, settings: DriverSettings
    ) -> list[DriverEvent]:
        if self._told is not None or not self._is_yawn(samples, settings):
            return []
        first_s = samples[0][0]
        self._told = DriverEvent(
            id=self._next_id(),
            kind=EventKind.YAWN,
            start_s=first_s,
            duration_s=samples[-1][0] - first_s,
            ongoing=True,
            size=rest + max(value for _, value in samples),
        )
        return [self._told]

    def _end(
        self,
        ended: Movement | None,
        samples: list[Sample],
        rest: float,
        settings: DriverSettings,
    ) -> list[DriverEvent]:
        told, self._told = self._told, None
        if ended is None or (told is None and not self._is_yawn(samples, settings)):
            return []
        return [
            DriverEvent(
                id=self._next_id() if told is None else told.id,
                kind=EventKind.YAWN,
                start_s=ended.start_s,
                duration_s=ended.end_s - ended.start_s,
                complete=ended.complete,
                size=rest + ended.size,
            )
        ]

    def _is_yawn(self, samples: list[Sample], settings: DriverSettings) -> bool:
        whole_s = samples[-1][0] - samples[0][0] if samples else 0.0
        if whole_s < settings.yawn_s:
            return False
        wide_s = sum(time_above(a, b, self._least) for a, b in pairwise(samples))
        middle_s = sum(time_above(a, b, self._least / 2) for a, b in pairwise(samples))
        if wide_s < settings.yawn_s or wide_s < settings.yawn_steady * middle_s:
            return False
        widths = sorted(ratio for _, ratio in self._widths if not math.isnan(ratio))
        widened = widths[len(widths) // 2] if widths else UNKNOWN
        return not widened > settings.yawn_width
