"""PERCLOS: weighted by time, unknown time left out, the same at every frame rate."""

import math

import numpy as np
import pytest

from app.driver.perclos import Perclos, time_shut
from app.driver.settings import DriverSettings
from app.driver.state import EventKind
from tests.unit.driver.synthetic import (
    Person,
    absent,
    blink,
    events_of,
    seen,
    swing,
    times,
    total,
    watch,
)

SETTINGS = DriverSettings()


@pytest.fixture(scope="module")
def sleepy() -> Person:
    blinks = [blink(1.3 + 3.07 * i, 0.15 + 0.01 * i) for i in range(8)]
    closures = [swing(start, 1.5, rise=0.3, fall=0.5) for start in (26.0, 30.2, 35.9)]
    return Person(shut=total([*blinks, *closures]))


@pytest.fixture(scope="module")
def true_perclos(sleepy: Person) -> float:
    moments = [t / 500 for t in range(500 * 40)]
    return float(np.mean([1 - sleepy.shut(t) <= SETTINGS.perclos_opening for t in moments]))


@pytest.mark.parametrize("fps", [10, 15, 30])
@pytest.mark.parametrize("phase", [0.0, 0.25, 0.5, 0.75])
def test_perclos_is_the_same_at_every_frame_rate(
    sleepy: Person, true_perclos: float, fps: float, phase: float
) -> None:
    _, monitor, _ = watch(seen(sleepy, times(40, fps, phase)))
    assert monitor.eye_time.perclos == pytest.approx(true_perclos, abs=0.01)


def test_frames_count_for_as_long_as_they_last() -> None:
    person = Person(shut=swing(10.0, 10.0, rise=0.2, fall=0.2))
    quick_while_shut = [t for t in times(40, 60) if 9 < t < 21] + [
        t for t in times(40, 10) if not 9 < t < 21
    ]
    _, monitor, _ = watch(seen(person, sorted(quick_while_shut)))
    assert monitor.eye_time.perclos == pytest.approx(0.25, abs=0.005)


def test_unknown_time_counts_neither_as_open_nor_as_shut() -> None:
    person = Person(shut=swing(10.0, 5.0, rise=0.1, fall=0.1))
    measures = [absent(m) if 20 <= m.time_s < 30 else m for m in seen(person, times(40, 30))]
    _, monitor, states = watch(measures)
    assert monitor.eye_time.perclos == pytest.approx(5 / 30, abs=0.003)
    assert monitor.eye_time.unknown == pytest.approx(10 / 40, abs=0.003)
    assert states[-1].unknown_share == pytest.approx(10 / 40, abs=0.003)


def test_the_window_forgets_what_is_older_than_a_minute() -> None:
    person = Person(shut=swing(5.0, 6.0, rise=0.1, fall=0.1))
    _, monitor, states = watch(seen(person, times(75, 15)))
    by_time = {round(state.time_s, 3): state for state in states}
    assert by_time[60.0].perclos == pytest.approx(0.1, abs=0.002)
    assert by_time[68.0].perclos == pytest.approx(3 / 60, abs=0.002)
    assert states[-1].perclos == pytest.approx(0.0, abs=1e-9)
    assert monitor.eye_time.perclos == pytest.approx(6 / 75, abs=0.002)


def test_perclos_is_unknown_at_first_and_without_eyes() -> None:
    _, _, states = watch(seen(Person(), times(12, 30)))
    assert all(math.isnan(state.perclos) for state in states if state.time_s < 9.9)
    assert states[-1].perclos == 0.0
    _, monitor, states = watch([absent(m) for m in seen(Person(), times(12, 30))])
    assert math.isnan(states[-1].perclos)
    assert math.isnan(monitor.eye_time.perclos)
    assert states[-1].unknown_share == 1.0


def test_frames_too_far_apart_leave_everything_unknown() -> None:
    person = Person(shut=swing(3.0, 5.0, rise=0.2, fall=0.2))
    log, monitor, states = watch(seen(person, times(20, 2)))
    assert monitor.eye_time.unknown == 1.0
    assert math.isnan(states[-1].perclos)
    assert log.events == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((0.0, 1.0), (0.1, 0.9), 0.0),
        ((0.0, 0.1), (0.1, 0.0), 0.1),
        # The lid moves slowly enough for a straight line.
        ((0.0, 0.4), (0.2, 0.0), 0.1),
        # A quick lid: half way after 0.05 s, at 20 % another 0.3 strokes later.
        ((0.0, 1.0), (0.1, 0.0), 0.05 - 0.3 * 0.06),
        ((0.0, 0.0), (0.1, 1.0), 0.05 - 0.3 * 0.06),
    ],
)
def test_the_time_between_two_openings(
    before: tuple[float, float], after: tuple[float, float], expected: float
) -> None:
    assert time_shut(before, after, SETTINGS) == pytest.approx(expected)


def test_a_drowsy_share_makes_the_driver_drowsy_once_enough_is_known() -> None:
    person = Person(shut=total(swing(2.0 + 3 * i, 0.45, rise=0.1, fall=0.1) for i in range(14)))
    _, _, states = watch(seen(person, times(45, 30)))
    assert {e.kind for e in events_of(person, 45)} == {EventKind.BLINK}
    early = [state for state in states if state.time_s < 29]
    assert not any("PERCLOS" in reason for state in early for reason in state.reasons)
    assert "PERCLOS" in " ".join(states[-1].reasons)
    assert states[-1].condition.value == "drowsy"


def test_the_sums_of_a_long_session_do_not_drift() -> None:
    perclos = Perclos()
    for i in range(60_000):
        perclos.add(i / 30, 0.0 if i % 10 < 3 else 1.0, SETTINGS)
    assert perclos.window.total_s == pytest.approx(60, abs=0.05)
    assert perclos.window.perclos == pytest.approx(perclos.session.perclos, abs=1e-4)
