"""The monitor as a whole, on synthetic measurements."""

import pytest

from app.driver.baseline import Baseline
from app.driver.measures import FaceMeasures
from app.driver.monitor import DriverMonitor
from app.driver.state import Condition, DriverEvent, EventKind

BASELINE = Baseline(
    left_open=0.3,
    right_open=0.3,
    left_shut=0.1,
    right_shut=0.1,
    mouth=0.05,
    mouth_width=0.5,
    yaw=0.0,
    pitch=0.0,
    roll=0.0,
    shut_seen=True,
)


def seen(time_s: float, *, ear: float = 0.3) -> FaceMeasures:
    return FaceMeasures(
        time_s=time_s,
        face_id=1,
        left_ear=ear,
        right_ear=ear,
        mouth=0.05,
        mouth_width=0.5,
        yaw=0.0,
        pitch=0.0,
        roll=0.0,
        trust=1.0,
        eye_distance_px=100.0,
    )


def test_eyes_shut_for_two_seconds_are_a_microsleep() -> None:
    monitor = DriverMonitor(baseline=BASELINE)
    events: dict[int, DriverEvent] = {}
    conditions = set()
    for frame in range(150):
        time_s = frame / 30
        state = monitor.add(seen(time_s, ear=0.1 if 1.0 <= time_s < 3.0 else 0.3))
        conditions.add(state.condition)
        events |= {event.id: event for event in state.events}
    (event,) = events.values()
    assert event.kind is EventKind.MICROSLEEP
    assert event.start_s == pytest.approx(1.0, abs=1 / 30)
    assert event.duration_s == pytest.approx(2.0, abs=1 / 30)
    assert conditions == {Condition.ALERT, Condition.ASLEEP, Condition.DROWSY}
