"""The shipped model on frames of the demo clip, whose truth is exact."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.core.face import Box, HeadPose
from app.core.geometry import face_box, roll_of
from app.core.resources import asset
from app.core.rotation import pose_to_matrix
from models.training.comparison import Shown
from models.training.labels import Labels
from tests.bench.in_program import (
    in_photographs,
    look_at_boxes,
    measure_pose,
    measure_unrest,
)

MODEL = Path(__file__).parents[2] / "models" / "pfld-0.5x-int8.onnx"
FRAMES = range(0, 600, 60)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frames")
    clip = cv2.VideoCapture(str(asset("demo.mp4")))
    for number in range(600):
        _, frame = clip.read()
        if number in FRAMES:
            cv2.imwrite(str(folder / f"{number}.png"), frame)
    clip.release()
    return folder


@pytest.fixture(scope="module")
def labels() -> Labels:
    lines = asset("demo.labels.jsonl").read_text("utf-8").splitlines()[1:]
    faces = [json.loads(lines[number])["faces"][0] for number in FRAMES]
    poses = [HeadPose(*(face["pose"][axis] for axis in ("yaw", "pitch", "roll"))) for face in faces]
    count = len(faces)
    return Labels(
        paths=np.array([f"{number}.png" for number in FRAMES]),
        split=np.full(count, "val"),
        source=np.full(count, "demo"),
        squeeze=np.ones(count),
        points=np.array([face["points"] for face in faces], np.float32),
        meshes=np.zeros((count, 478, 3), np.float32),
        counts=np.ones((count, 68), bool),
        inside=np.ones((count, 68), bool),
        rotations=np.stack([pose_to_matrix(pose) for pose in poses]),
        expression=np.zeros(count, bool),
        masked=np.zeros(count, bool),
        p1_points=np.full((count, 68, 2), np.nan, np.float32),
        hand=np.zeros(count, bool),
        blendshapes=np.full((count, 52), np.nan, np.float32),
    )


def test_the_pose_of_the_points_follows_the_truth(data: Path, labels: Labels) -> None:
    pose = measure_pose(MODEL, data, labels)["points"]
    assert max(pose.error) < 8
    assert 0.5 < pose.slope[0] < 1.3


def test_a_wrong_truth_shows_in_the_pose(data: Path, labels: Labels) -> None:
    right = measure_pose(MODEL, data, labels)["points"]
    turned = replace(labels, rotations=labels.rotations @ pose_to_matrix(HeadPose(20, 0, 0)))
    wrong = measure_pose(MODEL, data, turned)["points"]
    assert wrong.error[0] > right.error[0] + 8


def test_a_second_look_mends_what_a_box_framed_badly(data: Path, labels: Labels) -> None:
    good, bad = {}, {}
    for row, points in enumerate(labels.points):
        box = face_box(points, roll=roll_of(points[36], points[45]))
        good[row] = box
        cx, cy, half = box.centre[0] + 0.15 * box.side, box.centre[1], box.side * 0.55
        bad[row] = Box(cx - half, cy - half, cx + half, cy + half)
    calm, mended = (look_at_boxes(MODEL, data, labels, boxes) for boxes in (good, bad))
    assert calm.rows.tolist() == list(good)
    assert mended.again.mean() > 0.8 > calm.again.mean()

    def error(points: np.ndarray) -> float:
        return float(np.linalg.norm(points - labels.points, axis=2).mean())

    assert error(mended.second) < error(mended.first)
    assert np.array_equal(calm.first[~calm.again], calm.second[~calm.again])


def test_photographs_are_seen_better_at_the_second_look(data: Path, labels: Labels) -> None:
    photographs = []
    for row, points in enumerate(labels.points):
        image = cv2.imread(str(data / str(labels.paths[row])))
        box = face_box(points, roll=0.0)
        aside = box.moved(0.3 * box.side, 0.0)  # half of it the first look bears as well
        photographs.append(Shown(image, box, aside, points))
    one, two = in_photographs(MODEL, photographs)
    assert two < one < 0.1


def test_noise_moves_the_points_of_a_still_face_a_little(data: Path, labels: Labels) -> None:
    assert 0.0002 < measure_unrest(MODEL, data, labels) < 0.004
