"""Correcting labels in the window: stepping, dragging, attributes, undo, saving, asking."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from app.evaluate.find import open_labelled_clip
from app.evaluate.jobs import Job, run_job
from app.evaluate.labels import MACHINE
from app.evaluate.measures import face_errors
from app.evaluate.project_labels import read_label_file
from app.evaluate.run import EvaluationSettings
from app.ui.application import close_on_signals
from app.ui.labels.window import LabelWindow
from app.ui.main_window import MainWindow
from app.vision.zoo import Zoo
from tests.gui.demo_cut import cut_demo

MakeWindow = Callable[..., MainWindow]
Wait = Callable[..., None]
Answer = QMessageBox.StandardButton

LONG_MS = 60_000


@pytest.fixture
def own_clip(turning: Path, tmp_path: Path) -> Path:
    """A copy of the labelled clip that the test may write beside."""
    clip = tmp_path / "walk.mp4"
    shutil.copy(turning, clip)
    labels = turning.with_suffix(".labels.jsonl").read_text("utf-8")
    clip.with_suffix(".labels.jsonl").write_text(labels.replace("turning.mp4", "walk.mp4"), "utf-8")
    return clip


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """What the user says when asked about unsaved changes, in turn; at last: discard."""
    answers: list[Answer] = []

    def question(*_: object) -> Answer:
        return answers.pop(0) if answers else Answer.Discard

    monkeypatch.setattr("app.ui.labels.window.QMessageBox.question", question)
    return answers


@pytest.fixture
def main(make_window: MakeWindow, own_clip: Path, wait: Wait) -> MainWindow:
    window = make_window(str(own_clip))
    wait(lambda: window.view.picture is not None)
    return window


@pytest.fixture
def editor(main: MainWindow, wait: Wait) -> LabelWindow:
    """The editor of the clip that plays, zoomed to the face of the first frame."""
    main.menus.label.trigger()
    wait(lambda: main.labels.window is not None)
    window = main.labels.window
    wait(lambda: window.editor is not None and window.ready)
    window.fit_face.trigger()
    return window


def place_of(editor: LabelWindow, point: int) -> QPoint:
    face = editor.editor.frame(editor.number).faces[0]
    x, y = editor.canvas.to_widget(face.points[point])[0]
    return QPoint(round(x), round(y))


def drag(qtbot: QtBot, editor: LabelWindow, point: int, by: QPoint) -> None:
    """Drag a point with the mouse, by logical pixels."""
    start = place_of(editor, point)
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(editor.canvas, left, pos=start)
    qtbot.mouseMove(editor.canvas, start + by / 2)
    qtbot.mouseMove(editor.canvas, start + by)
    qtbot.mouseRelease(editor.canvas, left, pos=start + by)


def texts(window: LabelWindow) -> str:
    return "\n".join(message.text for message in window.banners.messages)


def go_to(editor: LabelWindow, wait: Wait, number: int) -> None:
    editor.go_to(number)
    wait(lambda: editor.ready)


# Points that lie apart from each other on the face of the demo clip.
TEN = (0, 4, 8, 19, 27, 30, 33, 36, 48, 57)


def test_ten_dragged_points_are_saved_read_again_and_evaluated(
    editor: LabelWindow, own_clip: Path, wait: Wait, qtbot: QtBot
) -> None:
    before = open_labelled_clip(own_clip).labels.points[0].copy()
    zoom = editor.canvas._zoom
    assert zoom > 1.5
    for point in TEN:
        drag(qtbot, editor, point, QPoint(6, -4))
    assert editor.isWindowModified()
    editor.save_action.trigger()
    wait(lambda: not editor.isWindowModified())
    again = read_label_file(own_clip.with_suffix(".labels.jsonl"))
    assert [frame.corrected for frame in again.frames[:2]] == [True, False]
    moved = again.frames[0].faces[0].points - before
    assert moved[list(TEN)] == pytest.approx(np.tile([6 / zoom, -4 / zoom], (10, 1)), abs=0.01)
    others = [i for i in range(68) if i not in TEN]
    assert moved[others] == pytest.approx(0.0, abs=0.01)
    entry = Zoo.scan().find("mean-face fp32")
    settings = EvaluationSettings(detector="haar")
    result, _ = run_job(Job(place=own_clip, models=(entry,), settings=settings))
    assert result.origin.corrected == 1
    said = result.models[entry.label].points[0]
    truth = again.frames[0].faces[0].points
    distance = np.linalg.norm(truth[45] - truth[36])
    expected = np.linalg.norm(said - truth, axis=1) / distance
    errors = face_errors(result, entry.label).point[0]
    assert errors[list(TEN)] == pytest.approx(expected[list(TEN)], abs=1e-4)


def test_a_program_that_is_told_to_end_saves_what_was_corrected_and_asks_nothing(
    main: MainWindow,
    editor: LabelWindow,
    own_clip: Path,
    wait: Wait,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody_is_there(*_: object) -> NoReturn:
        raise AssertionError("there is nobody to answer")

    monkeypatch.setattr("app.ui.labels.window.QMessageBox.question", nobody_is_there)
    drag(qtbot, editor, 30, QPoint(6, -4))
    assert editor.isWindowModified()
    restore = close_on_signals(main)
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        wait(lambda: not main.isVisible())
    finally:
        restore()
    again = read_label_file(own_clip.with_suffix(".labels.jsonl"))
    assert again.frames[0].corrected


def test_a_drag_is_one_step_that_can_be_undone_and_done_again(
    editor: LabelWindow, wait: Wait, qtbot: QtBot
) -> None:
    before = editor.editor.frame(0).faces[0].points[30].copy()
    drag(qtbot, editor, 30, QPoint(10, 10))
    after = editor.editor.frame(0).faces[0].points[30].copy()
    assert (after > before).all()
    assert "Move point 31" in editor.undo_action.toolTip()
    go_to(editor, wait, 5)
    editor.undo_action.trigger()
    wait(lambda: editor.number == 0 and editor.ready)
    assert (editor.editor.frame(0).faces[0].points[30] == before).all()
    assert not editor.undo_action.isEnabled()
    assert not editor.isWindowModified()
    editor.redo_action.trigger()
    assert (editor.editor.frame(0).faces[0].points[30] == after).all()


def test_attributes_and_hidden_points_are_set_and_the_frame_is_marked(
    editor: LabelWindow, wait: Wait, qtbot: QtBot
) -> None:
    go_to(editor, wait, 3)
    assert not editor.form.corrected.isChecked()
    box = editor.form.boxes["occlusion"]
    assert not box.isChecked()
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    assert "occlusion" in editor.editor.frame(3).faces[0].attributes
    assert editor.form.corrected.isChecked()
    qtbot.mouseClick(editor.canvas, Qt.MouseButton.LeftButton, pos=place_of(editor, 8))
    assert "Point 9" in editor.form.point.text()
    hidden = editor.form.hidden
    qtbot.mouseClick(hidden, Qt.MouseButton.LeftButton, pos=QPoint(8, hidden.height() // 2))
    assert 8 in editor.editor.frame(3).faces[0].hidden
    qtbot.keyClick(editor, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(editor, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not editor.form.boxes["occlusion"].isChecked()
    assert not editor.form.corrected.isChecked()


def test_a_removed_face_comes_back_from_the_frame_before(
    editor: LabelWindow, wait: Wait, qtbot: QtBot
) -> None:
    go_to(editor, wait, 1)
    qtbot.mouseClick(editor.form.remove, Qt.MouseButton.LeftButton)
    assert editor.editor.frame(1).faces == ()
    qtbot.mouseClick(editor.form.copy, Qt.MouseButton.LeftButton)
    copied = editor.editor.frame(1).faces[0]
    assert (copied.points == editor.editor.frame(0).faces[0].points).all()


def test_steps_show_the_frames_of_their_numbers(editor: LabelWindow, wait: Wait) -> None:
    editor.forward.trigger()
    wait(lambda: editor.ready and editor.number == 1)
    editor.slider.setValue(12)
    wait(lambda: editor.ready and editor._shown.sequence == 12)
    editor.back.trigger()
    wait(lambda: editor.ready and editor._shown.sequence == 11)
    editor.box.setValue(20)
    wait(lambda: editor.ready and editor._shown.sequence == 19)
    editor.forward.trigger()
    assert editor.number == 19


def test_the_wheel_zooms_and_keeps_what_is_under_the_pointer(editor: LabelWindow) -> None:
    canvas = editor.canvas
    place = QPointF(200, 150)
    before = canvas.to_frame(place)
    none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    wheel = QWheelEvent(
        place,
        QPointF(canvas.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, 480),
        none,
        Qt.KeyboardModifier.NoModifier,
        phase,
        False,
    )
    zoom = canvas._zoom
    QApplication.sendEvent(canvas, wheel)
    assert canvas._zoom > 1.5 * zoom
    assert canvas.to_frame(place) == pytest.approx(before, abs=1e-6)
    editor.fit_whole.trigger()
    assert canvas._zoom < zoom


def test_outer_eye_corners_cannot_be_dragged_onto_each_other(
    editor: LabelWindow, qtbot: QtBot
) -> None:
    face = editor.editor.frame(0).faces[0]
    x, y = face.points[45]
    editor._drag(face.person, 36, float(x), float(y), 1)
    assert "not possible" in texts(editor)
    assert not editor.isWindowModified()


# Saving and asking.


def test_unsaved_changes_are_asked_about(
    main: MainWindow,
    editor: LabelWindow,
    own_clip: Path,
    qtbot: QtBot,
    answers: list[Answer],
) -> None:
    drag(qtbot, editor, 30, QPoint(10, 10))
    answers[:] = [Answer.Cancel]
    editor.close()
    assert editor.isVisible()
    answers[:] = [Answer.Cancel]
    main.close()
    assert main.isVisible()
    assert editor.isVisible()
    answers[:] = [Answer.Save]
    main.close()
    assert not main.isVisible()
    assert read_label_file(own_clip.with_suffix(".labels.jsonl")).frames[0].corrected


def test_discarded_changes_are_not_written(
    main: MainWindow, editor: LabelWindow, own_clip: Path, qtbot: QtBot, answers: list[Answer]
) -> None:
    drag(qtbot, editor, 30, QPoint(10, 10))
    answers[:] = [Answer.Discard]
    editor.close()
    assert main.labels.window is None
    assert not read_label_file(own_clip.with_suffix(".labels.jsonl")).frames[0].corrected


def test_labels_that_cannot_be_written_are_told_and_stay_unsaved(
    editor: LabelWindow, tmp_path: Path, wait: Wait, qtbot: QtBot, answers: list[Answer]
) -> None:
    drag(qtbot, editor, 30, QPoint(10, 10))
    editor.path = tmp_path / "nowhere" / "walk.labels.jsonl"
    editor.save_action.trigger()
    wait(lambda: "cannot be written" in texts(editor))
    assert editor.isWindowModified()
    answers[:] = [Answer.Save]
    editor.close()
    assert editor.isVisible()
    answers[:] = [Answer.Discard]
    editor.close()


def test_the_video_shows_corrected_labels_at_once(
    main: MainWindow, editor: LabelWindow, wait: Wait, qtbot: QtBot
) -> None:
    drag(qtbot, editor, 30, QPoint(10, 10))
    editor.save_action.trigger()
    wait(lambda: main.played.clip is not None and main.played.clip.origin.corrected == 1)


# Clips without labels, and labels that do not fit.


def test_a_clip_without_labels_is_labelled_by_machine_on_request(
    make_window: MakeWindow, wait: Wait, qtbot: QtBot, tmp_path: Path
) -> None:
    clip = cut_demo(tmp_path / "fresh.mp4", range(10, 15))
    clip.with_suffix(".labels.jsonl").unlink()
    main = make_window(str(clip))
    wait(lambda: main.view.picture is not None)
    main.menus.label.trigger()
    wait(lambda: main.labels.window is not None)
    window = main.labels.window
    wait(window.by_machine.isVisible)
    assert "fresh.mp4 has no labels yet" in window.words.text()
    qtbot.mouseClick(window.by_machine, Qt.MouseButton.LeftButton)
    wait(lambda: window.editor is not None and window.ready, LONG_MS)
    assert window.editor.frames == 5
    assert len(window.editor.frame(2).faces) == 1
    assert window.editor.file.truth == MACHINE
    assert "Made by a machine" in window.form.state.plain
    assert "made by a machine" in window.form.origin.plain
    wait(lambda: main.played.clip is not None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: len(text) // 2], "walk.labels.jsonl, line"),
        (lambda text: text.replace("[640,480]", "[320,240]", 1), "another clip"),
    ],
    ids=["truncated", "another clip"],
)
def test_labels_that_do_not_fit_are_told_in_the_editor(
    main: MainWindow,
    own_clip: Path,
    wait: Wait,
    change: Callable[[str], str],
    words: str,
) -> None:
    labels = own_clip.with_suffix(".labels.jsonl")
    labels.write_text(change(labels.read_text("utf-8")), "utf-8")
    main.menus.label.trigger()
    wait(lambda: main.labels.window is not None and words in texts(main.labels.window))
