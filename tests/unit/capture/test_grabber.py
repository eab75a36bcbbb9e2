from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.capture.camera import camera_source
from app.capture.clip import ClipSource
from app.capture.grabber import CaptureStatus, CaptureThread
from app.capture.images import ImagesSource
from app.capture.live import Patience
from app.capture.source import FrameSource, Pace, SourceCondition, SourceInfo, SourceState
from app.core.frame import Frame

if TYPE_CHECKING:
    from tests.unit.capture.conftest import Rig

ClipMaker = Callable[..., Path]


@pytest.fixture
def run() -> Iterator[Callable[..., CaptureThread]]:
    """Start a capture thread that is stopped when the test ends."""
    threads: list[CaptureThread] = []

    def start(
        source: FrameSource, on_change: Callable[[CaptureStatus], None] | None = None
    ) -> CaptureThread:
        thread = CaptureThread(source, on_change)
        threads.append(thread)
        thread.start()
        return thread

    yield start
    for thread in threads:
        assert thread.stop(2.0)


def eventually(condition: Callable[[], bool], within_s: float = 3.0) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def in_state(thread: CaptureThread, state: SourceState) -> Callable[[], bool]:
    return lambda: thread.status.state is state


def take(thread: CaptureThread) -> Frame:
    frame = thread.frames.take(timeout_s=3.0)
    assert frame is not None
    return frame


def test_frames_arrive_in_the_mailbox(
    make_clip: ClipMaker, run: Callable[..., CaptureThread]
) -> None:
    thread = run(ClipSource(make_clip(), pace=Pace.REAL_TIME))
    sequences = [take(thread).sequence for _ in range(10)]
    assert sequences == sorted(set(sequences))
    assert thread.status.state is SourceState.RUNNING
    assert thread.status.info is not None
    assert thread.status.can_seek


def test_what_nobody_took_is_counted(
    make_clip: ClipMaker, run: Callable[..., CaptureThread]
) -> None:
    thread = run(ClipSource(make_clip(), pace=Pace.FAST))
    eventually(in_state(thread, SourceState.ENDED))
    assert thread.status.delivered == 30
    assert thread.status.dropped == 29
    assert take(thread).sequence == 29


def test_rate_is_measured(make_clip: ClipMaker, run: Callable[..., CaptureThread]) -> None:
    thread = run(ClipSource(make_clip(), pace=Pace.REAL_TIME))
    eventually(lambda: thread.status.delivered >= 20)
    assert thread.status.fps == pytest.approx(25.0, rel=0.2)


def test_clip_can_be_driven_from_another_thread(
    make_clip: ClipMaker, run: Callable[..., CaptureThread]
) -> None:
    thread = run(ClipSource(make_clip(times_ms=tuple(range(0, 8000, 40))), pace=Pace.REAL_TIME))
    take(thread)
    thread.pause()
    eventually(in_state(thread, SourceState.PAUSED))
    thread.frames.take()
    thread.seek(4.0)
    assert take(thread).time_s == pytest.approx(4.0)
    assert thread.frames.take(timeout_s=0.15) is None
    thread.step(1)
    assert take(thread).time_s == pytest.approx(4.04)
    thread.step(-1)
    assert take(thread).time_s == pytest.approx(4.0)
    assert thread.status.position_s == pytest.approx(4.0)
    assert thread.status.paused
    thread.resume()
    assert take(thread).time_s == pytest.approx(4.04)
    assert not thread.status.paused


def test_after_its_end_a_clip_still_obeys(
    make_clip: ClipMaker, run: Callable[..., CaptureThread]
) -> None:
    thread = run(ClipSource(make_clip(), pace=Pace.FAST))
    eventually(in_state(thread, SourceState.ENDED))
    take(thread)
    thread.seek(0.4)
    eventually(lambda: thread.status.delivered >= 50)
    eventually(in_state(thread, SourceState.ENDED))
    thread.set_loop(True)
    thread.resume()
    eventually(lambda: thread.status.delivered > 200)
    assert thread.status.looping
    assert thread.status.state is SourceState.RUNNING


