"""Labels that a person corrects."""

from pathlib import Path

import numpy as np
import pytest

from app.core.face import HeadPose
from app.core.layout import IBUG68
from app.evaluate import editing
from app.evaluate.editing import LabelEditor
from app.evaluate.label_file import FaceLabel, FrameLabels, LabelFile
from app.evaluate.labels import LabelError
from app.evaluate.project_labels import read_label_file, write_label_file
from tests.unit.evaluate.label_lines import Lines, write_lines

LID, JAW = 37, 8


@pytest.fixture
def path(tmp_path: Path, demo_labels: Lines) -> Path:
    path = tmp_path / "cut.labels.jsonl"
    write_lines(path, demo_labels)
    return path


@pytest.fixture
def editor(path: Path) -> LabelEditor:
    return LabelEditor(read_label_file(path))


def test_a_moved_point_is_saved_and_its_frame_is_marked(editor: LabelEditor, path: Path) -> None:
    before = editor.file
    editor.set_point(3, 0, JAW, 12.5, 34.25)
    state, file = editor.state, editor.file
    write_label_file(path, file)
    assert editor.modified
    editor.mark_saved(state)
    assert not editor.modified
    again = read_label_file(path)
    assert again.frames[3].corrected
    assert again.frames[3].faces[0].points[JAW].tolist() == [12.5, 34.25]
    assert [n for n, frame in enumerate(again.frames) if frame.corrected] == [3]
    assert again.origin.corrected == editor.corrected == 1
    others = [i for i in range(68) if i != JAW]
    assert np.array_equal(
        again.frames[3].faces[0].points[others], before.frames[3].faces[0].points[others]
    )
    assert again.extra == before.extra


def test_undo_and_redo_go_back_and_forth_over_all_kinds_of_edits(editor: LabelEditor) -> None:
    start = editor.file
    editor.set_point(0, 0, LID, 1, 2)
    editor.move_points(1, 0, range(68), 3, -4)
    editor.set_hidden(2, 0, [5, 6], True)
    editor.set_attributes(3, 0, ["profile", "occlusion"])
    editor.set_attribute(range(4, 9), 0, "occlusion", True)
    editor.set_corrected([20], True)
    editor.add_face(5, FaceLabel(person=7, points=editor.face(5, 0).points + 50))
    editor.remove_face(6, 0)
    end = editor.file
    words = []
    while editor.undo_words:
        words.append(editor.undo_words)
        assert editor.undo()
    assert words[-1] == "Move point 38"
    assert len(words) == 8
    assert editor.file.frames == start.frames
    assert not editor.modified
    assert editor.undo() == ()
    assert editor.redo() == (0,)
    while editor.redo():
        pass
    assert editor.file.frames == end.frames
    assert editor.frame(4).faces[0].attributes >= {"occlusion"}
    moved = editor.face(1, 0).points - start.frames[1].faces[0].points
    assert moved == pytest.approx(np.full((68, 2), (3, -4)))
    assert editor.modified


def test_a_drag_is_one_step(editor: LabelEditor) -> None:
    start = editor.face(0, 0).points[JAW].tolist()
    for x in range(10):
        editor.set_point(0, 0, JAW, x, x, gesture=1)
    for x in range(10):
        editor.set_point(0, 0, JAW, x, 50, gesture=2)
    editor.undo()
    assert editor.face(0, 0).points[JAW].tolist() == [9, 9]
    editor.undo()
    assert editor.face(0, 0).points[JAW].tolist() == start
    assert editor.undo_words == ""


def test_a_new_edit_forgets_what_was_undone(editor: LabelEditor) -> None:
    editor.set_point(0, 0, JAW, 1, 1)
    editor.undo()
    editor.set_point(1, 0, JAW, 2, 2)
    assert editor.redo_words == ""
    assert editor.redo() == ()


