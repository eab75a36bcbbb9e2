"""A person made of functions of time, seen at any frame rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from app.driver.baseline import Baseline
from app.driver.measures import FaceMeasures
from app.driver.monitor import DriverMonitor
from app.driver.session import SessionLog
from app.driver.settings import DriverSettings
from app.driver.state import DriverEvent, DriverState, EventKind

OPEN, SHUT = 0.30, 0.10
BASELINE = Baseline(
    left_open=OPEN,
    right_open=OPEN,
    left_shut=SHUT,
    right_shut=SHUT,
    mouth=0.05,
    mouth_width=0.5,
    yaw=0.0,
    pitch=0.0,
    roll=0.0,
    shut_seen=True,
)

Signal = Callable[[float], float]


def still(value: float) -> Signal:
    return lambda _: value


def ease(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def swing(start: float, length: float, *, rise: float, fall: float, size: float = 1.0) -> Signal:
    """A value that is at least half of `size` from `start` for `length` seconds."""

    def at(time: float) -> float:
        up = ease((time - start + rise / 2) / rise)
        down = ease((time - start - length + fall / 2) / fall)
        return size * (up - down)

    return at


def blink(start: float, length: float = 0.2) -> Signal:
    return swing(start, length, rise=0.08, fall=0.12)


def total(signals: Iterable[Signal]) -> Signal:
    parts = tuple(signals)
    return lambda time: sum(part(time) for part in parts)


NOTHING, MOUTH, WIDTH, TRUST = still(0.0), still(0.05), still(0.5), still(1.0)


@dataclass(frozen=True)
class Person:
    """What each signal is over time; `shut` is 0 for open eyes and 1 for shut ones."""

    shut: Signal = NOTHING
    mouth: Signal = MOUTH
    width: Signal = WIDTH
    yaw: Signal = NOTHING
    pitch: Signal = NOTHING
    trust: Signal = TRUST

    def at(self, time_s: float) -> FaceMeasures:
        ear = OPEN - (OPEN - SHUT) * min(self.shut(time_s), 1.0)
        return FaceMeasures(
            time_s=time_s,
            face_id=1,
            left_ear=ear,
            right_ear=ear,
            mouth=self.mouth(time_s),
            mouth_width=self.width(time_s),
            yaw=self.yaw(time_s),
            pitch=self.pitch(time_s),
            roll=0.0,
            trust=self.trust(time_s),
            eye_distance_px=100.0,
        )


def times(seconds: float, fps: float, phase: float = 0.0) -> list[float]:
    return [(i + phase) / fps for i in range(math.ceil(seconds * fps - phase))]


def watch(
    measures: Sequence[FaceMeasures],
    *,
    baseline: Baseline | None = BASELINE,
    settings: DriverSettings | None = None,
) -> tuple[SessionLog, DriverMonitor, list[DriverState]]:
    monitor = DriverMonitor(settings, baseline=baseline)
    log, states = SessionLog(), []
    for moment in measures:
        states.append(monitor.add(moment))
        log.add(states[-1])
    log.add_events(monitor.finish())
    return log, monitor, states


def events_of(
    person: Person,
    seconds: float,
    *kinds: EventKind,
    fps: float = 30.0,
    phase: float = 0.0,
    settings: DriverSettings | None = None,
) -> tuple[DriverEvent, ...]:
    """The events of these kinds, or all of them."""
    log, _, _ = watch(seen(person, times(seconds, fps, phase)), settings=settings)
    return log.of_kind(*kinds) if kinds else log.events


def seen(person: Person, moments: Sequence[float]) -> list[FaceMeasures]:
    return [person.at(time_s) for time_s in moments]


def without_eyes(measures: FaceMeasures) -> FaceMeasures:
    return replace(measures, left_ear=math.nan, right_ear=math.nan)


def absent(measures: FaceMeasures) -> FaceMeasures:
    return FaceMeasures(time_s=measures.time_s)
