"""Recording, snapshots and live data, as a user of the window meets them."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app._opencv import cv2
from app.record import recorder as recording
from app.ui.main_window import MainWindow
from app.ui.preferences import Preferences
from app.ui.recording.bar import size_text
from tests.gui.desk import FakeCameras, FakeDevice
from tests.gui.test_window import DESK, device, texts, time_of

__all__ = ["device"]  # a fixture

MakeWindow = Callable[..., MainWindow]
Wait = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path, preferences: Preferences) -> Path:
    """Where the window records to."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    preferences.set("record/folder", str(folder))
    return folder


def frames_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def recorded(window: MainWindow) -> int:
    recorder = window.recording.recorder
    return 0 if recorder is None else recorder.status.frames


def test_the_button_records_what_is_played_and_says_where(
    make_window: MakeWindow, wait: Wait, clip: Path, folder: Path, qtbot: QtBot
) -> None:
    window = make_window(str(clip))
    assert not window.record_actions.record.isEnabled()
    wait(lambda: time_of(window) >= 0)
    window.record_actions.record.trigger()
    assert window.record_actions.record.text() == "Stop &recording"
    wait(lambda: recorded(window) > 10)
    wait(lambda: window.record_bar.isVisible() and window.record_bar.time.text() != "0:00.0")
    wait(lambda: "free" in window.record_bar.free.text())
    assert window.record_bar.dropped.text() == "0 dropped"
    assert window.record_bar.name.text().startswith("stripes 2")
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_R, control | shift)
    wait(lambda: "Recorded 0:0" in texts(window))
    assert not window.record_actions.record.isChecked()
    assert window.record_bar.isHidden()
    (video,) = folder.glob("*.mp4")
    assert video.name in texts(window)
    (sidecar,) = folder.glob("*.faces.jsonl")
    lines = [json.loads(line) for line in sidecar.read_text("utf-8").splitlines()]
    assert frames_in(video) == len(lines) > 10
    (manifest,) = folder.glob("*.manifest.json")
    about = json.loads(manifest.read_text("utf-8"))
    assert about["complete"]
    assert about["settings"]["vision"]["max_faces"] == 4
    assert list(folder.glob("*.csv")) == []


def test_a_camera_that_is_lost_and_found_goes_on_in_a_new_file(
    make_window: MakeWindow,
    wait: Wait,
    cameras: FakeCameras,
    device: FakeDevice,
    folder: Path,
) -> None:
    cameras.plugged = [DESK]
    window = make_window()
    wait(lambda: window.view.picture is not None)
    window.panels.recording.text.setText("take")
    window.record_actions.record.trigger()
    wait(lambda: recorded(window) > 3)
    device.plugged = False
    wait(lambda: "again" in texts(window))
    assert window.record_actions.record.isChecked()
    device.plugged = True
    wait(lambda: "goes on in a new file, take-" in texts(window))
    before = recorded(window)
    wait(lambda: recorded(window) > before + 3)
    window.record_actions.record.trigger()
    # On a busy machine the camera on the desk may stall once more.
    wait(lambda: " files, the last take-" in texts(window))
    for name in ("take.mp4", "take-2.mp4"):
        assert frames_in(folder / name) > 0


def test_closing_the_window_finishes_the_recording(
    make_window: MakeWindow, wait: Wait, clip: Path, folder: Path
) -> None:
    window = make_window(str(clip))
    wait(lambda: time_of(window) >= 0)
    window.record_actions.record.trigger()
    wait(lambda: recorded(window) > 5)
    window.close()
    (manifest,) = folder.glob("*.manifest.json")
    assert json.loads(manifest.read_text("utf-8"))["complete"]
    (video,) = folder.glob("*.mp4")
    assert frames_in(video) > 5


def test_a_recording_that_ends_at_once_leaves_something_that_plays_or_nothing(
    make_window: MakeWindow, wait: Wait, clip: Path, folder: Path
) -> None:
    window = make_window(str(clip))
    wait(lambda: time_of(window) >= 0)
    window.record_actions.record.trigger()
    window.record_actions.record.trigger()
    wait(lambda: "ecorded" in texts(window))
    assert all(frames_in(video) > 0 for video in folder.glob("*.mp4"))


def test_a_folder_that_is_gone_is_told_and_the_picture_goes_on(
    make_window: MakeWindow, wait: Wait, clip: Path, folder: Path
) -> None:
    folder.rmdir()
    window = make_window(str(clip))
    window.transport.loop_wanted.emit(True)
    wait(lambda: time_of(window) >= 0)
    window.record_actions.record.trigger()
    assert f"The folder {folder} does not exist" in texts(window)
    assert not window.record_actions.record.isChecked()
    window.record_actions.snapshot.trigger()
    shown = window.view.meters.shown
    wait(lambda: window.view.meters.shown > shown + 3)


