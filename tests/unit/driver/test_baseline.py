"""What is learned of a person."""

import math
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.core.errors import PfldLiveError
from app.driver.baseline import Baseline, RunningBaseline, learn_baseline
from app.driver.calibration import Calibration, CalibrationPhase
from app.driver.measures import FaceMeasures
from app.driver.monitor import DriverMonitor
from app.driver.settings import DriverSettings
from app.driver.state import BaselineSource, Condition
from tests.unit.driver.synthetic import (
    BASELINE,
    OPEN,
    SHUT,
    Person,
    absent,
    blink,
    seen,
    still,
    swing,
    times,
    total,
)

SETTINGS = DriverSettings()
BLINKING = total(blink(0.5 + 2.3 * i, 0.2) for i in range(20))


def noisy(measures: list[FaceMeasures], by: float = 0.012) -> list[FaceMeasures]:
    noise = random.Random(3)
    return [
        replace(
            m, left_ear=m.left_ear + noise.gauss(0, by), right_ear=m.right_ear + noise.gauss(0, by)
        )
        for m in measures
    ]


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_open_and_shut_are_learned_from_blinks_through_noise(fps: float) -> None:
    baseline = learn_baseline(noisy(seen(Person(shut=BLINKING), times(40, fps))), SETTINGS)
    assert baseline is not None
    assert baseline.shut_seen
    assert baseline.left_open == pytest.approx(OPEN, abs=0.01)
    assert baseline.right_shut == pytest.approx(SHUT, abs=0.03)


def test_eyes_that_never_shut_get_the_usual_ratio() -> None:
    baseline = learn_baseline(noisy(seen(Person(), times(10, 30))), SETTINGS)
    assert baseline is not None
    assert not baseline.shut_seen
    assert baseline.left_shut == pytest.approx(SETTINGS.shut_ratio * OPEN, abs=0.01)


def test_neutral_is_where_the_head_is_most_of_the_time() -> None:
    person = Person(
        yaw=lambda t: 6 + (35 if 4 < t < 7 else 0), pitch=still(-12.0), mouth=still(0.2)
    )
    baseline = learn_baseline(seen(person, times(12, 30)), SETTINGS)
    assert baseline is not None
    assert (baseline.yaw, baseline.pitch) == pytest.approx((6, -12), abs=0.5)
    assert baseline.mouth == pytest.approx(0.2)


def test_too_little_time_teaches_nothing() -> None:
    assert learn_baseline(seen(Person(), times(1.5, 30)), SETTINGS) is None
    assert learn_baseline([], SETTINGS) is None
    assert learn_baseline([absent(m) for m in seen(Person(), times(9, 30))], SETTINGS) is None


def test_the_face_that_was_seen_longest_teaches() -> None:
    driver = seen(Person(), times(10, 30))
    passenger = [replace(m, face_id=2, left_ear=0.2, right_ear=0.2) for m in driver[:100]]
    baseline = learn_baseline(passenger + driver[100:], SETTINGS)
    assert baseline is not None
    assert baseline.left_open == pytest.approx(OPEN)


def test_a_running_baseline_follows_light_and_forgets_no_closure() -> None:
    running = RunningBaseline(BASELINE)
    drifting = Person(shut=total([BLINKING, lambda t: 0.2 * t / 120]))
    for measures in seen(drifting, times(120, 10)):
        running.update(measures, SETTINGS)
    assert running.current is not None
    assert 0.26 < running.current.left_open < 0.285
    before = running.current
    for t in times(20, 10):
        running.update(replace(Person(shut=still(1.0)).at(0), time_s=120 + t), SETTINGS)
    assert running.current.left_open == before.left_open
    assert running.current.left_shut == pytest.approx(SHUT, abs=0.01)


def test_a_turned_head_teaches_nothing() -> None:
    running = RunningBaseline(BASELINE)
    for measures in seen(Person(yaw=still(30.0), shut=still(0.2)), times(30, 10)):
        running.update(measures, SETTINGS)
    assert running.current == BASELINE


def test_a_baseline_without_open_eyes_is_refused() -> None:
    with pytest.raises(PfldLiveError, match="wider than shut"):
        Baseline(left_open=0.1, right_open=0.3, left_shut=0.2, right_shut=0.1)