def test_saved_is_saved_only_at_the_state_that_was_saved(editor: LabelEditor) -> None:
    editor.set_point(0, 0, JAW, 1, 1)
    state = editor.state
    editor.set_point(0, 0, JAW, 2, 2)  # while the file is being written
    editor.mark_saved(state)
    assert editor.modified
    editor.undo()
    assert not editor.modified
    editor.undo()
    assert editor.modified


def test_what_no_error_can_be_measured_against_is_refused(editor: LabelEditor) -> None:
    before = editor.file.frames
    left, right = IBUG68.outer_eye_corners
    x, y = editor.face(0, 0).points[right]
    for act in (
        lambda: editor.set_point(0, 0, left, x, y),
        lambda: editor.set_point(0, 0, JAW, np.inf, 1),
        lambda: editor.set_attributes(0, 0, ["angry"]),
        lambda: editor.set_attribute([0], 0, "angry", True),
        lambda: editor.set_hidden(0, 0, [68], True),
        lambda: editor.add_face(0, editor.face(0, 0)),
    ):
        with pytest.raises(LabelError):
            act()
    assert editor.file.frames == before
    assert editor.undo_words == ""


def test_measures_of_points_that_moved_are_unknown_and_the_others_stay(
    editor: LabelEditor,
) -> None:
    assert {"eyes", "mouth_open", "turned_away"} <= set(editor.face(0, 0).extra)
    editor.set_point(0, 0, LID, 1, 2)
    assert set(editor.face(0, 0).extra) == {"mouth_open", "turned_away"}
    editor.undo()
    assert "eyes" in editor.face(0, 0).extra


def test_a_full_history_forgets_the_oldest_edits(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "HISTORY", 3)
    editor = LabelEditor(read_label_file(path))
    for x in range(5):
        editor.set_point(0, 0, JAW, x, x)
    while editor.undo():
        pass
    assert editor.face(0, 0).points[JAW].tolist() == [1, 1]
    assert editor.modified, "what was forgotten is not what lies in the file"


def test_attributes_that_are_to_be_derived_stay_so(tmp_path: Path) -> None:
    points = np.random.default_rng(0).uniform(0, 90, (68, 2))
    frames = (FrameLabels(faces=(FaceLabel(person=0, points=points),)), FrameLabels(faces=None))
    file = LabelFile(clip="a.mp4", layout=IBUG68, frames=frames, truth="hand", made_by="me")
    editor = LabelEditor(file)
    editor.set_attribute([0, 1], 0, "occlusion", True)
    assert not editor.modified
    editor.set_corrected([0], True)
    write_label_file(tmp_path / "a.labels.jsonl", editor.file)
    again = read_label_file(tmp_path / "a.labels.jsonl")
    assert again.frames[0].faces[0].attributes is None
    assert again.frames[1].faces is None
    assert (again.truth, again.made_by, again.size) == ("hand", "me", None)


def test_a_written_file_keeps_all_that_it_does_not_know(tmp_path: Path, demo_labels: Lines) -> None:
    lines = [dict(line) for line in demo_labels]
    lines[0]["my own"] = {"key": [1, None]}
    lines[2]["note"] = "ü"
    lines[3]["faces"] = [face | {"mood": 3} for face in lines[3]["faces"]]
    one, two = tmp_path / "one.labels.jsonl", tmp_path / "two.labels.jsonl"
    write_lines(one, lines)
    write_label_file(two, read_label_file(one))
    again = read_label_file(two)
    assert again.extra["my own"] == {"key": [1, None]}
    assert again.extra["camera"] == lines[0]["camera"]
    assert again.frames[1].extra["note"] == "ü"
    assert again.frames[2].faces[0].extra["mood"] == 3
    write_label_file(one, again)
    assert one.read_bytes() == two.read_bytes()
    pose = again.frames[0].faces[0].pose
    assert isinstance(pose, HeadPose)
    assert pose.yaw == demo_labels[1]["faces"][0]["pose"]["yaw"]