def test_a_disk_that_runs_full_ends_the_recording_but_not_the_picture(
    make_window: MakeWindow,
    wait: Wait,
    clip: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = [50_000_000]
    monkeypatch.setattr(recording, "_free", lambda _: room[0])
    window = make_window(str(clip))
    window.transport.loop_wanted.emit(True)
    wait(lambda: time_of(window) >= 0)
    window.record_actions.record.trigger()
    wait(lambda: recorded(window) > 5)
    room[0] = 1_000_000
    wait(lambda: "is full" in texts(window))
    wait(lambda: not window.record_actions.record.isChecked())
    shown = window.view.meters.shown
    wait(lambda: window.view.meters.shown > shown + 3)
    videos = list(folder.glob("*.mp4"))
    assert all(frames_in(video) > 0 for video in videos)
    assert videos


def test_strange_and_taken_names_are_made_fit(
    make_window: MakeWindow, wait: Wait, clip: Path, folder: Path
) -> None:
    taken = folder / "_a_b 顔_.mp4"
    taken.write_bytes(b"precious")
    window = make_window(str(clip))
    wait(lambda: time_of(window) >= 0)
    window.panels.recording.text.setText("../a:b 顔?")
    for number in (2, 3):
        window.record_actions.record.trigger()
        wait(lambda: recorded(window) > 2)
        window.record_actions.record.trigger()
        wait(lambda number=number: f"to _a_b 顔_-{number}.mp4" in texts(window))
    assert taken.read_bytes() == b"precious"
    assert all(path.parent == folder for path in folder.rglob("*"))


def test_both_pictures_a_constant_rate_and_csv_are_recorded_as_chosen_and_remembered(
    make_window: MakeWindow,
    wait: Wait,
    clip: Path,
    folder: Path,
    preferences: Preferences,
) -> None:
    window = make_window(str(clip))
    panel = window.panels.recording
    panel.set_open(True)
    panel.what.setCurrentIndex(panel.what.findData("both"))
    panel.what.activated.emit(panel.what.currentIndex())
    panel.constant.click()
    panel.rate.set_value(50)
    panel.table.click()
    panel.text.setText("take")
    wait(lambda: time_of(window) >= 0)
    window.record_actions.record.trigger()
    assert not panel.what.isEnabled()
    wait(lambda: recorded(window) > 10)
    window.record_actions.record.trigger()
    wait(lambda: "Recorded" in texts(window))
    assert panel.what.isEnabled()
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("take.mp4", "take-clean.mp4", "take.faces.jsonl", "take.faces.csv"),
        "take.manifest.json",
    }
    with av.open(str(folder / "take.mp4")) as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
    assert [b - a for a, b in pairwise(times)] == pytest.approx(
        [0.02] * (len(times) - 1), abs=0.001
    )
    assert preferences.get("record/what", "") == "both"
    assert preferences.get("record/constant", False)
    assert preferences.get("record/rate", 0.0) == 50


def test_a_snapshot_keeps_the_picture_with_and_without_overlay(
    make_window: MakeWindow, wait: Wait, folder: Path
) -> None:
    window = make_window(demo=True)
    wait(lambda: window.view.picture is not None and bool(window.view.picture.result.faces))
    window.transport.play.trigger()
    window.record_actions.snapshot.trigger()
    shown = window.view.picture.result.frame.image
    wait(lambda: "Snapshot: " in texts(window))
    (clean,) = folder.glob("*-clean.png")
    annotated = clean.with_name(clean.name.replace("-clean", ""))
    assert cv2.imread(str(clean)).shape == cv2.imread(str(annotated)).shape == shown.shape
    assert (cv2.imread(str(clean)) != cv2.imread(str(annotated))).any()


def test_live_data_are_off_until_they_are_wanted(
    make_window: MakeWindow, wait: Wait, clip: Path, preferences: Preferences
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(20)
        window = make_window(str(clip))
        window.transport.loop_wanted.emit(True)
        panel = window.panels.live_out
        panel.set_open(True)
        wait(lambda: time_of(window) >= 0)
        wait(lambda: panel.state.plain == "Nothing is sent.")
        assert not any(box.isChecked() for box in panel.boxes.values())
        panel.ports["json"].set_value(receiver.getsockname()[1])
        panel.boxes["json"].click()
        assert "points" not in json.loads(receiver.recv(65536))
        wait(lambda: panel.state.plain.startswith("Sent: JSON "))
        assert panel.problem.plain == ""
        panel.host.setText("no such host.invalid")
        panel.host.editingFinished.emit()
        wait(lambda: "cannot be sent" in panel.problem.plain)
        panel.boxes["json"].click()
        wait(lambda: panel.state.plain == "Nothing is sent.")
    assert preferences.get("live/json", True) is False


def test_no_shortcut_has_two_meanings(make_window: MakeWindow) -> None:
    window = make_window(begin=False)
    keys = [key.toString() for action in window.actions() for key in action.shortcuts()]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 kB"), (999_000, "999 kB"), (12_340_000, "12.3 MB"), (5_000_000_000, "5.0 GB")],
)
def test_sizes_are_written_as_people_read_them(size: int, text: str) -> None:
    assert size_text(size) == text
