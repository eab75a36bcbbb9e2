"""The bundled clip, whose every movement is known, at three frame rates."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.capture.source import Pace, SourceOptions, open_source
from app.core.resources import asset
from app.driver.measures import FaceMeasures
from app.driver.monitor import DriverMonitor
from app.driver.offline import follow_clip
from app.driver.session import SessionLog
from app.driver.settings import DriverSettings
from app.driver.state import CLOSURES, Condition, EventKind
from app.driver.watch import FaceWatch
from app.vision.detectors import DEFAULT_DETECTOR
from app.vision.offline import open_pipeline
from app.vision.result import FrameResult
from app.vision.settings import VisionSettings

RATES = (30, 15, 10)
SETTINGS = DriverSettings()


@dataclass(frozen=True)
class Truth:
    events: dict[str, list[dict[str, Any]]]
    perclos: float


@dataclass(frozen=True)
class Run:
    results: list[FrameResult]
    measures: list[FaceMeasures]
    log: SessionLog
    monitor: DriverMonitor


@pytest.fixture(scope="module")
def truth() -> Truth:
    lines = asset("demo.labels.jsonl").read_text("utf-8").splitlines()
    header, *frames = (json.loads(line) for line in lines)
    events: dict[str, list[dict[str, Any]]] = {}
    for event in header["events"]:
        if event["person"] == 0:
            events.setdefault(event["kind"], []).append(event)
    eyes = [next(f["eyes"] for f in frame["faces"] if f["person"] == 0) for frame in frames]
    shut = [(e["left_open"] + e["right_open"]) / 2 <= SETTINGS.perclos_opening for e in eyes]
    return Truth(events, sum(shut) / len(shut))


@pytest.fixture(scope="module", params=RATES, ids=lambda fps: f"{fps} fps")
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """The clip with frames left out, through the default model and the driver room."""
    fps, results, watch = request.param, [], FaceWatch()
    options = SourceOptions(pace=Pace.FAST)
    with (
        open_source(str(asset("demo.mp4")), options) as source,
        open_pipeline(model="", detector=DEFAULT_DETECTOR, settings=VisionSettings()) as pipeline,
    ):
        for frame in source:
            if abs(frame.time_s * fps - round(frame.time_s * fps)) > 1e-3:
                continue
            results.append(pipeline.process(frame))
    assert len(results) == 20 * fps
    measures = [watch.measures(result) for result in results]
    log, monitor = follow_clip(measures, SETTINGS)
    return Run(results, measures, log, monitor)


def test_every_blink_is_found_and_none_invented(run: Run, truth: Truth) -> None:
    starts = [event.start_s for event in run.log.of_kind(EventKind.BLINK)]
    assert starts == pytest.approx([e["start_s"] for e in truth.events["blink"]], abs=0.1)


def test_blink_durations_are_right_or_refused(run: Run, truth: Truth) -> None:
    durations = [event.duration_s for event in run.log.of_kind(EventKind.BLINK)]
    if len(run.results) < 15 * 20:
        assert durations == pytest.approx([float("nan")] * len(durations), nan_ok=True)
    else:
        true = [e["duration_s"] for e in truth.events["blink"]]
        assert durations == pytest.approx(true, abs=0.05)


@pytest.mark.parametrize("kind", ["closure", "yawn"])
def test_closure_and_yawn_start_and_last_as_in_truth_to_a_tenth_of_a_second(
    run: Run, truth: Truth, kind: str
) -> None:
    kinds = CLOSURES if kind == "closure" else {EventKind.YAWN}
    (found,), (true,) = run.log.of_kind(*kinds), truth.events[kind]
    assert found.start_s == pytest.approx(true["start_s"], abs=0.1)
    assert found.duration_s == pytest.approx(true["duration_s"], abs=0.1)


@pytest.mark.parametrize(
    ("kind", "name", "angle"), [(EventKind.TURN, "turn", "yaw"), (EventKind.NOD, "nod", "pitch")]
)
def test_turns_and_nods_are_found_with_their_side(
    run: Run, truth: Truth, kind: EventKind, name: str, angle: str
) -> None:
    found, true = run.log.of_kind(kind), truth.events[name]
    assert [event.start_s for event in found] == pytest.approx(
        [e["start_s"] for e in true], abs=0.15
    )
    assert [event.duration_s for event in found] == pytest.approx(
        [e["duration_s"] for e in true], abs=0.2
    )
    assert [event.size > 0 for event in found] == [e[angle] > 0 for e in true]


def test_perclos_is_the_true_one_to_one_percent(run: Run, truth: Truth) -> None:
    assert run.monitor.eye_time.perclos == pytest.approx(truth.perclos, abs=0.01)
    assert run.monitor.eye_time.unknown < 0.05


def test_nothing_else_is_found(run: Run) -> None:
    others = (EventKind.NOD_OFF, EventKind.TURNED_AWAY, EventKind.LOST_FACE)
    assert run.log.of_kind(*others) == ()


def test_the_states_follow_the_closure(run: Run) -> None:
    spans = run.log.spans
    assert [span.condition for span in spans] == [
        Condition.ALERT,
        Condition.ASLEEP,
        Condition.DROWSY,
    ]
    assert spans[1].start_s == pytest.approx(12.8, abs=0.15)
    assert spans[2].start_s == pytest.approx(13.8, abs=0.15)
    assert all(span.reasons for span in spans[1:])


def test_watched_live_the_same_is_found_once_the_eyes_are_learned(run: Run, truth: Truth) -> None:
    monitor, log = DriverMonitor(SETTINGS), SessionLog()
    for result in run.results:
        log.add(monitor.update(result))
    log.add_events(monitor.finish())
    learned_s = log.spans[0].duration_s
    assert log.spans[0].condition is Condition.UNKNOWN
    assert learned_s < 6
    later = [e for e in truth.events["blink"] if e["start_s"] > learned_s]
    starts = [event.start_s for event in log.of_kind(EventKind.BLINK)]
    assert starts == pytest.approx([e["start_s"] for e in later], abs=0.1)
    (closure,) = log.of_kind(*CLOSURES)
    assert closure.duration_s == pytest.approx(2.0, abs=0.1)


def test_a_frame_takes_a_fraction_of_a_millisecond(run: Run) -> None:
    """The goal is 0.2 ms; the median leaves out moments in which the machine is busy elsewhere,
    and the limit leaves room for slow ones.
    """
    monitor, spent = DriverMonitor(SETTINGS, baseline=run.monitor.baseline), []
    for result in run.results:
        started = time.perf_counter()
        monitor.update(result)
        spent.append(time.perf_counter() - started)
    assert sorted(spent)[len(spent) // 2] < 2e-3
