"""Label files: what they hold comes back, and what is wrong with one is said."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import OutputError
from app.core.layout import IBUG68, WFLW98, point_map
from app.evaluate.attributes import ATTRIBUTES
from app.evaluate.csv_labels import read_csv_labels, write_csv_labels
from app.evaluate.find import find_clips, open_labelled_clip
from app.evaluate.labels import LabelError
from app.evaluate.project_labels import (
    read_label_file,
    read_project_labels,
    write_label_file,
)
from app.evaluate.pts import read_pts, write_pts
from tests.unit.evaluate.label_lines import Lines, main_points, write_lines


def test_the_demo_labels_are_read_as_they_stand(cut_clip: Path, demo_labels: Lines) -> None:
    clip = open_labelled_clip(cut_clip)
    labels = clip.labels
    faces = [(n, face) for n, line in enumerate(demo_labels[1:]) for face in line["faces"]]
    assert clip.size == (640, 480)
    assert clip.field_of_view_deg == pytest.approx(51.73, abs=0.01)
    assert labels.frame.tolist() == [number for number, _ in faces]
    assert labels.person.tolist() == [face["person"] for _, face in faces]
    assert set(labels.person.tolist()) == {0, 1}
    assert labels.points == pytest.approx(np.array([f["points"] for _, f in faces]), abs=1e-4)
    assert labels.pose[:, 0].tolist() == [face["pose"]["yaw"] for _, face in faces]
    assert labels.hidden.sum() == sum(len(face["hidden"]) for _, face in faces) > 0
    assert labels.has_attributes.all()
    assert labels.labelled.all()


def test_a_frame_that_nobody_looked_at_is_not_a_frame_without_faces(
    cut_clip: Path, demo_labels: Lines
) -> None:
    demo_labels = [dict(line) for line in demo_labels]
    demo_labels[3]["faces"], demo_labels[4]["faces"] = None, []
    write_lines(cut_clip.with_name("cut.labels.jsonl"), demo_labels)
    labelled = open_labelled_clip(cut_clip).labels.labelled
    assert (labelled[2], labelled[3]) == (False, True)


def test_a_point_without_a_label_is_unknown(cut_clip: Path, demo_labels: Lines) -> None:
    lines = json.loads(json.dumps(demo_labels))
    lines[1]["faces"][0]["points"][8] = None
    write_lines(cut_clip.with_name("cut.labels.jsonl"), lines)
    points = open_labelled_clip(cut_clip).labels.points[0]
    assert np.isnan(points).any(axis=1).nonzero()[0].tolist() == [8]


def _set(place: str, value: object) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        lines[5]["faces"][0][place] = value

    return change


def _set_point(index: int, value: object) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        lines[5]["faces"][0]["points"][index] = value

    return change


def _set_header(key: str, value: object) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        lines[0][key] = value

    return change


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (_set_point(3, [float("nan"), 1.0]), 6, "NaN is no number"),
        (_set_point(3, [1.0]), 6, "pair of numbers"),
        (_set_point(3, ["left", 1.0]), 6, "pair of numbers"),
        (_set_point(36, None), 6, "outer eye corners are not labelled"),
        (_set("points", [[1, 2]] * 67), 6, "needs 68 points, got 67"),
        (_set("points", [[1, 2]] * 68), 6, "outer eye corners coincide"),
        (_set("attributes", ["angry"]), 6, "'angry' is none of profile"),
        (_set("hidden", [68]), 6, "hidden point 68"),
        (lambda lines: lines[5]["faces"].append(lines[5]["faces"][0]), 6, "person 0 occurs twice"),
        (lambda lines: lines[5]["faces"][0].pop("points"), 6, "'points' is missing"),
        (lambda lines: lines.pop(5), 6, "frame 4 should come here, not 5"),
        (lambda lines: lines.append(lines[-1]), 26, "more lines than the 24 frames"),
        (lambda lines: lines.pop(), None, "ends after 23 of 24 frames"),
        (_set_header("format", "other"), 1, "does not begin with"),
        (_set_header("version", 2), 1, "version 2"),
        (_set_header("layout", "aflw21"), 1, "'aflw21' is none of ibug68"),
        (_set_header("frames", "many"), 1, "frames should be a number, not 'many'"),
        (_set_header("frames", 10**11), 1, "frames should lie between 1 and 3e+06"),
        (_set_header("frames", 10**400), 1, "a number has more than 18 digits"),
        (_set_header("frames", True), 1, "frames should be a number, not true"),
        (_set_header("size", [-640, 480]), 1, "size should lie between 1 and 65,535"),
        (_set_header("size", 640), 1, "size should be a width and a height"),
        (_set_header("camera", {"focal_px": 0}), 1, "focal_px of the camera should lie between"),
        (_set_header("camera", [1]), 1, "focal_px of the camera should be a number"),
        (_set_header("clip", "A" * 3000), 1, "is no name of a file beside it"),
        (_set_header("clip", "../cut.mp4"), 1, "is no name of a file beside it"),
        (_set_header("clip", "a\0b"), 1, "is no name of a file beside it"),
        (_set_header("clip", ""), 1, "is no name of a file beside it"),
        (_set_header("truth", {"by": "me"}), 1, "truth should be a text"),
        (_set_header("made_by", "\x1b[31m"), 1, "made_by should be a text"),
        (_set_header("layout", ["ibug68"]), 1, "layout a list is none of"),
        (_set("person", 99999999999999), 6, "person should lie between 0 and"),
        (_set("person", -1), 6, "person should lie between 0 and"),
        (_set("person", "0"), 6, "person should be a number, not '0'"),
        (_set("person", 10**30), 6, "a number has more than 18 digits"),
        (_set_point(3, [1e39, 1.0]), 6, "farther away than 1,000,000 pixels"),
        (_set_point(3, [1.0, -1e7]), 6, "farther away than 1,000,000 pixels"),
        (_set_point(3, ["1", "2"]), 6, "pair of numbers"),
        (_set_point(3, [True, 1.0]), 6, "pair of numbers"),
        (_set_point(3, [None, None]), 6, "pair of numbers"),
        (_set_point(3, [[1], [2]]), 6, "pair of numbers"),
        (_set("points", {"0": [1, 2]}), 6, "points should be a list, not an object"),
        (_set("pose", {"yaw": 1e300, "pitch": 0, "roll": 0}), 6, "yaw should lie between"),
        (_set("pose", [1, 2, 3]), 6, "pose should be an object"),
        (_set("hidden", 5), 6, "hidden should be a list"),
        (_set("hidden", [1.5]), 6, "a hidden point should be a whole number"),
        (_set("attributes", "frontal"), 6, "attributes should be a list"),
        (_set("attributes", [["frontal"]]), 6, "attribute a list is none of"),
        (_set("eyes", {"left_open": "wide"}), 6, "left_open should be a number"),
        (_set("note", "\ud800"), 6, "lone surrogate"),
        (_set("note", json.loads("[" * 40 + "]" * 40)), 6, "nested deeper than 32"),
        (lambda lines: lines[5].update(faces={"0": 1}), 6, "faces should be a list or null"),
        (lambda lines: lines[5].update(faces=[7]), 6, "face 0 should be an object"),
        (lambda lines: lines[5].update(frame=[4]), 6, "frame 4 should come here, not a list"),
    ],
)
def test_a_broken_label_file_names_line_and_reason(
    change: Callable[[Lines], object],
    line: int | None,
    words: str,
    cut_clip: Path,
    demo_labels: Lines,
) -> None:
    lines = json.loads(json.dumps(demo_labels))
    change(lines)
    write_lines(cut_clip.with_name("cut.labels.jsonl"), lines)
    with pytest.raises(LabelError) as caught:
        open_labelled_clip(cut_clip)
    message = str(caught.value)
    place = "cut.labels.jsonl: " if line is None else f"cut.labels.jsonl, line {line}: "
    assert message.startswith(place)
    assert words in message
    assert message.endswith("; correct the label file.")


def test_a_truncated_label_file_says_where_it_ends(cut_clip: Path) -> None:
    path = cut_clip.with_name("cut.labels.jsonl")
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(LabelError, match=r"line 25: it is no JSON .* file ends in this line"):
        open_labelled_clip(cut_clip)
    path.write_bytes(b"")
    with pytest.raises(LabelError, match="it is empty"):
        open_labelled_clip(cut_clip)


def test_labels_for_another_clip_are_refused(cut_clip: Path, demo_labels: Lines) -> None:
    path = cut_clip.with_name("cut.labels.jsonl")
    for changes, words in (
        ({"size": [320, 240]}, "320×240 pixels, but frame 0 has 640×480"),
        ({"frames": 20}, "end after 20 frames, but the clip goes on"),
        ({"frames": 30}, "has 24 frames, but labels for 30"),
    ):
        lines = [demo_labels[0] | changes, *demo_labels[1:]]
        frames = lines[0]["frames"]
        lines = lines[: frames + 1]
        lines += [{"frame": n, "faces": []} for n in range(len(lines) - 1, frames)]
        write_lines(path, lines)
        with (
            pytest.raises(LabelError, match=words),
            open_labelled_clip(cut_clip).frames() as seen,
        ):
            list(seen)


def test_a_clip_without_labels_says_what_is_missing(cut_video: Path, tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"no cut\.labels\.jsonl beside it"):
        open_labelled_clip(cut_video)
    with pytest.raises(LabelError, match="no clip with labels"):
        find_clips(tmp_path)
    with pytest.raises(LabelError, match="no file or folder"):
        find_clips(tmp_path / "absent")


def test_label_file_whose_clip_is_missing_says_so(tmp_path: Path, demo_labels: Lines) -> None:
    write_lines(tmp_path / "cut.labels.jsonl", demo_labels)
    with pytest.raises(LabelError, match=r"is for cut\.mp4, which does not lie beside it"):
        read_project_labels(tmp_path / "cut.labels.jsonl")


def test_pts_files_count_pixels_from_one(tmp_path: Path, demo_labels: Lines) -> None:
    points = main_points(demo_labels)[0]
    path = tmp_path / "000001.pts"
    write_pts(path, points)
    lines = path.read_text("utf-8").splitlines()
    assert lines[:3] == ["version: 1", "n_points: 68", "{"]
    assert [float(v) for v in lines[3].split()] == pytest.approx(points[0] + 1)
    assert read_pts(path) == pytest.approx(points, abs=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("}\n", "", r"line 71: it was cut off after 68 points"),
        ("{\n", "", "there is no {"),
        ("{\n", "{\nnan nan\n", "line 4: a coordinate is not a number"),
        ("{\n", "{\n12.5\n", "line 4: there should be two numbers"),
        ("{\n", "{\n1 2\n", "needs 68 points, got 69"),
    ],
)
def test_a_broken_pts_file_names_line_and_reason(
    old: str, new: str, words: str, tmp_path: Path, demo_labels: Lines
) -> None:
    path = tmp_path / "face.pts"
    write_pts(path, main_points(demo_labels)[0])
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(LabelError, match=words) as caught:
        read_pts(path)
    assert str(caught.value).startswith("face.pts")


def test_a_table_gives_back_what_was_written(cut_images: Path, demo_labels: Lines) -> None:
    points = main_points(demo_labels)[::6]
    points[1][5] = np.nan
    rows = [(f"still{number}.png", face) for number, face in enumerate(points)]
    rows.append(("still0.png", points[0] + 100))
    write_csv_labels(cut_images / "keypoints.csv", rows)
    clip = open_labelled_clip(cut_images)
    assert [path.name for path in clip.images] == [f"still{n}.png" for n in range(4)]
    assert clip.labels.frame.tolist() == [0, 0, 1, 2, 3]
    assert clip.labels.person.tolist() == [0, 1, 0, 0, 0]
    assert clip.labels.points[0] == pytest.approx(points[0], abs=1e-4)
    assert np.isnan(clip.labels.points[2]).any(axis=1).nonzero()[0].tolist() == [5]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("still1.png", "lost.png", "line 3: there is no image lost.png"),
        ("image,", "picture,", "line 1: there is no column image"),
        (",x67,", ",z67,", "line 1: it has columns for 67 points"),
        ("still1.png,", "still1.png,,", "line 3: it has 138 cells instead of 137"),
        ("still1.png,", "still1.png,left", "line 3: a coordinate is not a number"),
        ("still1.png,2", "still1.png,nan,2", "line 3"),
    ],
)
def test_a_broken_table_names_line_and_reason(
    old: str, new: str, words: str, cut_images: Path, demo_labels: Lines
) -> None:
    path = cut_images / "keypoints.csv"
    points = main_points(demo_labels)
    write_csv_labels(path, [(f"still{n}.png", points[6 * n]) for n in range(4)])
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(LabelError, match=words):
        read_csv_labels(path)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"face\.pts cannot be written"):
        write_pts(tmp_path / "absent" / "face.pts", np.zeros((68, 2)))
    with pytest.raises(ValueError, match="leave points out"):
        write_pts(tmp_path / "face.pts", np.full((68, 2), np.nan))
    assert not list(tmp_path.iterdir())


def test_300vw_names_count_from_one(cut_video: Path, tmp_path: Path, demo_labels: Lines) -> None:
    annotations = tmp_path / "001" / "annot"
    annotations.mkdir(parents=True)
    points = main_points(demo_labels)
    with pytest.raises(LabelError, match="should hold one video"):
        open_labelled_clip(tmp_path / "001")
    (tmp_path / "001" / "vid.mp4").write_bytes(cut_video.read_bytes())
    with pytest.raises(LabelError, match=r"holds no \.pts file"):
        open_labelled_clip(tmp_path / "001")
    write_pts(annotations / "000003.pts", points[2])
    labels = open_labelled_clip(tmp_path / "001").labels
    assert labels.frame.tolist() == [2]
    assert labels.labelled.tolist() == [False, False, True]
    write_pts(annotations / "000025.pts", points[2])
    with (
        pytest.raises(LabelError, match="24 frames, but labels for 25"),
        open_labelled_clip(tmp_path / "001").frames() as frames,
    ):
        list(frames)
    write_pts(annotations / "000000.pts", points[0])
    with pytest.raises(LabelError, match=r"000000\.pts: its name .* counted from 1"):
        open_labelled_clip(tmp_path / "001")


def test_a_pts_file_without_an_image_is_an_error(cut_images: Path, demo_labels: Lines) -> None:
    points = main_points(demo_labels)
    write_pts(cut_images / "still0.pts", points[0])
    assert [p.name for p in open_labelled_clip(cut_images).images] == ["still0.png"]
    write_pts(cut_images / "lonely.pts", points[0])
    with pytest.raises(LabelError, match=r"no image for lonely\.pts"):
        open_labelled_clip(cut_images)


def wflw_line(points: np.ndarray, name: str, flags: str = "0 0 0 0 0 0") -> str:
    return " ".join(f"{v:.6f}" for v in points.ravel()) + f" 10 10 90 90 {flags} {name}\n"


@pytest.fixture
def wflw(tmp_path: Path, cut_images: Path, demo_labels: Lines) -> tuple[Path, np.ndarray]:
    """A list as WFLW has it, and the points (98, 2) of its first face."""
    images = tmp_path / "WFLW" / "WFLW_images" / "0--Parade"
    images.mkdir(parents=True)
    for image in cut_images.iterdir():
        (images / image.name).write_bytes(image.read_bytes())
    points = np.full((98, 2), np.nan)
    for target, source in enumerate(point_map(WFLW98, IBUG68).weights.argmax(axis=1)):
        points[source] = main_points(demo_labels)[0][target]
    points = np.where(np.isnan(points), 200.0, points)
    path = tmp_path / "WFLW" / "WFLW_annotations" / "list_98pt_rect_attr_test.txt"
    path.parent.mkdir()
    lines = [
        wflw_line(points, "0--Parade/still0.png", "1 1 0 0 0 0"),
        wflw_line(points + 3, "0--Parade/still1.png", "0 0 1 1 1 1"),
        wflw_line(points + 9, "0--Parade/still0.png"),
    ]
    path.write_text("".join(lines), "utf-8")
    return path, points


def test_a_list_of_wflw_gives_points_and_the_flags_that_are_attributes(
    wflw: tuple[Path, np.ndarray],
) -> None:
    path, points = wflw
    clip = open_labelled_clip(path)
    labels = clip.labels
    assert labels.layout is WFLW98
    assert [image.name for image in clip.images] == ["still0.png", "still1.png"]
    assert labels.frame.tolist() == [0, 0, 1]
    assert labels.points[0] == pytest.approx(points, abs=1e-4)
    named = [
        {name for name, has in zip(ATTRIBUTES, flags, strict=True) if has}
        for flags in labels.attributes
    ]
    assert named == [{"expression"}, set(), {"occlusion"}]
    assert not labels.has_attributes.any(), "the classes of pose still have to be derived"
    assert clip.origin.in_words() == "The labels are set by hand."
    assert find_clips(path.parent).places == (path,)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("still1.png", "lost.png", r"line 2: there is no image 0--Parade/lost\.png in WFLW_images"),
        (" 10 10 90 90 0 0 1 1 1 1", " 10 10 90 90", "line 2: it has 201 words instead of 207"),
        ("1 1 0 0 0 0", "1 7 0 0 0 0", "line 1: the flag expression should be 0 or 1, not 7"),
        (" 10 10 90 90 1 1", "x 10 10 90 90 1 1", "line 1: a coordinate is not a number"),
    ],
)
def test_a_broken_list_of_wflw_names_line_and_reason(
    old: str, new: str, words: str, wflw: tuple[Path, np.ndarray]
) -> None:
    path, _ = wflw
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(LabelError, match=words):
        open_labelled_clip(path)


def test_json_files_beside_images_hold_one_face_or_several(
    cut_images: Path, demo_labels: Lines
) -> None:
    one, other = (points.tolist() for points in main_points(demo_labels)[:7:6])
    (cut_images / "still0.json").write_text(json.dumps({"points": one}), "utf-8")
    faces = [{"points": other, "hidden": [3]}, {"points": (np.array(one) + 50).tolist()}]
    content = {"layout": "ibug68", "faces": faces}
    (cut_images / "still2.json").write_text(json.dumps(content), "utf-8")
    clip = open_labelled_clip(cut_images)
    assert [image.name for image in clip.images] == ["still0.png", "still2.png"]
    assert clip.labels.frame.tolist() == [0, 1, 1]
    assert clip.labels.person.tolist() == [0, 0, 1]
    assert clip.labels.points[0] == pytest.approx(np.array(one), abs=1e-4)
    assert clip.labels.hidden[1].nonzero()[0].tolist() == [3]
    assert find_clips(cut_images.parent).places == (cut_images,)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"points": [[1, 2]', r"still0\.json, line 1: it is no JSON"),
        ('{"people": []}', "neither faces nor points"),
        ('{"points": [[1, 2], [3, 4]]}', "it has 2 points; known are 68"),
        ('{"layout": "mine", "points": []}', "layout 'mine' is none of"),
        ('{"faces": [{}]}', "'points' is missing"),
        ('{"faces": []}', "hold no face"),
    ],
)
def test_a_broken_json_file_is_named_with_the_reason(
    content: str, words: str, cut_images: Path
) -> None:
    (cut_images / "still0.json").write_text(content, "utf-8")
    with pytest.raises(LabelError, match=words):
        open_labelled_clip(cut_images)


@pytest.mark.parametrize("number", ["1e400", "-1e999", "1" * 5000])
def test_a_number_that_no_computer_holds_is_refused_when_it_is_read(
    number: str, cut_clip: Path
) -> None:
    path = cut_clip.with_name("cut.labels.jsonl")
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[5] = lines[5].replace("{", f'{{"note":{number},', 1)
    path.write_text("".join(lines), "utf-8")
    with pytest.raises(LabelError, match=r"line 6: a number (is too large|has more than)"):
        open_labelled_clip(cut_clip)


def test_what_is_read_of_a_label_file_can_be_saved_and_read_again(
    cut_clip: Path, demo_labels: Lines
) -> None:
    path = cut_clip.with_name("cut.labels.jsonl")
    lines = json.loads(json.dumps(demo_labels))
    lines[0]["note"] = [1e308, -1.5e-300, "\x1b \u2028 \U0001f600", None, 10**17]
    lines[5]["faces"][0]["points"][3] = [1e6, -1e6]
    lines[5]["faces"][0]["person"] = 2**31 - 1
    path.write_text("\ufeff" + "".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    file = read_label_file(path)
    write_label_file(path, file)
    again = read_label_file(path)
    assert again.extra["note"] == lines[0]["note"]
    assert again.frames[4].faces is not None
    assert again.frames[4].faces[0].points[3].tolist() == [1e6, -1e6]
    assert np.isfinite(open_labelled_clip(cut_clip).labels.points).all()


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, '{"points": [[1e39, 0]]}'], ids=len)
def test_json_beside_an_image_has_the_same_limits(
    text: str, cut_images: Path, demo_labels: Lines
) -> None:
    for image in sorted(cut_images.glob("*.png")):
        points = main_points(demo_labels)[0].tolist()
        image.with_suffix(".json").write_text(json.dumps({"points": points}))
    (cut_images / "still0.json").write_text(text)
    with pytest.raises(LabelError, match=r"still0\.json"):
        open_labelled_clip(cut_images)
    points[3] = [1e39, 1.0]
    (cut_images / "still0.json").write_text(json.dumps({"points": points}))
    with pytest.raises(LabelError, match=r"still0\.json: .*farther away"):
        open_labelled_clip(cut_images)


@pytest.mark.parametrize("name", ["99999999999999999999", "9999999999", "9" * 200, "٣", "-1"])
def test_frames_that_no_clip_has_are_refused(
    name: str, cut_video: Path, tmp_path: Path, demo_labels: Lines
) -> None:
    folder = tmp_path / "vw"
    (folder / "annot").mkdir(parents=True)
    (folder / "clip.mp4").write_bytes(cut_video.read_bytes())
    write_pts(folder / "annot" / f"{name}.pts", main_points(demo_labels)[0])
    with pytest.raises(LabelError, match=r"number of a frame, counted from 1 to 3,000,000"):
        open_labelled_clip(folder)


@pytest.mark.parametrize("number", ["1e39", "1e400", "nan", "1_0", "٣"])
def test_coordinates_that_are_none_are_refused_in_every_format(
    number: str, cut_images: Path, demo_labels: Lines
) -> None:
    points = main_points(demo_labels)[0]
    table, pts = cut_images / "keypoints.csv", cut_images / "still0.pts"
    write_csv_labels(table, [("still0.png", points)])
    write_pts(pts, points)
    for path in (table, pts):
        lines = path.read_text("utf-8").splitlines()
        row = 1 if path is table else 5
        first = lines[row].split("," if path is table else " ")
        first[1] = number
        lines[row] = ("," if path is table else " ").join(first)
        path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(LabelError, match="coordinate"):
        read_csv_labels(table)
    with pytest.raises(LabelError, match="coordinate"):
        read_pts(pts)


@pytest.mark.parametrize("name", ["A" * 3000, "\0", "\x1b[2J"], ids=len)
def test_a_name_that_no_image_can_have_is_said_in_one_short_line(
    name: str, cut_images: Path, demo_labels: Lines
) -> None:
    table = cut_images / "keypoints.csv"
    write_csv_labels(table, [(name, main_points(demo_labels)[0])])
    with pytest.raises(LabelError, match=r"keypoints\.csv.*(line 2: there is no image|table)") as e:
        open_labelled_clip(cut_images)
    assert str(e.value).isprintable()
    assert len(str(e.value)) < 200


def test_a_name_that_a_spreadsheet_takes_for_a_formula_survives_the_table(
    cut_images: Path, demo_labels: Lines
) -> None:
    (cut_images / "still0.png").rename(cut_images / "=1+1.png")
    table = cut_images / "keypoints.csv"
    write_csv_labels(table, [("=1+1.png", main_points(demo_labels)[0])])
    assert table.read_text("utf-8").splitlines()[1].startswith("'=1+1.png,")
    assert [path.name for path in read_csv_labels(table).images] == ["=1+1.png"]
