"""The engine with real sources, detectors and models; only cameras are faked."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app._opencv import cv2
from app.capture.source import SourceOptions, SourceState, open_source
from app.core.clock import now_ns
from app.core.resources import asset
from app.vision.engine import LiveEngine
from app.vision.result import FrameResult
from app.vision.settings import VisionSettings

PATIENCE_S = 30.0  # for MediaPipe's import on a busy machine


class _Running:
    """An engine with the results it has handed out."""

    def __init__(self) -> None:
        self.woken = threading.Event()
        self.changes = 0
        self.engine = LiveEngine(
            settings=VisionSettings(), on_result=self.woken.set, on_change=self._changed
        )

    def _changed(self) -> None:
        self.changes += 1

    def next(self, timeout_s: float = PATIENCE_S) -> FrameResult:
        result = self.engine.results.take(timeout_s)
        assert result is not None, self.engine.status()
        return result

    def until(self, wanted: Callable[[FrameResult], bool]) -> FrameResult:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if wanted(result := self.next()):
                return result
        raise AssertionError(f"never happened: {self.engine.status()}")

    def status_until(self, wanted: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not wanted():
            assert time.monotonic() < end, self.engine.status()
            time.sleep(0.02)


@pytest.fixture
def running() -> Iterator[_Running]:
    before = set(threading.enumerate())
    running = _Running()
    running.engine.start()
    yield running
    assert running.engine.stop()
    assert set(threading.enumerate()) <= before


def _demo(**options: object) -> object:
    return open_source(str(asset("demo.mp4")), SourceOptions(loop=True, **options))  # type: ignore[arg-type]


def test_the_picture_moves_before_the_detector_is_there(running: _Running) -> None:
    running.engine.open(_demo())  # type: ignore[arg-type]
    running.engine.set_model("")
    first, second = running.next(), running.next()
    assert first.frame.sequence < second.frame.sequence
    assert first.faces == ()
    running.engine.set_detector("blazeface")
    found = running.until(lambda r: bool(r.faces))
    assert found.detector == "blazeface"
    assert found.model == running.engine.status().model != ""


def test_a_listener_gets_every_result_until_it_is_let_go(running: _Running) -> None:
    heard: list[int] = []
    enough = threading.Event()

    def listen(result: FrameResult) -> None:
        heard.append(result.frame.sequence)
        if len(heard) == 8:
            enough.set()

    end = running.engine.listen(listen)
    running.engine.open(_demo())  # type: ignore[arg-type]
    assert enough.wait(PATIENCE_S)
    # Nobody takes the results meanwhile: a listener hears those that the mailbox drops, too.
    assert running.engine.status().results_dropped > 0
    end()
    running.next()
    heard_by_then = len(heard)
    running.next()
    running.next()
    assert len(heard) <= heard_by_then + 1
    assert heard == sorted(set(heard))


def test_the_detector_can_be_changed_while_the_clip_plays(running: _Running) -> None:
    running.engine.open(_demo())  # type: ignore[arg-type]
    running.engine.set_model("")
    for name in ("haar", "blazeface", "haar"):
        running.engine.set_detector(name)
        assert running.until(lambda r, name=name: r.detector == name and bool(r.faces))


def test_a_still_picture_is_looked_at_once_everything_is_loaded(
    running: _Running, tmp_path: Path
) -> None:
    image = cv2.VideoCapture(str(asset("demo.mp4"))).read()[1]
    cv2.imwrite(str(tmp_path / "portrait.png"), image)
    running.engine.open(open_source(str(tmp_path / "portrait.png")))
    assert running.next().faces == ()
    running.engine.set_model("")
    running.engine.set_detector("haar")
    assert len(running.until(lambda r: bool(r.faces)).faces) == 1


def test_a_setting_changes_a_paused_picture(running: _Running) -> None:
    running.engine.open(_demo())  # type: ignore[arg-type]
    running.engine.set_model("")
    running.engine.set_detector("haar")
    running.until(lambda r: bool(r.faces))
    assert running.engine.capture is not None
    running.engine.capture.pause()
    running.status_until(lambda: (c := running.engine.status().capture) is not None and c.paused)
    time.sleep(0.3)
    running.engine.results.take()
    running.engine.set_settings(VisionSettings(smooth=False))
    face = running.next().faces[0]
    assert np.array_equal(face.points, face.raw_points)


def test_a_model_that_does_not_exist_is_reported_and_the_old_one_stays(
    running: _Running,
) -> None:
    running.engine.open(_demo())  # type: ignore[arg-type]
    running.engine.set_model("")
    running.status_until(lambda: running.engine.status().model != "")
    running.engine.set_model("no-such-model")
    running.status_until(lambda: running.engine.status().loader.model_problem != "")
    assert "no-such-model" in running.engine.status().loader.model_problem
    assert running.engine.status().model != ""


def test_a_broken_clip_is_a_message_and_the_next_source_works(
    running: _Running, tmp_path: Path
) -> None:
    (tmp_path / "notes.mp4").write_text("not a video")
    running.engine.open(open_source(str(tmp_path / "notes.mp4")))
    running.status_until(
        lambda: (c := running.engine.status().capture) is not None and c.state is SourceState.FAILED
    )
    assert "notes.mp4" in running.engine.status().capture.message  # type: ignore[union-attr]
    running.engine.open(_demo())  # type: ignore[arg-type]
    assert running.next().frame.width == 640


def test_a_slow_reader_gets_fresh_results_and_the_rest_is_counted(running: _Running) -> None:
    running.engine.open(_demo())  # type: ignore[arg-type]
    running.engine.set_model("")
    running.engine.set_detector("haar")
    running.until(lambda r: bool(r.faces))
    ages_ms = []
    for _ in range(15):
        time.sleep(0.1)
        result = running.next()
        ages_ms.append((now_ns() - result.frame.arrived_ns) / 1e6)
    # A frame waits at most for the one before it, in the clip and in the vision stage; were they
    # kept, the last ones would be a second old.
    assert np.median(ages_ms) < 300
    assert running.engine.status().results_dropped > 10


def test_it_can_be_stopped_while_mediapipe_is_imported() -> None:
    before = set(threading.enumerate())
    running = _Running()
    running.engine.start()
    running.engine.open(_demo())  # type: ignore[arg-type]
    running.engine.set_model("")
    running.engine.set_detector("blazeface")
    time.sleep(0.05)
    assert running.engine.stop()
    assert set(threading.enumerate()) <= before


def test_the_meters_tell_rate_and_stages(running: _Running) -> None:
    running.engine.open(_demo())  # type: ignore[arg-type]
    running.engine.set_model("")
    running.engine.set_detector("haar")
    running.until(lambda r: bool(r.faces))
    for _ in range(40):
        running.next()
    status = running.engine.status()
    assert 1 < status.processed_fps < 40
    assert status.stages["landmarks"].p50 > 0
    assert status.capture is not None
    assert status.capture.state is SourceState.RUNNING


def test_ten_sources_in_a_row_leave_no_thread(running: _Running) -> None:
    for _ in range(10):
        running.engine.open(_demo())  # type: ignore[arg-type]
        running.next()
    running.engine.close_source()
    running.status_until(
        lambda: sum(t.name.startswith("capture") for t in threading.enumerate()) == 0
    )


def test_a_vision_stage_that_fails_is_told_once_and_the_picture_moves_on(
    running: _Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> FrameResult:
        raise ValueError("odd")

    monkeypatch.setattr("app.vision.engine.Pipeline.process", fail)
    running.engine.open(_demo())  # type: ignore[arg-type]
    first, second = running.next(), running.next()
    assert first.frame.sequence < second.frame.sequence
    assert "odd" in running.engine.status().problem
    assert caplog.text.count("in fail\n") == 1, "the way to the error is lost, or told for ever"
