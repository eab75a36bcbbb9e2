"""The monitor as a whole: events over time to states."""

import math
import random
from dataclasses import replace

import pytest

from app.driver.monitor import DriverMonitor
from app.driver.settings import DriverSettings
from app.driver.state import Condition, EventKind
from tests.unit.driver.synthetic import (
    BASELINE,
    Person,
    absent,
    blink,
    seen,
    swing,
    times,
    total,
    watch,
)


def test_a_microsleep_makes_asleep_and_then_drowsy_for_a_minute() -> None:
    person = Person(shut=swing(5.0, 2.0, rise=0.1, fall=0.1))
    log, _, states = watch(seen(person, times(75, 10)))
    assert [span.condition for span in log.spans] == [
        Condition.ALERT,
        Condition.ASLEEP,
        Condition.DROWSY,
        Condition.ALERT,
    ]
    assert [span.start_s for span in log.spans] == pytest.approx([0, 6, 7, 67], abs=0.2)
    asleep = [state for state in states if state.condition is Condition.ASLEEP]
    assert all(state.level == 1.0 and state.shut_s >= 1.0 for state in asleep)


def test_a_microsleep_is_not_counted_as_a_long_closure_too() -> None:
    _, _, states = watch(seen(Person(shut=swing(5.0, 2.0, rise=0.1, fall=0.1)), times(10, 30)))
    assert states[-1].reasons == ("1 microsleep in the last minute",)


def test_two_long_closures_in_a_minute_are_drowsy_and_one_is_not() -> None:
    closures = [swing(start, 0.7, rise=0.1, fall=0.1) for start in (5.0, 20.0)]
    _, _, states = watch(seen(Person(shut=total(closures)), times(30, 15)))
    first = [state for state in states if 6 < state.time_s < 20]
    assert all(state.condition is Condition.ALERT for state in first)
    assert states[-1].condition is Condition.DROWSY


def test_blinks_are_counted_over_the_session_and_rated_over_the_minute() -> None:
    person = Person(shut=total(blink(1.0 + 2.0 * i) for i in range(15)))
    _, _, states = watch(seen(person, times(95, 15)))
    by_time = {round(state.time_s): state for state in states}
    assert by_time[20].blink_rate == pytest.approx(60 * 10 / 20, rel=0.06)
    assert by_time[60].blink_rate == pytest.approx(15, abs=1)
    assert by_time[60].blink_duration_s == pytest.approx(0.2, abs=0.02)
    assert (states[-1].blinks, states[-1].blink_rate) == (15, 0.0)
    assert math.isnan(states[-1].blink_duration_s)


def test_settings_may_change_between_two_frames() -> None:
    person = Person(shut=swing(3.0, 5.0, rise=0.1, fall=0.1))
    monitor = DriverMonitor(DriverSettings(microsleep_s=4.0), baseline=BASELINE)
    states = []
    for measures in seen(person, times(7, 30)):
        if measures.time_s > 5:
            monitor.settings = replace(monitor.settings, microsleep_s=1.5)
        states.append(monitor.add(measures))
    asleep = [state.time_s for state in states if state.condition is Condition.ASLEEP]
    assert asleep[0] == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_dropped_frames_lose_no_event(seed: int) -> None:
    person = Person(
        shut=total([blink(2.0, 0.4), swing(4.0, 1.3, rise=0.2, fall=0.2)]),
        yaw=swing(8.0, 1.5, rise=0.6, fall=0.6, size=35.0),
        mouth=lambda t: 0.05 + swing(12.0, 3.0, rise=0.6, fall=0.6, size=0.6)(t),
    )
    chance = random.Random(seed)
    moments = [t for t in times(17, 30) if chance.random() > 0.4]
    log, _, _ = watch(seen(person, moments))
    kinds = [EventKind.BLINK, EventKind.MICROSLEEP, EventKind.TURN, EventKind.YAWN]
    assert [event.kind for event in log.events] == kinds
    assert [event.start_s for event in log.events] == pytest.approx([2, 4, 8, 12], abs=0.1)
    assert [event.duration_s for event in log.events[1:]] == pytest.approx([1.3, 1.5, 3], abs=0.1)


def test_a_face_that_comes_and_goes_never_shows_old_values() -> None:
    measures = seen(Person(), times(10, 30))
    gone = [absent(m) if int(m.time_s) % 2 else m for m in measures]
    _, _, states = watch(gone)
    for state in states:
        if int(state.time_s) % 2:
            assert math.isnan(state.opening)
            assert math.isnan(state.yaw)
            assert math.isnan(state.shut_s)
            assert state.condition is Condition.UNKNOWN
            assert state.lost_s > 0
        else:
            assert state.condition is Condition.ALERT
            assert state.lost_s == 0


def test_nothing_at_all_gives_unknown_states_and_no_events() -> None:
    log, monitor, states = watch([absent(m) for m in seen(Person(), times(0.5, 30))])
    assert {state.condition for state in states} == {Condition.UNKNOWN}
    assert log.events == ()
    assert monitor.finish() == ()


def test_every_event_that_began_is_told_to_its_end() -> None:
    person = Person(
        shut=swing(2.0, 20.0, rise=0.1, fall=0.1),
        yaw=swing(1.0, 20.0, rise=0.2, fall=0.2, size=40.0),
    )
    log, _, _ = watch(seen(person, times(8, 30)))
    assert {event.kind for event in log.events} == {
        EventKind.MICROSLEEP,
        EventKind.TURN,
        EventKind.TURNED_AWAY,
    }
    assert not any(event.ongoing or event.complete for event in log.events)


def test_a_face_lost_until_the_end_is_an_event() -> None:
    measures = [absent(m) if m.time_s > 3 else m for m in seen(Person(), times(8, 30))]
    log, _, _ = watch(measures)
    (lost,) = log.events
    assert (lost.kind, lost.ongoing, lost.complete) == (EventKind.LOST_FACE, False, False)
    assert lost.duration_s == pytest.approx(5.0, abs=0.1)
