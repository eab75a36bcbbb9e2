"""Pose on real pictures: solvePnP on points against the 3D geometry that FaceMesh sees."""

import json

import numpy as np
import pytest

from app._opencv import cv2
from app.capture.source import Pace, SourceOptions, open_source
from app.core.face import HeadPose
from app.core.layout import IBUG68
from app.core.mesh import ibug68_from_mesh
from app.core.resources import asset
from app.core.rotation import matrix_to_pose
from app.vision.pose import PoseEstimator, mean_face

# FaceMesh flattens faces: see the header of assets/face_points_68.json.
DEPTH = 1.104


def _geometry_pose(points: np.ndarray) -> HeadPose:
    """Angles of the rotation that best turns the mean face into 3D points (68, 3)."""
    model, seen = mean_face(), points - points.mean(axis=0)
    u, _, vt = np.linalg.svd(seen.T @ (model - model.mean(axis=0)))
    sign = np.sign(np.linalg.det(u @ vt))
    return matrix_to_pose(u @ np.diag([1, 1, sign]) @ vt)


@pytest.fixture(scope="module")
def poses() -> list[tuple[HeadPose, HeadPose, HeadPose]]:
    """(from FaceMesh's geometry, from solvePnP, as labelled) for frames of the demo clip."""
    from mediapipe.python.solutions.face_mesh import FaceMesh

    lines = asset("demo.labels.jsonl").read_text("utf-8").splitlines()[1:]
    labels = [json.loads(line)["faces"] for line in lines]
    estimator = PoseEstimator(IBUG68)
    rows = []
    with (
        FaceMesh(static_image_mode=True, refine_landmarks=True) as mesh,
        open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as clip,
    ):
        for frame in clip:
            if frame.sequence % 12 or len(labels[frame.sequence]) != 1:
                continue
            found = mesh.process(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB))
            if not found.multi_face_landmarks:
                continue
            marks = found.multi_face_landmarks[0].landmark
            size = np.array([frame.width, frame.height, frame.width * DEPTH])
            points = ibug68_from_mesh(np.array([[m.x, m.y, m.z] for m in marks]) * size)
            pnp = estimator.estimate(
                points[:, :2].astype(np.float32),
                width=frame.width,
                height=frame.height,
                field_of_view_deg=60.0,
            )
            assert pnp is not None
            truth = HeadPose(**labels[frame.sequence][0]["pose"])
            rows.append((_geometry_pose(points), pnp, truth))
    assert len(rows) > 20
    return rows


def _angles(poses: list[HeadPose]) -> np.ndarray:
    return np.array([[p.yaw, p.pitch, p.roll] for p in poses])


def test_pnp_agrees_with_the_geometry_of_facemesh(
    poses: list[tuple[HeadPose, HeadPose, HeadPose]],
) -> None:
    mesh, pnp = _angles([p[0] for p in poses]), _angles([p[1] for p in poses])
    assert np.abs(mesh - pnp).mean(axis=0).max() < 5


def test_pnp_follows_the_movement_that_the_clip_was_made_with(
    poses: list[tuple[HeadPose, HeadPose, HeadPose]],
) -> None:
    pnp, truth = _angles([p[1] for p in poses]), _angles([p[2] for p in poses])
    for axis in range(3):
        assert np.corrcoef(pnp[:, axis], truth[:, axis])[0, 1] > 0.9
    turned = np.abs(truth) > 12
    assert (np.sign(pnp[turned]) == np.sign(truth[turned])).all()
