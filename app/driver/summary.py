"""A session as JSON and CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from app.driver.baseline import Baseline
from app.driver.perclos import Share
from app.driver.session import COLUMNS, CONDITIONS, SessionLog, Span, blink_statistics
from app.driver.settings import DriverSettings
from app.driver.state import BaselineSource, DriverEvent, DriverState, EventKind

NOTE: Final = (
    "PFLD Live is a prototype for demonstrations, not a safety device: it misses drowsiness and "
    "sees it where there is none. Do not rely on it in traffic."
)
"""Stands on everything that a session leaves behind."""

_SIZES: Final = {
    EventKind.NOD: "pitch",
    EventKind.NOD_OFF: "pitch",
    EventKind.TURN: "yaw",
    EventKind.YAWN: "mouth",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """What a report says about a session besides its log.

    Attributes:
        source: name of the clip or camera.
        model: label of the landmark model.
        eye_time: known and shut time of the whole session.
        settings: the thresholds in use.
        baseline: of the driver, at the end; None where none was learned.
        baseline_source: where it is from.
        problems: what went wrong on the way, one sentence each.
    """

    source: str
    model: str
    eye_time: Share
    settings: DriverSettings
    baseline: Baseline | None
    baseline_source: BaselineSource
    problems: tuple[str, ...] = ()


def session_summary(log: SessionLog, facts: SessionFacts) -> dict[str, Any]:
    """The session for JSON: seconds and shares, null where unknown."""
    share, rows = facts.eye_time, log.rows
    levels = rows[:, COLUMNS.index("level")]
    blinks = log.of_kind(EventKind.BLINK)
    return {
        "note": NOTE,
        "source": facts.source,
        "model": facts.model,
        "frames": log.frames,
        "duration_s": _number(log.duration_s),
        "blinks": [_blink(event) for event in blinks],
        "closures": [
            _event(event) | {"microsleep": event.kind is EventKind.MICROSLEEP}
            for event in log.of_kind(EventKind.LONG_CLOSURE, EventKind.MICROSLEEP)
        ],
        "yawns": [_event(event) for event in log.of_kind(EventKind.YAWN)],
        "nods": [
            _event(event) | {"nodding_off": event.kind is EventKind.NOD_OFF}
            for event in log.of_kind(EventKind.NOD, EventKind.NOD_OFF)
        ],
        "turns": [_event(event) for event in log.of_kind(EventKind.TURN)],
        "turned_away": [_event(event) for event in log.of_kind(EventKind.TURNED_AWAY)],
        "face_lost": [_event(event) for event in log.of_kind(EventKind.LOST_FACE)],
        "perclos": _number(share.perclos),
        "perclos_highest": _number(_highest(rows[:, COLUMNS.index("perclos")])),
        "unknown_share": _number(share.unknown),
        "states": [_span(span) for span in log.spans],
        "level_highest": _number(_highest(levels)),
        "blink_statistics": _numbers(asdict(blink_statistics(blinks, share.known_s))),
        "blink_times_refused": sum(math.isnan(event.duration_s) for event in blinks),
        "baseline": None if facts.baseline is None else _numbers(facts.baseline.as_dict()),
        "baseline_source": facts.baseline_source.value,
        "settings": facts.settings.as_dict(),
        "problems": list(facts.problems),
    }


def state_record(state: DriverState) -> dict[str, Any]:
    """One state for a line of JSON, such as one of the sidecar of a recording: null if unknown."""
    numbers = (
        *("level", "opening", "left_opening", "right_opening", "shut_s", "perclos"),
        *("unknown_share", "blink_rate", "mouth", "yaw", "pitch", "roll", "away_s", "lost_s"),
    )
    return {
        "time_s": _number(state.time_s),
        "face": state.measures.face_id,
        "condition": state.condition.value,
        "reasons": list(state.reasons),
        **{name: _number(getattr(state, name)) for name in numbers},
        "blinks": state.blinks,
        "yawning": state.yawning,
        "yawns": state.yawns,
        "baseline": state.baseline.value,
        "events": [
            {"id": event.id, "event": event.kind.value, "ongoing": event.ongoing} | _event(event)
            for event in state.events
        ],
    }


def timeline_csv(log: SessionLog) -> str:
    """One row per moment: openings, PERCLOS, mouth, head, level, condition; empty if unknown."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in log.rows.tolist():
        *numbers, condition = row
        time_s, face, *others = numbers
        table.writerow(
            [
                f"{time_s:.4f}",
                "" if math.isnan(face) else int(face),
                *("" if math.isnan(value) else f"{value:.4f}" for value in others),
                CONDITIONS[int(condition)].value,
            ]
        )
    return file.getvalue()


EVENT_COLUMNS: Final = (
    *("event", "start_s", "duration_s", "size", "closing_s", "reopening_s", "complete"),
)


def events_csv(log: SessionLog) -> str:
    """One row per event; a value that is unknown or refused is empty."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(EVENT_COLUMNS)
    for event in log.events:
        numbers = (event.start_s, event.duration_s, event.size, event.closing_s, event.reopening_s)
        table.writerow(
            [
                event.kind.value,
                *("" if math.isnan(value) else f"{value:.4f}" for value in numbers),
                "yes" if event.complete else "no",
            ]
        )
    return file.getvalue()


def _event(event: DriverEvent) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "start_s": _number(event.start_s),
        "duration_s": _number(event.duration_s),
    }
    if event.kind in _SIZES:
        entry[_SIZES[event.kind]] = _number(event.size)
    if not event.complete:
        entry["complete"] = False
    return entry


def _blink(event: DriverEvent) -> dict[str, Any]:
    return _event(event) | {
        "closing_s": _number(event.closing_s),
        "reopening_s": _number(event.reopening_s),
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "state": span.condition.value,
        "start_s": _number(span.start_s),
        "duration_s": _number(span.duration_s),
        "reasons": list(span.reasons),
    }


def _numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _number(value) if isinstance(value, float) else value
        for name, value in values.items()
    }


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _highest(values: Sequence[float] | np.ndarray[Any, np.dtype[np.float64]]) -> float:
    known = np.asarray(values)[~np.isnan(values)]
    return float(known.max()) if known.size else math.nan