def calibrated(person: Person, seconds: float = 12, fps: float = 30) -> Calibration:
    calibration = Calibration(SETTINGS)
    for measures in seen(person, times(seconds, fps)):
        calibration.add(measures)
    return calibration


@pytest.mark.parametrize("fps", [10, 30])
def test_calibration_takes_5_to_10_seconds_and_knows_both_ends(fps: float) -> None:
    person = Person(
        shut=total([blink(1.0), swing(5.0, 2.5, rise=0.1, fall=0.1)]), pitch=still(-8.0)
    )
    calibration, phases = Calibration(SETTINGS), []
    for measures in seen(person, times(12, fps)):
        status = calibration.add(measures)
        phases.append((measures.time_s, status.phase, status.progress))
    assert calibration.baseline is not None
    assert calibration.baseline.left_open == pytest.approx(OPEN, abs=0.005)
    assert calibration.baseline.left_shut == pytest.approx(SHUT, abs=0.01)
    assert calibration.baseline.pitch == pytest.approx(-8.0)
    done_s = next(t for t, phase, _ in phases if phase is CalibrationPhase.DONE)
    assert 5 <= done_s <= 10
    progress = [share for _, _, share in phases]
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


def test_whoever_does_not_shut_the_eyes_is_calibrated_with_a_word_about_it() -> None:
    calibration = calibrated(Person())
    assert calibration.status.phase is CalibrationPhase.DONE
    assert "not seen shut" in calibration.status.guidance
    assert calibration.baseline is not None
    assert not calibration.baseline.shut_seen


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"face_id": None}, "No face is seen"),
        ({"eye_distance_px": 12.0}, "come closer"),
        ({"trust": 0.4}, "not seen well"),
        ({"left_ear": math.nan}, "not seen well"),
    ],
)
def test_guidance_says_what_is_wrong_and_gives_up_after_a_while(
    change: dict[str, float | None], words: str
) -> None:
    calibration = Calibration(SETTINGS)
    for measures in seen(Person(), times(29, 10)):
        status = calibration.add(replace(measures, **change))
        assert status.phase is CalibrationPhase.LOOK
        assert words in status.guidance
    calibration.add(replace(Person().at(31.0), **change))
    assert calibration.status.phase is CalibrationPhase.FAILED
    assert calibration.baseline is None
    assert not calibration.running


def test_a_moving_head_begins_again() -> None:
    person = Person(yaw=lambda t: 25.0 if 2 < t < 2.5 else 0.0)
    calibration = Calibration(SETTINGS)
    looked_s = None
    for measures in seen(person, times(12, 30)):
        status = calibration.add(measures)
        if looked_s is None and status.phase is not CalibrationPhase.LOOK:
            looked_s = measures.time_s
    assert looked_s == pytest.approx(6.5, abs=0.2)


@pytest.fixture
def monitor() -> Iterator[DriverMonitor]:
    return DriverMonitor()


def test_a_monitor_learns_while_watching_and_goes_by_a_calibration(monitor: DriverMonitor) -> None:
    person = Person(shut=total([blink(1.0), swing(9.2, 2.0, rise=0.1, fall=0.1)]))
    measures = seen(person, times(15, 30))
    states = [monitor.add(m) for m in measures[:120]]
    assert states[0].condition is Condition.UNKNOWN
    assert "Learning" in states[0].reasons[0]
    assert states[-1].baseline is BaselineSource.RUNNING
    assert states[-1].condition is Condition.ALERT
    assert monitor.start_calibration().phase is CalibrationPhase.LOOK
    states = [monitor.add(m) for m in measures[120:]]
    assert monitor.calibration is not None
    assert monitor.calibration.status.phase is CalibrationPhase.DONE
    assert states[-1].baseline is BaselineSource.CALIBRATED
    assert monitor.baseline is not None
    assert monitor.baseline.left_shut == pytest.approx(SHUT, abs=0.01)


def test_a_cancelled_calibration_leaves_the_baseline(monitor: DriverMonitor) -> None:
    monitor.use_baseline(BASELINE)
    monitor.start_calibration()
    for measures in seen(Person(shut=still(0.3)), times(2, 30)):
        monitor.add(measures)
    monitor.cancel_calibration()
    for measures in seen(Person(), times(12, 30))[61:]:
        state = monitor.add(measures)
    assert state.baseline is BaselineSource.PROFILE
