"""Models in the window: comparing, adding, reloading, presets."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from app.core.resources import models_folder
from app.ui.main_window import MainWindow
from tests.gui.conftest import MakeWindow, Wait
from tests.gui.mean_face_model import write_mean_face_model

# What Qt's platform without a screen says of every window of its own.
of_a_window_without_a_screen = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


def pick_rival(window: MainWindow, label: str) -> None:
    combo = window.panels.compare.combo
    combo.setCurrentIndex(combo.findData(label))
    combo.activated.emit(combo.currentIndex())


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    left = Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, left, none))


def compared(window: MainWindow) -> bool:
    picture = window.view.picture
    return picture is not None and picture.result.comparison is not None


def test_two_models_are_shown_side_by_side_over_each_other_and_alone_again(
    make_window: MakeWindow, wait: Wait, zoo_folder: Path
) -> None:
    write_mean_face_model(zoo_folder / "other.onnx", name="other")
    window = make_window(demo=True)
    panel = window.panels.compare
    wait(lambda: panel.combo.findData("other fp32") > 0)
    pick_rival(window, "other fp32")
    wait(lambda: compared(window) and bool(window.view.picture.result.faces))
    # The same network twice: nothing lies between them.
    wait(lambda: panel.distance.plain == "Mean distance: 0.00 % of the eye distance")
    wait(lambda: set(panel.times()) == {"mean-face fp32", "other fp32"})
    halves = window.view.picture.viewport
    assert halves.device_width <= window.view.width() // 2
    panel.beside.click()
    wait(lambda: window.view.picture.viewport.device_width > halves.device_width)
    pick_rival(window, "")
    wait(lambda: not compared(window))
    wait(lambda: panel.distance.plain == "")
    assert set(panel.times()) == {"mean-face fp32", "other fp32"}


def test_a_model_dropped_onto_the_window_is_in_the_list(
    make_window: MakeWindow, wait: Wait, zoo_folder: Path, tmp_path: Path
) -> None:
    window = make_window(demo=True)
    combo = window.panels.model.combo
    wait(lambda: combo.findData("mean-face fp32") >= 0)
    path = write_mean_face_model(tmp_path / "mine.onnx", name="mine")
    drop(window, path)
    wait(lambda: combo.findData("mine fp32") >= 0)
    assert (zoo_folder / "mine.onnx").read_bytes() == path.read_bytes()
    assert window.panels.compare.combo.findData("mine fp32") >= 0
    assert window.sources.name == "Demo clip"


def test_a_dropped_model_without_a_card_is_refused_with_the_command_that_helps(
    make_window: MakeWindow, wait: Wait, zoo_folder: Path, tmp_path: Path
) -> None:
    model = onnx.load(str(zoo_folder / "mean.onnx"))
    del model.metadata_props[:]
    onnx.save(model, str(tmp_path / "bare.onnx"))
    window = make_window()
    drop(window, tmp_path / "bare.onnx")
    wait(lambda: bool(window.banners.messages))
    words = " ".join(message.text for message in window.banners.messages)
    assert "carries no model card" in words
    assert f'pfld-live card "{tmp_path / "bare.onnx"}" --tune --add' in words
    assert not (zoo_folder / "bare.onnx").exists()


def test_models_are_reloaded_without_a_restart(
    make_window: MakeWindow, wait: Wait, zoo_folder: Path
) -> None:
    window = make_window(demo=True)
    combo = window.panels.model.combo
    wait(lambda: combo.currentText() == "mean-face fp32")
    write_mean_face_model(zoo_folder / "later.onnx", name="later")
    window.models.reload.trigger()
    wait(lambda: combo.findData("later fp32") >= 0)
    wait(lambda: combo.currentText() == "mean-face fp32")
    assert str(zoo_folder) in window.panels.model.folder.plain


@pytest.mark.parametrize("family", ["naimishnet", "another"])
def test_a_preset_sets_detector_and_model_together(
    make_window: MakeWindow, wait: Wait, zoo_folder: Path, preferences: object, family: str
) -> None:
    write_mean_face_model(zoo_folder / "grey.onnx", name="grey", family=family)
    preferences.set("model", "mean-face fp32")
    window = make_window(demo=True)
    action = window.models.presets["haar-grey"]
    wait(lambda: window.panels.model.combo.findData("grey fp32") >= 0)
    wait(lambda: action.isEnabled() == (family == "naimishnet"))
    if family == "naimishnet":
        action.trigger()
        wait(lambda: window.panels.model.combo.currentText() == "grey fp32")
        assert window.panels.detector.combo.currentData() == "haar"


@of_a_window_without_a_screen
def test_the_inside_of_a_model_is_shown_for_the_present_face(
    make_window: MakeWindow, wait: Wait, zoo_folder: Path
) -> None:
    shutil.copy(models_folder() / "pfld-0.5x-int8.onnx", zoo_folder)
    window = make_window(demo=True)
    wait(lambda: window.panels.model.running is not None)
    wait(lambda: window.view.picture is not None and bool(window.view.picture.result.faces))
    window.models.maps.trigger()
    dialog = window.maps
    assert dialog is not None
    wait(lambda: dialog.layer.count() > 20 and dialog.sheet.image is not None)
    before = dialog.sheet.image
    dialog.layer.setCurrentIndex(0)
    dialog.layer.activated.emit(0)
    wait(lambda: "grey is 0" in dialog.note.plain)
    assert dialog.sheet.image != before
    dialog.take.click()
    wait(lambda: not dialog.busy)
    window.close()


@of_a_window_without_a_screen
def test_without_a_face_the_maps_say_what_to_do(
    make_window: MakeWindow, wait: Wait, clip: Path
) -> None:
    window = make_window(str(clip))
    wait(lambda: window.panels.model.running is not None and window.view.picture is not None)
    window.models.maps.trigger()
    assert window.maps is not None
    assert "no face in the picture" in window.maps.note.plain
    window.maps.close()
