"""Turns, nods, nodding off, turned away."""

import math

import pytest

from app.driver.state import Condition, EventKind
from tests.unit.driver.synthetic import Person, events_of, seen, swing, times, total, watch


@pytest.mark.parametrize("fps", [10, 15, 30])
@pytest.mark.parametrize("size", [-40.0, -25.0, 25.0, 40.0])
def test_a_turn_lasts_while_it_is_at_least_half_of_its_size(fps: float, size: float) -> None:
    person = Person(yaw=swing(2.0, 1.3, rise=0.8, fall=0.8, size=size))
    (turn,) = events_of(person, 6, fps=fps, phase=0.3)
    assert turn.kind is EventKind.TURN
    assert turn.start_s == pytest.approx(2.0, abs=0.03)
    assert turn.duration_s == pytest.approx(1.3, abs=0.05)
    assert turn.size == pytest.approx(size, abs=1.0)


@pytest.mark.parametrize("size", [-15.0, 15.0])
def test_a_nod_with_open_eyes_is_a_nod(size: float) -> None:
    person = Person(pitch=swing(2.0, 0.75, rise=0.45, fall=0.45, size=size))
    (nod,) = events_of(person, 5)
    assert nod.kind is EventKind.NOD
    assert nod.duration_s == pytest.approx(0.75, abs=0.03)
    assert nod.size == pytest.approx(size, abs=1.0)


def test_small_movements_are_nothing() -> None:
    person = Person(
        yaw=lambda t: 8 * math.sin(2 * t), pitch=swing(2.0, 1.0, rise=0.5, fall=0.5, size=-8.0)
    )
    assert events_of(person, 10) == ()


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_a_head_that_sinks_slowly_with_closing_eyes_nods_off(fps: float) -> None:
    person = Person(
        pitch=swing(3.0, 2.0, rise=1.5, fall=0.3, size=-20.0),
        shut=swing(2.6, 2.3, rise=0.4, fall=0.2),
    )
    log, _, states = watch(seen(person, times(8, fps)))
    (nod,) = log.of_kind(EventKind.NOD, EventKind.NOD_OFF)
    assert nod.kind is EventKind.NOD_OFF
    assert nod.size == pytest.approx(-20, abs=1)
    assert any("nodded off" in reason for reason in states[-1].reasons)
    assert states[-1].condition is Condition.DROWSY


def test_nodding_off_is_told_before_the_head_comes_up() -> None:
    person = Person(
        pitch=swing(3.0, 6.0, rise=1.5, fall=0.3, size=-20.0),
        shut=swing(2.6, 6.3, rise=0.4, fall=0.2),
    )
    _, _, states = watch(seen(person, times(12, 30)))
    told = [
        (state.time_s, event)
        for state in states
        for event in state.events
        if event.kind is EventKind.NOD_OFF
    ]
    assert [event.ongoing for _, event in told] == [True, False]
    assert told[0][0] < 4.0
    assert told[0][1].id == told[1][1].id
    assert told[1][1].duration_s == pytest.approx(6.0, abs=0.1)


def test_a_head_that_stays_down_until_the_end_is_told_to_its_end() -> None:
    person = Person(
        pitch=swing(3.0, 60.0, rise=1.5, fall=0.3, size=-15.0),
        shut=swing(2.6, 63.0, rise=0.4, fall=0.2),
    )
    (nod,) = events_of(person, 8, EventKind.NOD, EventKind.NOD_OFF)
    assert (nod.kind, nod.ongoing, nod.complete) == (EventKind.NOD_OFF, False, False)


def test_a_head_that_drops_at_once_or_rises_is_no_nodding_off() -> None:
    shut = swing(2.5, 2.0, rise=0.2, fall=0.2)
    quick = Person(pitch=swing(3.0, 1.0, rise=0.2, fall=0.3, size=-20.0), shut=shut)
    up = Person(pitch=swing(3.0, 1.0, rise=1.5, fall=0.3, size=20.0), shut=shut)
    for person in (quick, up):
        assert events_of(person, 8, EventKind.NOD_OFF) == ()
        assert len(events_of(person, 8, EventKind.NOD)) == 1


def test_looking_down_slowly_with_open_eyes_is_no_nodding_off() -> None:
    person = Person(pitch=swing(3.0, 2.0, rise=1.5, fall=0.5, size=-18.0))
    assert [event.kind for event in events_of(person, 8)] == [EventKind.NOD]


@pytest.mark.parametrize("fps", [10, 15, 30])
@pytest.mark.parametrize("axis", ["yaw", "pitch"])
def test_turned_away_for_longer_than_the_limit_is_distracted(fps: float, axis: str) -> None:
    person = Person(**{axis: swing(2.0, 5.0, rise=0.2, fall=0.2, size=30.0)})
    log, _, states = watch(seen(person, times(10, fps)))
    (away,) = log.of_kind(EventKind.TURNED_AWAY)
    assert away.start_s == pytest.approx(2.0, abs=0.1)
    assert away.duration_s == pytest.approx(5.0, abs=0.15)
    distracted = [s.time_s for s in states if s.condition is Condition.DISTRACTED]
    assert distracted[0] == pytest.approx(4.5, abs=0.2)
    assert distracted[-1] == pytest.approx(7.0, abs=0.2)
    assert states[-1].condition is Condition.ALERT


def test_a_look_into_the_mirror_is_not_distracted() -> None:
    person = Person(yaw=swing(2.0, 2.0, rise=0.3, fall=0.3, size=35.0))
    log, _, states = watch(seen(person, times(6, 30)))
    assert [event.kind for event in log.events] == [EventKind.TURN]
    assert all(state.condition is Condition.ALERT for state in states)


def test_an_unknown_pose_ends_what_was_going_on() -> None:
    person = Person(yaw=lambda t: math.nan if t > 4 else 30.0 if t > 1 else 0.0)
    log, _, states = watch(seen(person, times(6, 30)))
    assert all(not event.complete for event in log.events)
    assert math.isnan(states[-1].away_s)
    away = log.of_kind(EventKind.TURNED_AWAY)
    assert [event.duration_s for event in away] == [pytest.approx(3.0, abs=0.1)]


def test_a_head_turned_away_for_minutes_takes_no_more_time_and_room() -> None:
    person = Person(yaw=total([swing(2.0, 300.0, rise=0.4, fall=0.4, size=40.0)]))
    log, _, _ = watch(seen(person, times(305, 30)))
    (turn,) = log.of_kind(EventKind.TURN)
    assert turn.start_s == pytest.approx(2.0, abs=0.03)
    assert turn.duration_s == pytest.approx(300.0, abs=0.05)
