"""Yawns, and what opens the mouth without being one."""

import math

import pytest

from app.driver.state import EventKind
from tests.unit.driver.synthetic import Person, Signal, events_of, seen, still, swing, times, watch


def opened(shape: Signal, *, rest: float = 0.05) -> Signal:
    return lambda time: rest + shape(time)


@pytest.mark.parametrize("fps", [10, 15, 30])
@pytest.mark.parametrize("size", [0.42, 0.6, 0.9])
def test_a_yawn_has_the_same_times_at_every_frame_rate_and_size(fps: float, size: float) -> None:
    shape = swing(3.0, 3.1, rise=0.8, fall=0.5, size=size)
    (yawn,) = events_of(Person(mouth=opened(shape)), 10, fps=fps, phase=0.4)
    assert yawn.kind is EventKind.YAWN
    assert yawn.start_s == pytest.approx(3.0, abs=0.05)
    assert yawn.duration_s == pytest.approx(3.1, abs=0.05)
    assert yawn.size == pytest.approx(0.05 + size, abs=0.03)
    assert yawn.complete


def test_a_yawn_is_told_while_it_goes_on() -> None:
    person = Person(mouth=opened(swing(2.0, 4.0, rise=0.6, fall=0.6, size=0.7)))
    _, _, states = watch(seen(person, times(8, 30)))
    told = [(state.time_s, event) for state in states for event in state.events]
    assert [event.ongoing for _, event in told] == [True, False]
    assert told[0][0] == pytest.approx(4.1, abs=0.2)
    assert told[0][1].id == told[1][1].id
    assert all(state.yawning for state in states if 4.5 < state.time_s < 5.5)
    assert (states[-1].yawns, states[-1].yawning) == (1, False)


def test_a_wide_mouth_for_a_shorter_time_is_no_yawn() -> None:
    shape = swing(2.0, 1.8, rise=0.4, fall=0.4, size=0.8)
    assert events_of(Person(mouth=opened(shape)), 6) == ()


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_talking_is_no_yawn(fps: float) -> None:
    def talk(time: float) -> float:
        return 0.05 + 0.3 * max(math.sin(2 * math.pi * 3.7 * time), 0.0) * (1 + math.sin(time))

    assert events_of(Person(mouth=talk), 20, fps=fps) == ()


def test_shouting_with_short_breaks_is_no_yawn() -> None:
    def shout(time: float) -> float:
        return 0.1 if time % 0.9 < 0.25 else 0.6

    assert events_of(Person(mouth=shout), 20) == ()


def test_a_mouth_that_is_wide_for_part_of_its_opening_is_no_yawn() -> None:
    def loose(time: float) -> float:
        return 0.5 if time % 2 < 1.2 else 0.3

    assert events_of(Person(mouth=lambda t: loose(t) if 2 < t < 12 else 0.05), 14) == ()


def test_laughter_with_a_wide_open_mouth_is_no_yawn() -> None:
    laugh = swing(2.0, 4.0, rise=0.3, fall=0.6, size=0.6)
    person = Person(mouth=opened(laugh), width=lambda time: 0.5 + 0.2 * laugh(time) / 0.6)
    assert events_of(person, 9) == ()


def test_a_smile_is_no_yawn_and_a_yawn_out_of_a_smile_is_one() -> None:
    yawn = swing(4.0, 3.0, rise=0.5, fall=0.5, size=0.6)
    person = Person(mouth=opened(yawn, rest=0.25), width=still(0.55))
    (event,) = events_of(person, 10)
    assert event.start_s == pytest.approx(4.0, abs=0.1)


def test_a_yawn_after_talking_out_of_a_smile_is_found() -> None:
    def talk(time: float) -> float:
        return 0.25 + (0.3 if time % 0.4 < 0.15 else 0.0)

    yawn = swing(8.0, 3.0, rise=0.5, fall=0.5, size=0.65)
    person = Person(mouth=lambda t: talk(t) if t < 6 else 0.25 + yawn(t))
    (event,) = events_of(person, 13)
    assert event.end_s == pytest.approx(11.0, abs=0.1)


def test_a_yawn_cut_off_by_the_end_is_kept_as_incomplete() -> None:
    person = Person(mouth=opened(swing(2.0, 9.0, rise=0.5, fall=0.5, size=0.6)))
    (yawn,) = events_of(person, 6)
    assert (yawn.complete, yawn.ongoing) == (False, False)
    assert yawn.duration_s == pytest.approx(4.0, abs=0.1)


def test_an_unknown_mouth_ends_what_was_seen_of_it() -> None:
    shape = swing(2.0, 5.0, rise=0.5, fall=0.5, size=0.6)
    person = Person(mouth=lambda t: math.nan if 3.0 < t < 4.5 else 0.05 + shape(t))
    (yawn,) = events_of(person, 9)
    assert yawn.start_s == pytest.approx(4.5, abs=0.05)
    assert not yawn.complete


def test_a_yawn_tilts_no_head() -> None:
    shape = swing(2.0, 4.0, rise=0.6, fall=0.6, size=0.7)
    person = Person(mouth=opened(shape), pitch=lambda time: 18 * shape(time))
    assert [event.kind for event in events_of(person, 9)] == [EventKind.YAWN]
