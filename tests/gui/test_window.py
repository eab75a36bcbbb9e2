"""The window as a user meets it: sources, detector, model, options, closing."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.frame import Frame
from app.ui.banner import Message
from app.ui.cameras import CameraInfo
from app.ui.engine_link import EngineLink
from app.ui.main_window import MainWindow
from app.ui.picture import Picture
from app.ui.preferences import Preferences
from app.ui.window_options import WindowOptions
from app.vision.settings import VisionSettings
from tests.gui.desk import FakeCameras, FakeDevice
from tests.gui.mean_face_model import write_mean_face_model

MakeWindow = Callable[..., MainWindow]
Wait = Callable[..., None]

DESK = CameraInfo(id="/dev/video9", name="Desk camera", target="/dev/video9", sizes=((320, 240),))


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> FakeDevice:
    """What opens instead of any camera that is asked for."""
    device = FakeDevice()
    monkeypatch.setattr("app.ui.opener.open_source", lambda text, _: device.source(text))
    return device


def texts(window: MainWindow) -> str:
    return "\n".join(message.text for message in window.banners.messages)


def time_of(window: MainWindow) -> float:
    picture = window.view.picture
    return -1.0 if picture is None else picture.result.frame.time_s


def has_faces(window: MainWindow) -> bool:
    return window.view.picture is not None and len(window.view.picture.result.faces) > 0


def stands_still(window: MainWindow) -> bool:
    """Whether the player is paused and its last picture is on the screen."""
    capture = window._link._engine.capture.status
    return capture.paused and time_of(window) == pytest.approx(capture.position_s, abs=1e-6)


def alive(kind: type) -> int:
    gc.collect()
    return sum(isinstance(o, kind) for o in gc.get_objects())


# Sources.


def test_a_clip_opens_and_moves(make_window: MakeWindow, wait: Wait, clip: Path) -> None:
    window = make_window(str(clip))
    wait(lambda: time_of(window) > 0.5)
    assert window.stack.currentWidget() is window.view
    assert window.windowTitle() == "stripes.mp4 – PFLD Live"
    assert "320×240, 25 fps" in window.panels.source.negotiated.plain
    wait(lambda: window.view.meters.shown > 5)


def test_the_picture_moves_before_any_detector_is_ready(
    make_window: MakeWindow, wait: Wait, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.vision.loader.find_detector", lambda _: time.sleep(1.5))
    window = make_window(str(clip))
    wait(lambda: time_of(window) > 0.3)
    assert window.view.picture.result.detector == ""
    assert "Starting" in window.panels.detector.state.plain


def test_without_a_camera_the_window_says_so_and_offers_two_ways_on(
    make_window: MakeWindow, wait: Wait, qtbot: QtBot
) -> None:
    window = make_window()
    wait(lambda: window.empty.headline.text() == "No camera was found")
    assert window.stack.currentWidget() is window.empty
    assert window.empty.open_file.isVisible()
    qtbot.mouseClick(window.empty.demo, Qt.MouseButton.LeftButton)
    wait(lambda: time_of(window) > 0)
    assert window.stack.currentWidget() is window.view
    assert window.windowTitle().startswith("Demo clip")


def test_open_file_asks_and_remembers_the_folder(
    make_window: MakeWindow, wait: Wait, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(_parent: object, _title: str, folder: str, _filter: str) -> tuple[str, str]:
        asked.append(folder)
        return str(clip), ""

    monkeypatch.setattr("app.ui.files.QFileDialog.getOpenFileName", ask)
    window = make_window()
    wait(lambda: window.empty.headline.text() == "No camera was found")
    window.menus.open_file.trigger()
    wait(lambda: time_of(window) > 0)
    window.menus.open_file.trigger()
    assert asked[1] == str(clip.parent)


def test_a_file_dropped_on_the_window_opens(
    make_window: MakeWindow, wait: Wait, clip: Path
) -> None:
    window = make_window()
    wait(lambda: window.empty.headline.text() == "No camera was found")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(clip))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    drop = QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, left, none)
    QApplication.sendEvent(window, drop)
    wait(lambda: time_of(window) > 0)


@pytest.mark.parametrize("content", [None, b"this is no video", b""])
def test_a_bad_file_is_told_in_the_window_and_the_old_picture_stays(
    make_window: MakeWindow, wait: Wait, clip: Path, tmp_path: Path, content: bytes | None
) -> None:
    window = make_window(str(clip))
    wait(lambda: time_of(window) > 0)
    bad = tmp_path / "bad.mp4"
    if content is not None:
        bad.write_bytes(content)
    window.files.open(bad)
    wait(lambda: "bad.mp4" in texts(window))
    assert window.view.picture is not None
    assert window.stack.currentWidget() is window.view
    window.files.open(clip)
    wait(lambda: not window.banners.messages)


def test_a_name_that_no_file_can_have_is_told_in_the_window(
    make_window: MakeWindow, wait: Wait
) -> None:
    window = make_window("x" * 300)
    wait(lambda: "There is no file" in texts(window))


def test_the_password_of_an_address_is_not_shown(make_window: MakeWindow, wait: Wait) -> None:
    window = make_window("rtsp://user:secret@127.0.0.1:9/stream")
    wait(lambda: "127.0.0.1" in window.panels.source.name.text() and bool(texts(window)))
    shown = (window.windowTitle(), window.panels.source.name.text(), texts(window))
    assert not any("secret" in text for text in shown)


def test_a_source_that_was_closed_does_not_come_back(
    make_window: MakeWindow, wait: Wait, clip: Path, qtbot: QtBot
) -> None:
    window = make_window(str(clip))
    wait(lambda: time_of(window) > 0)
    window.menus.camera.trigger()
    wait(lambda: window.stack.currentWidget() is window.empty)
    window.overlay.actions["mirror"].trigger()
    qtbot.wait(300)
    assert window.view.picture is None


def test_an_image_shows_without_player(make_window: MakeWindow, wait: Wait, tmp_path: Path) -> None:
    import cv2
    import numpy as np

    path = tmp_path / "one.png"
    cv2.imwrite(str(path), np.full((30, 40, 3), 90, np.uint8))
    window = make_window(str(path))
    wait(lambda: window.view.picture is not None)
    assert window.transport.isHidden()


def test_a_huge_and_a_tiny_picture_are_shown(
    make_window: MakeWindow, wait: Wait, tmp_path: Path
) -> None:
    import cv2
    import numpy as np

    huge, tiny = tmp_path / "huge.png", tmp_path / "tiny.png"
    cv2.imwrite(str(huge), np.zeros((6000, 8000, 3), np.uint8))
    cv2.imwrite(str(tiny), np.zeros((1, 1, 3), np.uint8))
    window = make_window(str(huge))
    wait(lambda: window.view.picture is not None)
    assert window.view.picture.viewport.frame_width == 8000
    window.files.open(tiny)
    wait(lambda: window.view.picture.viewport.frame_width == 1)
    assert not window.banners.messages


# Cameras.


def test_the_first_camera_opens_and_is_marked(
    make_window: MakeWindow, wait: Wait, cameras: FakeCameras, device: FakeDevice
) -> None:
    cameras.plugged = [DESK]
    window = make_window()
    wait(lambda: window.view.picture is not None)
    assert window.panels.source.camera.currentText() == "Desk camera"
    assert window.panels.source.picture_size.itemText(1) == "320 × 240"
    assert window.transport.isHidden()


def test_a_camera_that_is_plugged_in_later_opens_by_itself(
    make_window: MakeWindow, wait: Wait, cameras: FakeCameras, device: FakeDevice
) -> None:
    window = make_window()
    wait(lambda: window.empty.headline.text() == "No camera was found")
    cameras.plugged = [DESK]
    cameras.refresh()
    wait(lambda: window.view.picture is not None)


def test_a_camera_does_not_push_aside_the_clip_that_plays(
    make_window: MakeWindow, wait: Wait, cameras: FakeCameras, clip: Path
) -> None:
    window = make_window(str(clip))
    wait(lambda: time_of(window) > 0)
    cameras.plugged = [DESK]
    cameras.refresh()
    assert window.panels.source.camera.currentIndex() == -1
    assert window.windowTitle().startswith("stripes.mp4")


def test_the_camera_of_the_last_time_is_preferred(
    make_window: MakeWindow,
    wait: Wait,
    cameras: FakeCameras,
    device: FakeDevice,
    preferences: object,
) -> None:
    other = CameraInfo(id="/dev/video1", name="Other", target="/dev/video1")
    preferences.set("camera/id", DESK.id)
    preferences.set("camera/name", DESK.name)
    cameras.plugged = [other, DESK]
    window = make_window()
    wait(lambda: window.windowTitle().startswith("Desk camera"))


def test_a_lost_camera_is_announced_dimmed_and_comes_back(
    make_window: MakeWindow, wait: Wait, cameras: FakeCameras, device: FakeDevice
) -> None:
    cameras.plugged = [DESK]
    window = make_window()
    wait(lambda: window.view.picture is not None)
    device.plugged = False
    wait(lambda: "Desk camera" in texts(window))
    assert window.view.canvas.bare
    assert "again" in texts(window)
    device.plugged = True
    before = window.view.meters.shown
    wait(lambda: not window.banners.messages and window.view.meters.shown > before)
    assert not window.view.canvas.bare


def test_a_dismissed_warning_stays_away_until_it_happens_anew(
    make_window: MakeWindow, wait: Wait, cameras: FakeCameras, device: FakeDevice
) -> None:
    cameras.plugged = [DESK]
    window = make_window()
    wait(lambda: window.view.picture is not None)
    for _ in range(2):
        device.plugged = False
        wait(lambda: "Desk camera" in texts(window))
        window.banners.dismiss("source")
        QApplication.processEvents()
        time.sleep(0.5)  # long enough for the next try, with other words
        QApplication.processEvents()
        assert texts(window) == ""
        device.plugged = True
        wait(lambda: not window.view.canvas.bare)


# Playing.


def test_a_clip_pauses_steps_seeks_and_loops(
    make_window: MakeWindow, wait: Wait, clip: Path, qtbot: QtBot
) -> None:
    window = make_window(str(clip))
    wait(lambda: window.transport.isVisible() and time_of(window) > 0)
    qtbot.keyClick(window.view, Qt.Key.Key_Space)
    wait(lambda: window.transport.play.text() == "Play")
    qtbot.wait(150)
    stood = time_of(window)
    qtbot.wait(150)
    assert time_of(window) == stood
    window.transport.forward.trigger()
    wait(lambda: time_of(window) == pytest.approx(stood + 0.04, abs=0.005))
    window.transport.back.trigger()
    wait(lambda: time_of(window) == pytest.approx(stood, abs=0.005))
    window.transport.seek_wanted.emit(3.0)
    wait(lambda: time_of(window) == pytest.approx(3.0, abs=0.05))
    window.transport.loop.trigger()
    window.transport.play.trigger()
    wait(lambda: 0 <= time_of(window) < 1.0)


def test_at_its_end_a_clip_offers_to_play_again(
    make_window: MakeWindow, wait: Wait, clip: Path
) -> None:
    window = make_window(str(clip))
    wait(lambda: window.transport.isVisible())
    window.transport.seek_wanted.emit(3.8)
    wait(lambda: window.transport.play.text() == "Play")
    window.transport.play.trigger()
    wait(lambda: 0 <= time_of(window) < 2.0)


# Detector and model.


def test_faces_are_found_and_the_detector_changes_while_the_clip_runs(
    make_window: MakeWindow, wait: Wait
) -> None:
    window = make_window(demo=True)
    wait(lambda: has_faces(window))
    assert window.view.picture.result.detector == "haar"
    combo = window.panels.detector.combo
    combo.setCurrentIndex(combo.findData("blazeface"))
    combo.activated.emit(combo.currentIndex())
    wait(lambda: window.view.picture.result.detector == "blazeface" and has_faces(window), 60_000)
    assert window.panels.detector.state.plain == ""


def test_models_are_listed_those_that_cannot_be_used_with_the_reason(
    make_window: MakeWindow, wait: Wait, zoo_folder: Path
) -> None:
    window = make_window(demo=True)
    combo = window.panels.model.combo
    wait(lambda: combo.currentText() == "mean-face fp32")
    items = [combo.model().item(i) for i in range(combo.count())]
    assert [item.isEnabled() for item in items] == [True, True, False]
    assert "half.onnx" in items[2].text()
    assert "half.onnx" in window.panels.model.unusable.plain
    assert window.panels.model.facts.plain.startswith("fp32")


def test_the_model_changes_while_the_clip_runs(
    make_window: MakeWindow, wait: Wait, zoo_folder: Path
) -> None:
    write_mean_face_model(zoo_folder / "other.onnx", name="other")
    window = make_window(demo=True)
    wait(lambda: has_faces(window))
    combo = window.panels.model.combo
    combo.setCurrentIndex(combo.findData("other fp32"))
    combo.activated.emit(combo.currentIndex())
    wait(lambda: window.view.picture.result.model == "other fp32")


def test_a_remembered_model_that_is_gone_gives_way_to_the_default(
    make_window: MakeWindow, wait: Wait, preferences: object
) -> None:
    preferences.set("model", "deleted int8")
    window = make_window(demo=True)
    wait(lambda: window.panels.model.combo.currentText() == "mean-face fp32")
    assert not window.banners.messages


def test_without_any_model_the_window_says_so_and_the_picture_moves(
    make_window: MakeWindow, wait: Wait, zoo_folder: Path, clip: Path
) -> None:
    for path in zoo_folder.iterdir():
        path.unlink()
    window = make_window(str(clip))
    wait(lambda: "No usable model" in texts(window) and time_of(window) > 0.2)


# Options.


@pytest.mark.parametrize("name", ["mirror", "points", "lines", "numbers", "box", "axes"])
def test_each_option_changes_the_picture_even_if_it_stands_still(
    make_window: MakeWindow, wait: Wait, qtbot: QtBot, name: str
) -> None:
    window = make_window(demo=True)
    wait(lambda: has_faces(window))
    window.transport.play.trigger()
    wait(lambda: stands_still(window))
    before = window.view.picture
    box = window.panels.options.boxes[name]
    box.click()
    assert window.overlay.actions[name].isChecked() == box.isChecked()
    wait(lambda: window.view.picture.image != before.image)
    assert window.view.picture.result is before.result


def test_vision_settings_reach_the_engine(
    make_window: MakeWindow, wait: Wait, monkeypatch: pytest.MonkeyPatch, clip: Path
) -> None:
    reached: list[VisionSettings] = []
    monkeypatch.setattr(EngineLink, "set_settings", lambda _, s: reached.append(s))
    window = make_window(str(clip))
    window.panels.options.fields["max_faces"].set_value(2)
    window.panels.options.smooth.click()
    assert reached[-1].max_faces == 2
    assert reached[-1].smooth is False


def test_a_wish_of_the_command_line_is_not_remembered_and_changes_nothing_else(
    make_window: MakeWindow, preferences: Preferences
) -> None:
    preferences.set("vision/max_faces", 3)
    preferences.set("vision/field_of_view_deg", 80.0)
    window = make_window(begin=False, options=WindowOptions(settings={"max_faces": 2}))
    settings = window.panels.options.settings
    assert (settings.max_faces, settings.field_of_view_deg) == (2, 80)
    window.panels.options.smooth.click()
    assert preferences.get("vision/max_faces", 0) == 3
    assert preferences.get("vision/smooth", True) is False


def test_what_was_chosen_is_remembered(
    make_window: MakeWindow, wait: Wait, clip: Path, settings_file: Path
) -> None:
    first = make_window(str(clip))
    wait(lambda: time_of(first) > 0)
    first.overlay.actions["lines"].setChecked(True)
    first.overlay.actions["mirror"].setChecked(True)
    first.panels.options.fields["field_of_view_deg"].set_value(80)
    first.panels.options.set_open(False)
    first.menus.panel.setChecked(False)
    combo = first.panels.detector.combo
    combo.activated.emit(combo.findData("blazeface"))
    first.resize(820, 560)
    first.close()
    second = make_window(begin=False)
    assert second.overlay.options.lines
    assert second.view.canvas.options.mirror
    assert second.panels.options.settings.field_of_view_deg == 80
    assert not second.panels.options.open
    assert second.panels.isHidden()
    assert second.panels.detector.combo.currentData() == "blazeface"


def test_full_screen_leaves_only_the_video_and_esc_brings_all_back(
    make_window: MakeWindow, wait: Wait, qtbot: QtBot, clip: Path
) -> None:
    window = make_window(str(clip))
    wait(lambda: time_of(window) > 0)
    window.menus.full_screen.trigger()
    wait(window.isFullScreen)
    assert window.panels.isHidden()
    assert window.menuBar().isHidden()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    wait(lambda: not window.isFullScreen())
    assert window.panels.isVisible()


# Meters.


def test_meters_fill_while_a_clip_runs(make_window: MakeWindow, wait: Wait) -> None:
    window = make_window(demo=True)
    values = window.panels.meters.values
    # The panel follows the picture at its own pace: each figure may come with a later refresh.
    wait(lambda: values["faces"].text() == "1")
    wait(lambda: values["processed"].text().endswith("fps"))
    for key in ("landmarks p50", "latency p95", "paint p95"):
        wait(lambda key=key: values[key].text() != "–")
        assert float(values[key].text()) >= 0


def test_a_slow_gui_raises_neither_latency_nor_memory(
    make_window: MakeWindow, wait: Wait, clip: Path, qtbot: QtBot
) -> None:
    window = make_window(str(clip))
    wait(lambda: time_of(window) > 0)
    window.transport.loop_wanted.emit(True)  # before, there may be no player to hear it
    wait(lambda: window.view.meters.shown > 25)
    calm_ms = window.view.meters.latency_ms().p50
    window.view.meters.clear()
    window.view.painted.connect(lambda _: time.sleep(0.1))
    pictures, frames = alive(Picture), alive(Frame)
    before = window.view.meters.shown
    wait(lambda: window.view.meters.shown > before + 25)
    # Two pictures of 40 ms; the age is that of the end of painting, before the sleep.
    assert window.view.meters.latency_ms().p50 < calm_ms + 80
    assert alive(Picture) <= pictures + 2
    assert alive(Frame) <= frames + 4


# Closing.


def test_closing_before_the_engine_has_started(make_window: MakeWindow) -> None:
    make_window(demo=True).close()


def test_closing_while_the_detector_is_imported(
    make_window: MakeWindow, wait: Wait, preferences: object
) -> None:
    preferences.set("detector", "blazeface")
    window = make_window(demo=True)
    wait(lambda: time_of(window) >= 0)
    window.close()


def test_closing_while_a_model_loads(
    make_window: MakeWindow, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    import app.vision.landmarkers as landmarkers

    load, loading = landmarkers.load_model, threading.Event()

    def slowly(path: Path) -> object:
        loading.set()
        time.sleep(0.5)
        return load(path)

    monkeypatch.setattr(landmarkers, "load_model", slowly)
    window = make_window(demo=True)
    wait(lambda: time_of(window) >= 0 and loading.is_set())
    window.close()


def test_closing_while_a_camera_opens(
    make_window: MakeWindow, wait: Wait, cameras: FakeCameras, device: FakeDevice, qtbot: QtBot
) -> None:
    device.opens_after.clear()
    cameras.plugged = [DESK]
    window = make_window()
    wait(lambda: window.view.canvas.width > 0 and window.windowTitle().startswith("Desk"))
    device_waits = time.monotonic()
    window.close()
    device.opens_after.set()
    assert time.monotonic() - device_waits < 5


# Faults.


def test_messages_are_shown_and_can_be_sent_away(make_window: MakeWindow) -> None:
    window = make_window(begin=False)
    window.report("Something broke.")
    assert window.banners.isVisible()
    assert texts(window) == "Something broke."
    window.banners.dismiss("program")
    assert window.banners.isHidden()
    window.banners.announce(Message("program", "error", "Again."))
    assert texts(window) == "Again."


def test_an_engine_that_cannot_start_is_told_in_the_window(
    make_window: MakeWindow, wait: Wait
) -> None:
    def broken(**_: object) -> object:
        raise RuntimeError("no luck today")

    window = make_window(link=EngineLink(broken))
    wait(lambda: "no luck today" in texts(window))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_clip_whose_name_is_no_utf_8_plays_and_keeps_its_path(
    clip: Path, tmp_path: Path, make_window: MakeWindow, wait: Wait
) -> None:
    odd = tmp_path / os.fsdecode(b"n\xff.mp4")
    odd.write_bytes(clip.read_bytes())
    window = make_window(str(odd))
    wait(lambda: window.view.picture is not None)
    assert window.sources.path == odd
    assert window.windowTitle().startswith("n")