def test_a_jump_is_no_loss(make_clip: ClipMaker, run: Callable[..., CaptureThread]) -> None:
    thread = run(ClipSource(make_clip(), pace=Pace.REAL_TIME))
    take(thread)
    thread.pause()
    eventually(in_state(thread, SourceState.PAUSED))
    thread.frames.take()
    lost = thread.status.dropped
    for time_s in (1.0, 0.2, 0.8):
        thread.seek(time_s)
        take(thread)
    assert thread.status.dropped == lost


def test_refusal_becomes_a_status_with_the_sentence(
    tmp_path: Path, run: Callable[..., CaptureThread]
) -> None:
    (tmp_path / "notes.mp4").write_text("Buy milk.\n" * 30)
    told: list[CaptureStatus] = []
    thread = run(ClipSource(tmp_path / "notes.mp4"), told.append)
    eventually(in_state(thread, SourceState.FAILED))
    assert thread.status.message.startswith("notes.mp4 is not a video that can be read")
    assert thread.frames.take(timeout_s=None) is None
    eventually(lambda: not thread.alive)
    assert [s.state for s in told] == [SourceState.OPENING, SourceState.FAILED]


def test_listener_hears_each_change_once(
    make_clip: ClipMaker, run: Callable[..., CaptureThread]
) -> None:
    told: list[CaptureStatus] = []
    thread = run(ClipSource(make_clip(), pace=Pace.FAST), told.append)
    eventually(in_state(thread, SourceState.ENDED))
    thread.stop()
    assert [s.state for s in told] == [
        SourceState.OPENING,
        SourceState.RUNNING,
        SourceState.ENDED,
        SourceState.CLOSED,
    ]


def test_a_listener_that_fails_does_not_stop_the_pictures(
    make_clip: ClipMaker, run: Callable[..., CaptureThread]
) -> None:
    def fail(status: CaptureStatus) -> None:
        raise RuntimeError(status.message)

    thread = run(ClipSource(make_clip(), pace=Pace.FAST), fail)
    eventually(lambda: thread.status.delivered == 30)


def test_stopping_in_a_long_wait_is_quick(
    make_clip: ClipMaker, run: Callable[..., CaptureThread]
) -> None:
    thread = run(ClipSource(make_clip(times_ms=(0, 60_000)), pace=Pace.REAL_TIME))
    take(thread)
    start = time.monotonic()
    assert thread.stop(2.0)
    assert time.monotonic() - start < 0.5
    assert thread.status.state is SourceState.CLOSED


def test_stopping_before_starting_is_harmless(make_clip: ClipMaker) -> None:
    assert CaptureThread(ClipSource(make_clip())).stop()


def test_problems_of_the_source_are_in_the_status(
    tmp_path: Path, make_image: Callable[..., Path], run: Callable[..., CaptureThread]
) -> None:
    make_image("set/0.png", np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "set" / "1.png").touch()
    thread = run(ImagesSource(tmp_path / "set"))
    eventually(in_state(thread, SourceState.ENDED))
    assert thread.status.problems == ("1.png is empty; it was left out.",)


class Faulty(FrameSource):
    """A source with a bug."""

    def open(self) -> None: ...

    def read(self, timeout_s: float | None = None) -> Frame | None:
        raise KeyError("slip")

    def close(self) -> None: ...

    def interrupt(self) -> None: ...

    @property
    def info(self) -> SourceInfo:
        return SourceInfo(width=1, height=1)

    @property
    def condition(self) -> SourceCondition:
        return SourceCondition(state=SourceState.RUNNING)


def test_a_bug_in_a_source_does_not_end_in_silence(run: Callable[..., CaptureThread]) -> None:
    thread = run(Faulty("bug"))
    eventually(in_state(thread, SourceState.FAILED))
    assert "KeyError" in thread.status.message


def test_camera_lost_and_back_shows_in_the_status(
    rig: Rig, run: Callable[..., CaptureThread]
) -> None:
    patience = Patience(stall_s=0.15, backoff_s=(0.1,), first_picture_s=0.5)
    camera = camera_source("Desk Cam", lambda: 0, patience=patience, factory=rig.factory)
    told: list[CaptureStatus] = []
    thread = run(camera, told.append)
    eventually(lambda: (thread.status.fps or 0) > 0)
    assert thread.status.message == ""
    rig.plugged = False
    eventually(in_state(thread, SourceState.LOST))
    assert "Desk Cam is gone" in thread.status.message
    assert (thread.status.next_try_s or 0.0) <= 0.1
    rig.plugged = True
    eventually(in_state(thread, SourceState.RUNNING))
    assert thread.status.message == ""
    states = [s.state for s in told]
    for state in (SourceState.STALLED, SourceState.LOST, SourceState.REOPENING):
        assert state in states
    assert not thread.status.can_seek
    assert thread.status.position_s is None


