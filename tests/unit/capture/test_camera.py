"""Cameras, faked where `cv2.VideoCapture` would be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from app.capture.camera import camera_source, open_capture
from app.capture.devices import CameraSettings, CameraTarget
from app.capture.live import MAX_HUNG, LiveSource, Patience
from app.capture.source import SourceState
from app.core.errors import SourceError
from app.core.frame import Frame

if TYPE_CHECKING:
    from tests.unit.capture.conftest import Rig

QUICK = Patience(
    open_s=0.3,
    first_picture_s=0.3,
    stall_s=0.15,
    frozen_s=0.2,
    backoff_s=(0.05, 0.1),
    healthy_s=10.0,
    close_s=0.5,
)

MJPG = cv2.VideoWriter.fourcc(*"MJPG")
YUYV = cv2.VideoWriter.fourcc(*"YUYV")


def open_rig(
    rig: Rig, settings: CameraSettings | None = None, patience: Patience = QUICK
) -> LiveSource:
    return camera_source("Desk Cam", lambda: 0, settings, patience=patience, factory=rig.factory)


def read_until(
    source: LiveSource, wanted: Callable[[], bool], within_s: float = 3.0
) -> list[Frame]:
    """Read on until something is so; the frames that came meanwhile."""
    frames = []
    end = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < end, f"still {source.condition}"
        try:
            frame = source.read(timeout_s=0.02)
        except TimeoutError:
            continue
        assert frame is not None
        frames.append(frame)
    return frames


def is_in(source: LiveSource, *states: SourceState) -> Callable[[], bool]:
    return lambda: source.condition.state in states


# Opening.


def test_asks_for_coding_then_size_then_rate(rig: Rig) -> None:
    settings = CameraSettings(width=1280, height=720, fps=60.0, mjpg=True)
    with open_rig(rig, settings):
        pass
    assert rig.calls == [
        (cv2.CAP_PROP_FOURCC, MJPG),
        (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720),
        (cv2.CAP_PROP_FPS, 60.0),
    ]


def test_asks_for_nothing_that_is_not_wanted(rig: Rig) -> None:
    with open_rig(rig, CameraSettings(width=None, height=None, fps=None, mjpg=False)):
        pass
    assert rig.calls == []


def test_media_foundation_gets_its_wishes_at_once(rig: Rig) -> None:
    with open_rig(rig, CameraSettings(width=640, height=480, fps=30.0, backend="msmf")):
        pass
    assert rig.calls == []
    assert rig.parameters == [
        [
            *(cv2.CAP_PROP_FOURCC, MJPG),
            *(cv2.CAP_PROP_FRAME_WIDTH, 640),
            *(cv2.CAP_PROP_FRAME_HEIGHT, 480),
            *(cv2.CAP_PROP_FPS, 30),
        ]
    ]


def test_says_what_was_negotiated_and_what_was_not(rig: Rig) -> None:
    rig.refuses = {cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_FPS}
    rig.backend = "V4L2"
    rig.claims = {cv2.CAP_PROP_FOURCC: float(YUYV), cv2.CAP_PROP_FPS: 10.0}
    with open_rig(rig, CameraSettings(width=640, height=480, fps=30.0)) as source:
        info = source.info
    assert (info.fourcc, info.fps, info.backend) == ("YUYV", 10.0, "V4L2")
    assert info.notes == (
        "The camera promises 10 instead of 30 fps.",
        "The camera sends YUYV instead of MJPG.",
    )


def test_size_is_that_of_the_pictures_whatever_the_driver_claims(rig: Rig) -> None:
    with open_rig(rig) as source:
        assert (source.info.width, source.info.height) == (64, 48)


def test_a_camera_that_is_not_there_is_refused(rig: Rig) -> None:
    rig.plugged = False
    with pytest.raises(SourceError, match="Desk Cam cannot be opened: it is not connected"):
        open_rig(rig).open()


def test_a_camera_that_opens_but_sends_nothing_is_refused(rig: Rig) -> None:
    rig.sends = False
    with pytest.raises(SourceError, match="opens but sends no picture"):
        open_rig(rig).open()
    assert rig.in_use == 0


def test_a_driver_that_hangs_while_opening_is_refused_in_time(rig: Rig) -> None:
    rig.opens_blocked = True
    source = open_rig(rig)
    start = time.monotonic()
    with pytest.raises(SourceError, match="driver does not answer"):
        source.open()
    assert time.monotonic() - start < 1.5
    rig.unblocked.set()


def test_opening_can_be_interrupted(rig: Rig) -> None:
    rig.opens_blocked = True
    source = open_rig(rig, patience=Patience(close_s=0.05))
    timer = threading.Timer(0.1, source.interrupt)
    timer.start()
    start = time.monotonic()
    with pytest.raises(SourceError):
        source.open()
    assert time.monotonic() - start < 1.0
    timer.join()


# Reading.


def test_pictures_are_numbered_and_timed_by_the_monotonic_clock(rig: Rig) -> None:
    with open_rig(rig) as source:
        before = time.monotonic_ns()
        frames = [frame for frame, _ in zip(source, range(5), strict=False)]
    sequences = [f.sequence for f in frames]
    times = [f.time_ns for f in frames]
    assert sequences == sorted(set(sequences))
    assert times == sorted(set(times))
    assert all(before - 1e9 < t <= time.monotonic_ns() for t in times)
    assert all(f.arrived_ns >= f.time_ns for f in frames)


def test_kernel_time_stamps_are_used_when_they_are_recent(rig: Rig) -> None:
    rig.backend = "V4L2"
    rig.stamp_ms = lambda: time.monotonic_ns() / 1e6 - 30.0
    with open_rig(rig) as source:
        frame = source.read()
    assert frame is not None
    assert 29e6 < frame.arrived_ns - frame.time_ns < 60e6


@pytest.mark.parametrize("stamp_ms", [0.0, 1e12, -5.0])
def test_time_stamps_of_another_clock_are_not_believed(rig: Rig, stamp_ms: float) -> None:
    rig.backend = "V4L2"
    rig.stamp_ms = lambda: stamp_ms
    with open_rig(rig) as source:
        frame = source.read()
    assert frame is not None
    assert 0 <= frame.arrived_ns - frame.time_ns < 50e6


def test_a_slow_reader_gets_the_newest_picture(rig: Rig) -> None:
    with open_rig(rig) as source:
        source.read()
        time.sleep(0.1)
        now = time.monotonic_ns()
        source.read()
        frame = source.read()
    assert frame is not None
    assert frame.sequence > 5
    assert abs(now - frame.arrived_ns) < 60e6


# Losing it.


def test_a_camera_that_vanishes_is_noticed_and_comes_back_in_a_new_epoch(rig: Rig) -> None:
    with open_rig(rig) as source:
        read_until(source, lambda: source.read() is not None)
        rig.plugged = False
        lost_at = time.monotonic()
        read_until(source, is_in(source, SourceState.STALLED))
        assert time.monotonic() - lost_at < 1.0
        assert "stopped sending pictures" in source.condition.message
        assert source.condition.attempt == 1
        read_until(source, is_in(source, SourceState.LOST))
        assert "Desk Cam is gone" in source.condition.message
        assert (source.condition.next_try_s or 0.0) <= 0.1
        rig.plugged = True
        frames = read_until(source, is_in(source, SourceState.RUNNING))
        frames.append(next(iter(source)))
        assert frames[-1].epoch == 1
        assert source.condition.message == ""
        assert source.problems == ("Desk Cam has stopped sending pictures.",)
    assert rig.in_use == 0


@pytest.mark.parametrize("what", ["vanishes", "freezes", "hangs"])
def test_a_loss_is_noticed_within_two_seconds(rig: Rig, what: str) -> None:
    with open_rig(rig, patience=Patience()) as source:
        next(iter(source))
        rig.plugged = what != "vanishes"
        rig.frozen = what == "freezes"
        rig.reads_blocked = what == "hangs"
        start = time.monotonic()
        read_until(source, is_in(source, SourceState.STALLED))
        assert 1.0 < time.monotonic() - start < 2.0
        rig.unblocked.set()


def test_tries_come_at_growing_distances(rig: Rig) -> None:
    with open_rig(rig) as source:
        rig.plugged = False
        read_until(source, lambda: source.condition.attempt >= 4)
        assert "opened again in 0.1 s" in source.condition.message
    assert len(rig.opened) >= 3


def test_reading_blocked_in_the_driver_does_not_block_the_reader_nor_closing(rig: Rig) -> None:
    with open_rig(rig) as source:
        rig.reads_blocked = True
        read_until(source, is_in(source, SourceState.STALLED))
        rig.reads_blocked = False
        read_until(source, is_in(source, SourceState.RUNNING))
        start = time.monotonic()
    assert time.monotonic() - start < 1.0
    rig.unblocked.set()


def test_few_hung_drivers_are_tolerated_then_no_more_tries_are_made(rig: Rig) -> None:
    with open_rig(rig) as source:
        rig.reads_blocked = rig.opens_blocked = True
        read_until(source, lambda: "does not answer" in source.condition.message, within_s=5.0)
        read_until(source, lambda: len(rig.opened) >= 1 + MAX_HUNG - 1)
        tries = len(rig.opened)
        for _ in range(20):
            with pytest.raises(TimeoutError):
                source.read(timeout_s=0.02)
        assert len(rig.opened) <= max(tries, MAX_HUNG)
        rig.unblocked.set()


def test_a_camera_that_repeats_one_picture_is_opened_again(rig: Rig) -> None:
    with open_rig(rig) as source:
        next(iter(source))
        rig.frozen = True
        read_until(source, is_in(source, SourceState.STALLED))
        assert "repeats one picture" in source.condition.message
        rig.frozen = False
        read_until(source, is_in(source, SourceState.RUNNING))


def test_a_still_picture_is_left_alone_after_one_try(rig: Rig) -> None:
    rig.frozen = True
    with open_rig(rig) as source:
        read_until(source, is_in(source, SourceState.STALLED))
        read_until(source, is_in(source, SourceState.RUNNING))
        frames = read_until(source, lambda: "does not change" in source.condition.message)
        end = time.monotonic() + 0.4
        frames += read_until(source, lambda: time.monotonic() > end)
        assert source.condition.state is SourceState.RUNNING
        assert len(rig.opened) == 2
        assert len(frames) > 20


def test_giving_up_ends_with_a_sentence(rig: Rig) -> None:
    patience = Patience(stall_s=0.1, backoff_s=(0.05,), give_up_s=0.3)
    with open_rig(rig, patience=patience) as source:
        rig.plugged = False
        with pytest.raises(SourceError, match="Desk Cam has sent no picture for"):
            read_until(source, lambda: False)
        assert source.condition.state is SourceState.FAILED


def test_a_camera_under_another_number_is_found_again(rig: Rig) -> None:
    places = {"now": 0}

    def locate() -> CameraTarget:
        return places["now"]

    source = camera_source("Desk Cam", locate, patience=QUICK, factory=rig.factory)
    with source:
        rig.plugged = False
        read_until(source, is_in(source, SourceState.STALLED))
        places["now"] = 2
        rig.plugged = True
        read_until(source, is_in(source, SourceState.RUNNING))
    assert rig.opened[0] == 0
    assert rig.opened[-1] == 2


def test_a_driver_that_raises_is_a_loss_and_no_crash(rig: Rig) -> None:
    with open_rig(rig) as source:
        next(iter(source))
        rig.raises = RuntimeError("USB reset")
        read_until(source, is_in(source, SourceState.STALLED))
        assert "USB reset" in source.condition.message
        rig.raises = None
        read_until(source, is_in(source, SourceState.RUNNING))


# The real cv2.VideoCapture, on a file in the place of a camera.


def test_opencv_itself_delivers_stops_and_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "desk.avi"
    writer = cv2.VideoWriter(str(path), MJPG, 30.0, (64, 48))
    random = np.random.default_rng(0)
    for _ in range(20):
        writer.write(random.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    writer.release()
    # A busy machine may take more than the moment that suits a made-up device.
    patience = replace(QUICK, open_s=10.0, first_picture_s=10.0)
    source = camera_source("File Cam", lambda: str(path), patience=patience, factory=open_capture)
    with source:
        frame = source.read()
        assert frame is not None
        assert frame.image.shape == (48, 64, 3)
        read_until(source, is_in(source, SourceState.STALLED), within_s=10.0)
        frames = read_until(source, is_in(source, SourceState.RUNNING), within_s=10.0)
        frames.append(next(iter(source)))
        assert frames[-1].epoch >= 1


def test_opencv_says_nothing_on_the_terminal_about_a_missing_camera(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SourceError, match="Camera 97 cannot be opened"):
        camera_source("Camera 97", lambda: 97).open()
    assert capfd.readouterr() == ("", "")
