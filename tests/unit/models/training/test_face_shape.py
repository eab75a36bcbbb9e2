import json
from pathlib import Path

import numpy as np
import pytest

from app.core.face import HeadPose
from app.core.layout import IBUG68
from app.core.rotation import matrix_to_pose, pose_to_matrix
from models.training.face_points import write_face_points
from models.training.face_shape import balanced_by_yaw, depth_factor, rotations_to

ROOT = Path(__file__).parents[4]


def shipped_points() -> np.ndarray:
    text = (ROOT / "assets" / "face_points_68.json").read_text(encoding="utf-8")
    return np.array(json.loads(text)["points"])


@pytest.mark.parametrize("pose", [(30, 0, 0), (0, 20, 0), (0, 0, -15), (-40, 12, 25)])
def test_the_pose_of_a_turned_face_is_read_back(pose: tuple) -> None:
    shape = shipped_points()
    rotation = pose_to_matrix(HeadPose(*pose))
    mesh = 80 * shape @ rotation.T + [100, 120, 7]
    found = matrix_to_pose(rotations_to(mesh[None], shape)[0])
    assert (found.yaw, found.pitch, found.roll) == pytest.approx(pose, abs=1e-6)


def test_a_nose_that_points_up_and_to_the_right_reads_positive() -> None:
    shape = shipped_points()
    for pose, axis, way in ((HeadPose(20, 0, 0), 0, 1), (HeadPose(0, 20, 0), 1, -1)):
        turned = shape @ pose_to_matrix(pose).T
        nose = turned[30] - turned[[36, 45]].mean(axis=0)
        still = shape[30] - shape[[36, 45]].mean(axis=0)
        assert way * (nose[axis] - still[axis]) > 0.1


def test_the_depth_that_turned_faces_show_is_recovered() -> None:
    # Stands in for the mesh: its eye corners must sit where the mesh has them.
    rng = np.random.default_rng(0)
    shape = rng.uniform(-1, 1, (478, 3)) * [0.8, 1.0, 0.5]
    shape[33], shape[263] = (-0.5, 0, 0), (0.5, 0, 0)
    yaws = rng.uniform(-45, 45, 60)
    poses = [HeadPose(float(yaw), float(rng.uniform(-10, 10)), 0.0) for yaw in yaws]
    deep = shape * [1, 1, 1.2]
    meshes = np.stack([deep @ pose_to_matrix(pose).T for pose in poses])
    meshes[..., 2] = np.stack([shape @ pose_to_matrix(pose).T for pose in poses])[..., 2]
    assert depth_factor(meshes, shape) == pytest.approx(1.2, abs=0.03)


def test_no_direction_outweighs_the_others() -> None:
    poses = [HeadPose(0, 0, 0)] * 50 + [HeadPose(25, 0, 0)] * 4
    rotations = np.stack([pose_to_matrix(pose) for pose in poses])
    chosen = balanced_by_yaw(rotations, most=5)
    assert sorted(np.bincount((chosen >= 50).astype(int))) == [4, 5]


def test_the_shipped_face_is_symmetric_upright_and_deep_as_a_face() -> None:
    points = shipped_points()
    assert points.shape == (68, 3)
    assert points[list(IBUG68.mirror)] * [-1, 1, 1] == pytest.approx(points, abs=2e-4)
    assert points[[36, 45]] == pytest.approx(np.array([[-0.5, 0, 0], [0.5, 0, 0]]), abs=2e-4)
    nose, chin, ears = points[30], points[8], points[[0, 16]]
    assert -0.65 < nose[2] < -0.45
    assert (ears[:, 2] > 0.4).all()
    assert 1.0 < chin[1] < 1.5


def test_the_file_says_where_its_points_come_from(tmp_path: Path) -> None:
    points = np.arange(204.0).reshape(68, 3) / 100
    write_face_points(points, 1.1, 10, tmp_path / "deep" / "face.json")
    table = json.loads((tmp_path / "deep" / "face.json").read_text(encoding="utf-8"))
    assert np.array(table["points"]) == pytest.approx(points)
    assert {"unit", "axes", "origin", "zero_pitch", "source", "method", "command"} <= set(table)
