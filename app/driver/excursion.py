"""A movement away from rest and back, timed half way, so that all frame rates agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Sample = tuple[float, float]
"""Time in seconds and value."""

# A movement that lasts for minutes is thinned out in its middle; its ends are what is timed.
_MOST_SAMPLES: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A finished excursion.

    Attributes:
        start_s, end_s: when the value was half of `size`, between frames by interpolation.
        size: the level that it held, in the unit of the value.
        top_s: when it first came near that level.
        rise_s: from half of the least size to there.
        complete: both ends were seen.
    """

    start_s: float
    end_s: float
    size: float
    top_s: float
    rise_s: float
    complete: bool


class Excursion:
    """Watches one value that is 0 at rest for movements of at least a given size.

    A movement begins and ends where the value is half of the size that it reaches, which is also
    where it moves fastest: the times then depend least on the size, the noise and the frame rate.

    Attributes:
        least: smaller movements are none.
        longest_gap_s: over longer gaps between known values nothing is inferred.
    """

    def __init__(self, *, least: float, longest_gap_s: float) -> None:
        self.least, self.longest_gap_s = least, longest_gap_s
        self._samples: list[Sample] = []
        self._last: Sample | None = None
        self._whole_start = False

    @property
    def going_on(self) -> bool:
        """The value is away from rest by at least half of the least size."""
        return bool(self._samples)

    @property
    def last(self) -> Sample | None:
        """The latest known value, unless it is too long ago."""
        return self._last

    def add(self, time_s: float, value: float) -> Movement | None:
        """Take one more value (NaN is unknown).

        Returns:
            The movement that has just ended, if it was large enough.
        """
        ended = None
        if self._last is not None and time_s - self._last[0] > self.longest_gap_s:
            ended = self._end(complete=False)
            self._last = None
        if math.isnan(value):
            return ended
        before, self._last = self._last, (time_s, value)
        if self._samples:
            self._samples.append(self._last)
            if value < self.least / 2:
                return self._end(complete=self._whole_start)
            if len(self._samples) > _MOST_SAMPLES:
                del self._samples[_MOST_SAMPLES // 4 : -_MOST_SAMPLES // 4 : 2]
        elif value >= self.least / 2:
            self._whole_start = before is not None
            self._samples = [self._last] if before is None else [before, self._last]
        return ended

    def so_far(self) -> Movement | None:
        """The movement that is going on, as if it ended now; None if it is too small by now."""
        return self._movement(self._samples, complete=False)

    def finish(self) -> Movement | None:
        """The movement that the end of the session cuts off."""
        return self._end(complete=False)

    def _end(self, *, complete: bool) -> Movement | None:
        samples, self._samples = self._samples, []
        return self._movement(samples, complete=complete)

    def _movement(self, samples: Sequence[Sample], *, complete: bool) -> Movement | None:
        if not samples:
            return None
        size = _held(samples)
        if size < self.least:
            return None
        top_s = _first_above(samples, 0.9 * size)
        return Movement(
            start_s=_first_above(samples, size / 2),
            end_s=_last_above(samples, size / 2),
            size=size,
            top_s=top_s,
            rise_s=top_s - _first_above(samples, self.least / 2),
            complete=complete,
        )


def crossing(before: Sample, after: Sample, level: float) -> float:
    """When the straight line between two samples passes a level between their values."""
    (t0, v0), (t1, v1) = before, after
    return t1 if v1 == v0 else t0 + (level - v0) / (v1 - v0) * (t1 - t0)


def time_above(before: Sample, after: Sample, level: float) -> float:
    """Seconds between two samples in which the straight line lies at or above a level."""
    (t0, v0), (t1, v1) = before, after
    if v0 >= level and v1 >= level:
        return t1 - t0
    if v0 < level and v1 < level:
        return 0.0
    cut = crossing(before, after, level)
    return t1 - cut if v1 >= level else cut - t0


def _held(samples: Sequence[Sample]) -> float:
    """The level that a movement holds: the median of what is near its peak."""
    top = max(value for _, value in samples)
    near = sorted(value for _, value in samples if value >= 0.8 * top)
    return near[len(near) // 2]


def _first_above(samples: Sequence[Sample], level: float) -> float:
    for i, (time_s, value) in enumerate(samples):
        if value >= level:
            return time_s if i == 0 else crossing(samples[i - 1], samples[i], level)
    return samples[-1][0]


def _last_above(samples: Sequence[Sample], level: float) -> float:
    for i in range(len(samples) - 1, -1, -1):
        time_s, value = samples[i]
        if value >= level:
            last = i == len(samples) - 1
            return time_s if last else crossing(samples[i], samples[i + 1], level)
    return samples[0][0]
