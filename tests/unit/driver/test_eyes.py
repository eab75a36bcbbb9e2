"""Blinks and closures from openings over time."""

import math
import random
from dataclasses import replace

import pytest

from app.driver.state import Condition, EventKind
from tests.unit.driver.synthetic import (
    OPEN,
    SHUT,
    Person,
    absent,
    blink,
    events_of,
    seen,
    swing,
    times,
    total,
    watch,
    without_eyes,
)

BLINKS = [(1.0, 0.15), (2.13, 0.2), (3.31, 0.3), (4.5, 0.45), (5.87, 0.12)]


@pytest.mark.parametrize("fps", [15, 24, 30, 60])
@pytest.mark.parametrize("phase", [0.0, 0.37, 0.71])
def test_every_blink_is_found_with_its_times(fps: float, phase: float) -> None:
    person = Person(shut=total(blink(start, length) for start, length in BLINKS))
    found = events_of(person, 7, fps=fps, phase=phase)
    assert [event.kind for event in found] == [EventKind.BLINK] * len(BLINKS)
    for event, (start, length) in zip(found, BLINKS, strict=True):
        assert event.start_s == pytest.approx(start, abs=0.5 / fps + 0.005)
        assert event.duration_s == pytest.approx(length, abs=1 / fps + 0.005)


def test_closing_and_reopening_are_timed_at_60_fps() -> None:
    (event,) = events_of(Person(shut=swing(1.0, 0.3, rise=0.1, fall=0.2)), 2, fps=60)
    # A smooth step takes 0.426 of its time from 20 % to 80 %.
    assert event.closing_s == pytest.approx(0.426 * 0.1, abs=0.01)
    assert event.reopening_s == pytest.approx(0.426 * 0.2, abs=0.01)


@pytest.mark.parametrize("fps", [8, 10, 12, 14])
def test_under_15_fps_blinks_are_counted_and_their_durations_refused(fps: float) -> None:
    person = Person(shut=total(blink(start, 0.3) for start in (1.0, 2.1, 3.3)))
    log, _, states = watch(seen(person, times(5, fps)))
    assert [event.kind for event in log.events] == [EventKind.BLINK] * 3
    assert all(math.isnan(event.duration_s) for event in log.events)
    assert all(math.isnan(event.closing_s) for event in log.events)
    assert not any(state.blink_timing for state in states)
    assert states[-1].blinks == 3
    assert math.isnan(states[-1].blink_duration_s)


def test_only_the_blink_whose_frames_were_dropped_has_its_duration_refused() -> None:
    person = Person(shut=total(blink(start, 0.3) for start in (1.0, 2.0, 3.0)))
    moments = [t for t in times(4, 30) if not 2.05 < t < 2.15]
    log, _, _ = watch(seen(person, moments))
    assert [math.isnan(event.duration_s) for event in log.events] == [False, True, False]


@pytest.mark.parametrize("fps", [5, 10, 15, 30, 60])
def test_a_long_closure_has_the_same_times_at_every_frame_rate(fps: float) -> None:
    person = Person(shut=swing(2.03, 0.8, rise=0.2, fall=0.2))
    (event,) = events_of(person, 5, fps=fps, phase=0.2)
    assert event.kind is EventKind.LONG_CLOSURE
    assert event.start_s == pytest.approx(2.03, abs=0.06)
    assert event.duration_s == pytest.approx(0.8, abs=0.1)


def test_a_closure_is_told_after_half_a_second_and_again_as_a_microsleep() -> None:
    person = Person(shut=swing(2.0, 1.6, rise=0.1, fall=0.1))
    _, _, states = watch(seen(person, times(5, 30)))
    told = [(state.time_s, event) for state in states for event in state.events]
    assert [event.kind for _, event in told] == [
        EventKind.LONG_CLOSURE,
        EventKind.MICROSLEEP,
        EventKind.MICROSLEEP,
    ]
    assert [event.ongoing for _, event in told] == [True, True, False]
    assert len({event.id for _, event in told}) == 1
    assert told[0][0] == pytest.approx(2.5, abs=0.05)
    assert told[1][0] == pytest.approx(3.0, abs=0.05)
    assert told[2][1].duration_s == pytest.approx(1.6, abs=0.05)


def test_jitter_around_half_open_is_no_blink() -> None:
    jitter = random.Random(1)
    values = {t: 0.42 + 0.1 * jitter.random() for t in times(10, 30)}
    assert events_of(Person(shut=lambda t: values[t]), 10) == ()


