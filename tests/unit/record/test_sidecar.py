import csv
import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import OutputError
from app.core.face import Face, HeadPose, Visibility
from app.core.openings import face_openings
from app.record.sidecar import COLUMNS, CsvWriter, SidecarWriter
from app.vision.result import FrameResult

FaceMaker = Callable[..., Face]
ResultMaker = Callable[..., FrameResult]


def test_each_frame_is_one_line_with_all_its_faces(
    make_face: FaceMaker, make_result: ResultMaker, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    face = make_face(id=3)
    with SidecarWriter(path) as writer:
        writer.write(make_result(face, make_face(id=4), sequence=7, time_ns=5_000_000_000))
        writer.write(make_result(sequence=9, time_ns=5_066_000_000))
    first, second = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    assert (first["frame"], first["time_s"]) == (7, 0.0)
    assert second == {"frame": 9, "time_s": 0.066, "model": "model", "state": None, "faces": []}
    found = first["faces"][0]
    assert [f["id"] for f in first["faces"]] == [3, 4]
    assert set(found) == {
        *("id", "box", "points", "layout", "yaw", "pitch", "roll", "position_cm", "trust"),
        *("openings", "visibility", "expression"),
    }
    assert np.allclose(found["points"], face.points, atol=0.006)
    assert found["box"] == pytest.approx(
        [face.box.x0, face.box.y0, face.box.x1, face.box.y1], abs=0.006
    )
    assert (found["layout"], found["trust"]) == ("ibug68", 0.9)
    assert (found["yaw"], found["pitch"], found["roll"]) == (20.0, -10.0, 5.0)


def test_what_can_be_seen_and_expressed_is_written_where_a_model_tells_it(
    make_face: FaceMaker, make_result: ResultMaker, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    seen = Visibility(left_eye=0.98765, right_eye=0.5, mouth=math.nan)
    told = {"eyeBlinkLeft": 0.12345, "jawOpen": 1.0}
    with SidecarWriter(path) as writer:
        writer.write(make_result(make_face(id=1, visibility=seen, expression=told), make_face()))
    one, other = json.loads(path.read_text())["faces"]
    assert one["visibility"] == {"left_eye": 0.988, "right_eye": 0.5, "mouth": None}
    assert one["expression"] == {"eyeBlinkLeft": 0.123, "jawOpen": 1.0}
    assert (other["visibility"], other["expression"]) == (None, None)


@pytest.mark.parametrize("pose", [None, HeadPose(math.nan, math.nan, math.nan)])
def test_what_is_not_known_is_null(
    make_face: FaceMaker, make_result: ResultMaker, tmp_path: Path, pose: HeadPose | None
) -> None:
    path = tmp_path / "out.jsonl"
    with SidecarWriter(path) as writer:
        writer.write(make_result(make_face(pose=pose, trust=math.nan)))
    (face,) = json.loads(path.read_text())["faces"]
    assert (face["yaw"], face["pitch"], face["roll"], face["trust"]) == (None,) * 4


def test_a_line_holds_openings_position_model_and_the_state_of_the_driver(
    make_face: FaceMaker, make_result: ResultMaker, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    face = make_face(pose=HeadPose(1.0, 2.0, 3.0, position_cm=(4.0, 5.0, 66.666)))
    with SidecarWriter(path) as writer:
        writer.write(make_result(face), {"state": "alert", "perclos": None})
    line = json.loads(path.read_text("utf-8"))
    assert (line["model"], line["state"]) == ("model", {"state": "alert", "perclos": None})
    (found,) = line["faces"]
    assert found["position_cm"] == [4.0, 5.0, 66.67]
    openings = face_openings(face)
    assert found["openings"] == {
        "left_eye": pytest.approx(openings.left_eye, abs=1e-4),
        "right_eye": pytest.approx(openings.right_eye, abs=1e-4),
        "mouth": pytest.approx(openings.mouth, abs=1e-4),
    }


def test_a_table_says_the_same_as_the_lines(
    make_face: FaceMaker, make_result: ResultMaker, tmp_path: Path
) -> None:
    lines, table = tmp_path / "out.jsonl", tmp_path / "out.csv"
    results = [
        make_result(make_face(id=1), make_face(id=2, pose=None), sequence=3, time_ns=10**9),
        make_result(sequence=4, time_ns=2 * 10**9),
    ]
    with SidecarWriter(lines) as one, CsvWriter(table) as other:
        for result in results:
            one.write(result, {"state": "alert, awake"})
            other.write(result, {"state": "alert, awake"})
    records = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["frame"], row["id"]) for row in rows] == [("3", "1"), ("3", "2"), ("4", "")]
    assert tuple(rows[0]) == COLUMNS
    for row, face in zip(rows, records[0]["faces"], strict=False):
        assert json.loads(row["state"]) == {"state": "alert, awake"}
        assert [float(row[key]) for key in ("x0", "y0", "x1", "y1")] == face["box"]
        assert row["yaw"] == ("" if face["yaw"] is None else str(face["yaw"]))
        points = np.array(row["points"].split(), float).reshape(-1, 2)
        assert points == pytest.approx(np.array(face["points"]))
        assert float(row["mouth"]) == face["openings"]["mouth"]
    assert (rows[2]["time_s"], rows[2]["points"]) == ("1.0", "")


def test_lines_can_be_read_while_more_are_written(
    make_face: FaceMaker, make_result: ResultMaker, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    with SidecarWriter(path) as writer:
        for i in range(3):
            writer.write(make_result(make_face(), sequence=i))
            lines = path.read_text().splitlines()
            assert [json.loads(line)["frame"] for line in lines] == list(range(i + 1))


def test_no_file_without_a_frame(tmp_path: Path) -> None:
    with SidecarWriter(tmp_path / "out.jsonl"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist; make it first"):
        SidecarWriter(tmp_path / "none" / "out.jsonl")


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        SidecarWriter(tmp_path)


def test_a_closed_file_is_not_begun_anew(make_result: ResultMaker, tmp_path: Path) -> None:
    path = tmp_path / "faces.jsonl"
    with SidecarWriter(path) as writer:
        writer.write(make_result())
    written = path.read_bytes()
    with pytest.raises(RuntimeError, match="closed"):
        writer.write(make_result(sequence=1))
    assert path.read_bytes() == written


def test_full_disk_is_said(make_face: FaceMaker, make_result: ResultMaker, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.symlink_to("/dev/full")
    writer = SidecarWriter(path)
    with pytest.raises(OutputError, match=r"no more room for out\.jsonl"):
        writer.write(make_result(make_face()))
    with pytest.raises(OutputError, match="no more room"):
        writer.close()
    writer.close()


def test_a_model_that_is_called_like_a_formula_is_none_in_the_table(
    make_result: ResultMaker, tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    with CsvWriter(path) as writer:
        writer.write(dataclasses.replace(make_result(), model="=1+1 fp32"))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["model"] == "'=1+1 fp32"
