"""What is kept of a session: a row per moment, every event, the spans of each condition."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from app.driver.measures import UNKNOWN
from app.driver.state import Condition, DriverEvent, DriverState, EventKind

COLUMNS: Final = (
    *("time_s", "face", "left_opening", "right_opening", "opening", "perclos", "unknown_share"),
    *("mouth", "yaw", "pitch", "roll", "level", "condition"),
)
"""Columns of a row; `condition` is the place in `CONDITIONS`, unknown values are NaN."""

CONDITIONS: Final = tuple(Condition)

_SLACK: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time in one condition.

    Attributes:
        condition: how the driver was.
        start_s, duration_s: session time.
        reasons: every reason that was given in it, in the order in which they came up.
    """

    condition: Condition
    start_s: float
    duration_s: float
    reasons: tuple[str, ...]


class SessionLog:
    """Takes every state of a session and keeps what a report needs: about 100 bytes a row."""

    def __init__(self, *, every_s: float = 0.0) -> None:
        """Begin.

        Args:
            every_s: at least so much time between two rows, 0 keeps one per frame. Events and
                spans are kept whole in any case.
        """
        self._every_s = every_s
        self._rows = array("d")
        self._next_s = -math.inf
        self._events: dict[int, DriverEvent] = {}
        self._spans: list[Span] = []
        self.frames = 0
        self.last: DriverState | None = None

    def add(self, state: DriverState) -> None:
        """Take the next state."""
        self.frames += 1
        self.last = state
        self.add_events(state.events)
        self._extend_spans(state)
        if state.time_s < self._next_s - _SLACK:
            return
        late = self._next_s <= state.time_s - self._every_s
        self._next_s = (state.time_s if late else self._next_s) + self._every_s
        face_id = state.measures.face_id
        self._rows.extend(
            (
                state.time_s,
                UNKNOWN if face_id is None else face_id,
                state.left_opening,
                state.right_opening,
                state.opening,
                state.perclos,
                state.unknown_share,
                state.mouth,
                state.yaw,
                state.pitch,
                state.roll,
                state.level,
                CONDITIONS.index(state.condition),
            )
        )

    def copy(self) -> SessionLog:
        """What was kept so far; it does not change any more."""
        other = SessionLog(every_s=self._every_s)
        other._rows, other._next_s = self._rows[:], self._next_s
        other._events, other._spans = dict(self._events), list(self._spans)
        other.frames, other.last = self.frames, self.last
        return other

    def add_events(self, events: Iterable[DriverEvent]) -> None:
        """Take events that no state told, such as those of `DriverMonitor.finish`."""
        self._events |= {event.id: event for event in events}

    def _extend_spans(self, state: DriverState) -> None:
        if self._spans:
            span = self._spans[-1]
            reasons = span.reasons
            if state.condition is span.condition:
                reasons = merged(reasons, state.reasons)
            self._spans[-1] = replace(span, duration_s=state.time_s - span.start_s, reasons=reasons)
            if state.condition is span.condition:
                return
        self._spans.append(
            Span(
                condition=state.condition,
                start_s=state.time_s,
                duration_s=0.0,
                reasons=merged((), state.reasons),
            )
        )

    @property
    def rows(self) -> npt.NDArray[np.float64]:
        """(T, 13) a copy of the rows; see `COLUMNS`."""
        return np.array(self._rows).reshape(-1, len(COLUMNS))

    @property
    def events(self) -> tuple[DriverEvent, ...]:
        """All events in their latest telling, in order of their start."""
        return tuple(sorted(self._events.values(), key=lambda event: (event.start_s, event.id)))

    @property
    def spans(self) -> tuple[Span, ...]:
        """The conditions one after the other."""
        return tuple(self._spans)

    @property
    def duration_s(self) -> float:
        """From the first frame to the last."""
        return 0.0 if self.last is None else self.last.time_s

    def of_kind(self, *kinds: EventKind) -> tuple[DriverEvent, ...]:
        """The events of some kinds."""
        return tuple(event for event in self.events if event.kind in kinds)


def merged(known: tuple[str, ...], reasons: Sequence[str]) -> tuple[str, ...]:
    """Reasons with those added that are new but for their numbers; the latest numbers win."""
    result = list(known)
    words = [_wording(reason) for reason in result]
    for reason in reasons:
        wording = _wording(reason)
        if wording in words:
            result[words.index(wording)] = reason
        else:
            result.append(reason)
            words.append(wording)
    return tuple(result)


def _wording(reason: str) -> str:
    """A reason without its numbers and plurals."""
    words = (word for word in reason.split() if not word[0].isdigit())
    return " ".join(word.rstrip("s") for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlinkStatistics:
    """The blinks of a session; NaN where unknown.

    Attributes:
        count: all that were seen.
        timed: those whose duration is known.
        per_minute: of known time.
        mean_s, median_s, longest_s: durations.
        closing_s, reopening_s: means.
    """

    count: int
    timed: int
    per_minute: float
    mean_s: float
    median_s: float
    longest_s: float
    closing_s: float
    reopening_s: float


def blink_statistics(blinks: Sequence[DriverEvent], known_s: float) -> BlinkStatistics:
    """Sum blinks up; `known_s` is the time in which the eyes were known."""
    durations = _known(event.duration_s for event in blinks)
    return BlinkStatistics(
        count=len(blinks),
        timed=durations.size,
        per_minute=60 * len(blinks) / known_s if known_s > 0 else UNKNOWN,
        mean_s=_mean(durations),
        median_s=float(np.median(durations)) if durations.size else UNKNOWN,
        longest_s=float(durations.max()) if durations.size else UNKNOWN,
        closing_s=_mean(_known(event.closing_s for event in blinks)),
        reopening_s=_mean(_known(event.reopening_s for event in blinks)),
    )


def _known(values: Iterable[float]) -> npt.NDArray[np.float64]:
    return np.array([value for value in values if not math.isnan(value)], np.float64)


def _mean(values: npt.NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else UNKNOWN