def test_stopping_is_quick_although_the_driver_hangs(rig: Rig) -> None:
    patience = Patience(close_s=0.2)
    camera = camera_source("Desk Cam", lambda: 0, patience=patience, factory=rig.factory)
    thread = CaptureThread(camera)
    thread.start()
    take(thread)
    rig.reads_blocked = True
    time.sleep(0.05)
    start = time.monotonic()
    assert thread.stop(2.0)
    assert time.monotonic() - start < 1.0


def test_a_camera_can_be_opened_again_while_its_driver_still_lets_go(
    rig: Rig, run: Callable[..., CaptureThread]
) -> None:
    rig.exclusive, rig.release_s = True, 0.3
    first = run(camera_source("Desk Cam", lambda: 0, factory=rig.factory))
    take(first)
    assert not first.stop(0.0)
    second = run(camera_source("Desk Cam", lambda: 0, factory=rig.factory))
    take(second)
    assert second.status.state is SourceState.RUNNING


def test_of_seeks_that_pile_up_only_the_newest_is_obeyed(
    make_clip: ClipMaker, run: Callable[..., CaptureThread], monkeypatch: pytest.MonkeyPatch
) -> None:
    seek, sought = ClipSource.seek, []

    def slow_seek(source: ClipSource, time_s: float) -> None:
        sought.append(time_s)
        time.sleep(0.15)
        seek(source, time_s)

    monkeypatch.setattr(ClipSource, "seek", slow_seek)
    thread = run(ClipSource(make_clip(times_ms=tuple(range(0, 8000, 40))), pace=Pace.REAL_TIME))
    take(thread)
    for number in range(60):  # a slider that is dragged
        thread.seek(number / 10)
        time.sleep(0.01)
    let_go_s = time.monotonic()
    eventually(lambda: thread.status.position_s >= 5.9)
    assert time.monotonic() - let_go_s < 1.0
    assert sought[-1] == 5.9
    assert len(sought) < 12


def test_steps_of_a_held_key_become_one_and_a_seek_counts_more(
    make_clip: ClipMaker, run: Callable[..., CaptureThread], monkeypatch: pytest.MonkeyPatch
) -> None:
    step, steps = ClipSource.step, []

    def slow_step(source: ClipSource, pictures: int) -> None:
        steps.append(pictures)
        time.sleep(0.15)
        step(source, pictures)

    monkeypatch.setattr(ClipSource, "step", slow_step)
    thread = run(ClipSource(make_clip(times_ms=tuple(range(0, 8000, 40))), pace=Pace.REAL_TIME))
    thread.pause()
    thread.seek(4.0)
    eventually(lambda: thread.status.position_s == pytest.approx(4.0))
    for _ in range(50):
        thread.step(-1)
    eventually(lambda: thread.status.position_s == pytest.approx(2.0))
    assert sum(steps) == -50
    assert len(steps) <= 3
    thread.step(-1)
    thread.step(-1)
    thread.seek(6.0)
    eventually(lambda: thread.status.position_s == pytest.approx(6.0))
    assert thread.status.paused


def test_stopping_is_heard_between_commands_and_in_a_long_seek(
    make_clip: ClipMaker, run: Callable[..., CaptureThread]
) -> None:
    # One key frame: each seek walks through the whole clip.
    clip = make_clip(times_ms=tuple(range(0, 48_000, 40)), size=(640, 480), gop=100_000)
    thread = run(ClipSource(clip, pace=Pace.REAL_TIME))
    take(thread)
    for number in range(20):
        thread.seek(47.0 - number / 10)
        time.sleep(0.02)
    began_s = time.monotonic()
    assert thread.stop(5.0)
    assert time.monotonic() - began_s < 0.5
