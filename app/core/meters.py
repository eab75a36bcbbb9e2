"""Honest meters: rates over a window of time and percentiles of durations."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Median and 95th percentile of a duration, milliseconds; NaN where nothing was measured."""

    p50: float
    p95: float

    @classmethod
    def of(cls, values_ms: Iterable[float]) -> Percentiles:
        """Percentiles of durations in milliseconds."""
        values = np.fromiter(values_ms, dtype=np.float64)
        if values.size == 0:
            return cls(float("nan"), float("nan"))
        p50, p95 = np.percentile(values, (50, 95))
        return cls(float(p50), float(p95))


class RateMeter:
    """Events a second over the last `window_s` seconds. Not for use from several threads."""

    def __init__(self, window_s: float = 2.0) -> None:
        self._window_ns = int(window_s * 1e9)
        self._times: deque[int] = deque()

    def tick(self, time_ns: int) -> None:
        """Note one event at a monotonic time."""
        self._times.append(time_ns)
        self._forget(time_ns)

    def rate(self, time_ns: int) -> float:
        """Events a second up to now; 0 once they have stopped for the whole window."""
        self._forget(time_ns)
        if len(self._times) < 2:
            return 0.0
        # Reaching to now once the next event is overdue lets the rate fall when events stop.
        span: float = self._times[-1] - self._times[0]
        mean_gap = span / (len(self._times) - 1)
        span = max(span, time_ns - self._times[0] - mean_gap)
        return (len(self._times) - 1) / (span / 1e9) if span > 0 else 0.0

    def _forget(self, time_ns: int) -> None:
        while self._times and time_ns - self._times[0] > self._window_ns:
            self._times.popleft()


class StageMeter:
    """Percentiles per stage over the last `length` frames. Not for use from several threads."""

    def __init__(self, length: int = 300) -> None:
        self._length = length
        self._values: dict[str, deque[float]] = {}

    def add(self, stages_ms: Mapping[str, float]) -> None:
        """Note the milliseconds of each stage of one frame; a stage that did not run is absent."""
        for stage, value in stages_ms.items():
            self._values.setdefault(stage, deque(maxlen=self._length)).append(value)

    def of(self, stage: str) -> Percentiles:
        """Percentiles of one stage; NaN where it never ran."""
        return Percentiles.of(self._values.get(stage, ()))

    def percentiles(self) -> dict[str, Percentiles]:
        """Stage name -> percentiles."""
        return {stage: Percentiles.of(values) for stage, values in self._values.items()}

    def clear(self) -> None:
        """Forget everything, as after a change of model."""
        self._values.clear()