def test_lids_that_droop_below_half_are_no_closure() -> None:
    person = Person(shut=swing(1.0, 5.0, rise=0.3, fall=0.3, size=0.55))
    log, _, states = watch(seen(person, times(8, 30)))
    assert log.events == ()
    assert all(state.shut_s == 0 for state in states)
    assert all(state.condition is Condition.ALERT for state in states)


def test_a_single_odd_frame_at_60_fps_is_no_blink() -> None:
    odd = times(3, 60)[90]
    assert events_of(Person(shut=lambda t: 0.8 if t == odd else 0.0), 3, fps=60) == ()


def test_a_wink_is_no_blink() -> None:
    person = Person(shut=blink(1.0, 0.3))
    winks = [replace(m, right_ear=OPEN) for m in seen(person, times(3, 30))]
    log, _, states = watch(winks)
    assert log.events == ()
    assert min(state.left_opening for state in states) < 0.05


def test_eyes_hidden_for_a_moment_within_a_closure_do_not_split_it() -> None:
    person = Person(shut=swing(1.0, 2.0, rise=0.1, fall=0.1))
    measures = [without_eyes(m) if 1.7 < m.time_s < 1.95 else m for m in seen(person, times(4, 30))]
    log, monitor, _ = watch(measures)
    (event,) = log.events
    assert event.duration_s == pytest.approx(2.0, abs=0.05)
    assert monitor.eye_time.unknown == pytest.approx(0.0, abs=1e-6)


def test_eyes_hidden_for_long_leave_the_time_unknown_and_the_closure_incomplete() -> None:
    person = Person(shut=swing(1.0, 2.5, rise=0.1, fall=0.1))
    measures = [without_eyes(m) if 2.0 < m.time_s < 3.0 else m for m in seen(person, times(5, 30))]
    log, monitor, states = watch(measures)
    first, second = log.events
    assert (first.complete, second.complete) == (False, False)
    assert first.duration_s == pytest.approx(1.0, abs=0.05)
    assert monitor.eye_time.unknown == pytest.approx(1.0 / 5, abs=0.02)
    hidden = [state for state in states if 2.0 < state.time_s < 3.0]
    assert all(math.isnan(state.opening) and math.isnan(state.shut_s) for state in hidden)


def test_a_face_that_is_gone_ends_what_was_going_on() -> None:
    person = Person(shut=swing(1.0, 9.0, rise=0.1, fall=0.1))
    measures = [absent(m) if m.time_s > 2.5 else m for m in seen(person, times(6, 30))]
    log, _, states = watch(measures)
    closure, lost = log.events
    assert (closure.kind, lost.kind) == (EventKind.MICROSLEEP, EventKind.LOST_FACE)
    assert closure.duration_s == pytest.approx(1.5, abs=0.05)
    assert lost.start_s == pytest.approx(2.5, abs=0.05)
    assert states[-1].lost_s == pytest.approx(3.5, abs=0.1)


def test_uneven_frame_times_change_nothing() -> None:
    person = Person(shut=total([blink(1.0, 0.3), swing(3.0, 1.4, rise=0.1, fall=0.1)]))
    uneven, moments, time_s = random.Random(2), [], 0.0
    while time_s < 6:
        moments.append(time_s)
        time_s += uneven.uniform(0.01, 0.06)
    log, _, _ = watch(seen(person, moments))
    first, second = log.events
    assert (first.kind, second.kind) == (EventKind.BLINK, EventKind.MICROSLEEP)
    assert second.start_s == pytest.approx(3.0, abs=0.03)
    assert second.duration_s == pytest.approx(1.4, abs=0.05)


def test_a_blink_of_which_the_beginning_is_missing_is_not_counted() -> None:
    person = Person(shut=swing(-0.1, 0.25, rise=0.1, fall=0.1))
    assert events_of(person, 2) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [("yaw", 50.0), ("yaw", -50.0), ("pitch", -40.0), ("trust", 0.55), ("eye_distance_px", 15.0)],
)
def test_eyes_that_cannot_be_read_are_unknown(field: str, value: float) -> None:
    measures = [replace(m, **{field: value}) for m in seen(Person(), times(1, 30))]
    _, monitor, states = watch(measures)
    assert all(math.isnan(state.opening) for state in states)
    assert monitor.eye_time.unknown == pytest.approx(1.0)


def test_turned_far_only_the_near_eye_counts() -> None:
    measures = seen(Person(yaw=lambda _: 35.0), times(1, 30))
    far_shut = [replace(m, right_ear=SHUT) for m in measures]
    _, _, states = watch(far_shut)
    assert states[-1].opening == pytest.approx(1.0, abs=0.02)
    assert math.isnan(states[-1].right_opening)
