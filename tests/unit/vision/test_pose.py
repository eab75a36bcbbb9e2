import dataclasses
import itertools

import numpy as np
import pytest

from app.core.face import OUTER_EYE_CM, HeadPose
from app.core.layout import IBUG68, KEYPOINTS15, point_map
from app.core.rotation import pose_to_matrix
from app.vision.pose import PoseEstimator, mean_face, pose_to_camera_axes

WIDTH, HEIGHT, FIELD_OF_VIEW = 640, 480, 60.0
FOCAL = WIDTH / 2 / np.tan(np.radians(FIELD_OF_VIEW) / 2)


def _rendered(pose: HeadPose, *, centre: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """The mean face, turned and seen through a pinhole camera: (68, 2) float32 pixels."""
    placed = mean_face() @ pose_to_matrix(pose).T + np.array([*centre, 6.0])
    pixels = FOCAL * placed[:, :2] / placed[:, 2:] + [(WIDTH - 1) / 2, (HEIGHT - 1) / 2]
    return pixels.astype(np.float32)


def _estimate(points: np.ndarray) -> HeadPose:
    pose = PoseEstimator(IBUG68).estimate(
        points, width=WIDTH, height=HEIGHT, field_of_view_deg=FIELD_OF_VIEW
    )
    assert pose is not None
    return pose


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"),
    itertools.product((-80, -45, 0, 30, 75), (-50, -20, 0, 25, 50), (-60, 0, 45)),
)
def test_known_angles_come_back(yaw: float, pitch: float, roll: float) -> None:
    found = _estimate(_rendered(HeadPose(yaw, pitch, roll)))
    assert (found.yaw, found.pitch, found.roll) == pytest.approx((yaw, pitch, roll), abs=0.2)


def test_a_face_off_the_middle_keeps_its_angles() -> None:
    found = _estimate(_rendered(HeadPose(20, 10, -5), centre=(1.5, -1.0)))
    assert (found.yaw, found.pitch, found.roll) == pytest.approx((20, 10, -5), abs=0.2)


def test_the_place_of_a_head_comes_back() -> None:
    found = _estimate(_rendered(HeadPose(20, 10, -5), centre=(1.5, -1.0)))
    wanted = np.array([1.5, -1.0, 6.0]) * OUTER_EYE_CM
    assert found.position_cm == pytest.approx(wanted, abs=0.5)
    assert found.mirrored().position_cm == pytest.approx(wanted * [-1, 1, 1], abs=0.5)


@pytest.mark.parametrize("pose", [HeadPose(20, 10, -5), HeadPose(-45, -20, 30)])
def test_a_pose_that_is_known_gets_its_place_from_the_points(pose: HeadPose) -> None:
    points = _rendered(pose, centre=(1.5, -1.0))
    view = {"width": WIDTH, "height": HEIGHT, "field_of_view_deg": FIELD_OF_VIEW}
    placed = PoseEstimator(IBUG68).place(pose, points, **view)
    assert (placed.yaw, placed.pitch, placed.roll) == (pose.yaw, pose.pitch, pose.roll)
    wanted = np.array([1.5, -1.0, 6.0]) * OUTER_EYE_CM
    assert placed.position_cm == pytest.approx(wanted, abs=0.05)


def test_points_that_tell_no_place_leave_the_pose_without_one() -> None:
    view = {"width": WIDTH, "height": HEIGHT, "field_of_view_deg": FIELD_OF_VIEW}
    pose = HeadPose(20, 10, -5)
    unknown = np.full((68, 2), np.nan, np.float32)
    assert PoseEstimator(IBUG68).place(pose, unknown, **view) == pose
    upside_down = -_rendered(pose) + np.float32([WIDTH, HEIGHT])
    assert PoseEstimator(IBUG68).place(pose, upside_down, **view).position_cm is None


@pytest.mark.parametrize("pose", [HeadPose(35, 15, 10), HeadPose(-25, -20, 40)])
def test_the_mirrored_picture_shows_the_mirrored_pose(pose: HeadPose) -> None:
    points = _rendered(pose)
    found = _estimate(IBUG68.mirror_points(points, WIDTH))
    wanted = pose.mirrored()
    assert (found.yaw, found.pitch, found.roll) == pytest.approx(
        (wanted.yaw, wanted.pitch, wanted.roll), abs=0.5
    )


def test_turning_to_the_right_edge_moves_the_nose_tip_right_of_the_eyes() -> None:
    points = _rendered(HeadPose(30, 0, 0))
    eyes = (points[36, 0] + points[45, 0]) / 2
    assert points[30, 0] > eyes
    assert _estimate(points).yaw > 0


def test_noise_of_a_model_moves_the_angles_by_few_degrees() -> None:
    random = np.random.default_rng(5)
    points = _rendered(HeadPose(15, -10, 5))
    noise = 0.03 * IBUG68.eye_distance(points)
    errors = [
        np.abs([p.yaw - 15, p.pitch + 10, p.roll - 5])
        for p in (
            _estimate((points + random.normal(0, noise, points.shape)).astype(np.float32))
            for _ in range(50)
        )
    ]
    assert np.mean(errors, axis=0).max() < 4


def test_an_open_mouth_does_not_lift_the_head() -> None:
    points = _rendered(HeadPose(0, 0, 0))
    opened = points.copy()
    drop = 0.35 * IBUG68.eye_distance(points)
    opened[[6, 7, 8, 9, 10, 55, 56, 57, 58, 59, 65, 66, 67], 1] += drop
    assert abs(_estimate(opened).pitch - _estimate(points).pitch) < 2


def test_points_that_coincide_or_are_unknown_have_no_pose() -> None:
    estimator = PoseEstimator(IBUG68)
    for points in (np.zeros((68, 2), np.float32), np.full((68, 2), np.nan, np.float32)):
        assert estimator.estimate(points, width=640, height=480, field_of_view_deg=60.0) is None


def test_a_layout_without_a_mean_face_has_no_pose() -> None:
    layout = dataclasses.replace(IBUG68, name="other68")
    points = _rendered(HeadPose(0, 0, 0))
    estimator = PoseEstimator(layout)
    assert estimator.estimate(points, width=640, height=480, field_of_view_deg=60.0) is None


def test_the_mean_face_is_symmetric_and_its_nose_points_at_the_camera() -> None:
    face = mean_face()
    mirrored = face[list(IBUG68.mirror)] * [-1, 1, 1]
    assert mirrored == pytest.approx(face, abs=0.02)
    assert face[30, 2] == face[:, 2].min()
    assert np.linalg.norm(face[45] - face[36]) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("angles", [(0, 0, 0), (30, -15, 20), (-40, 20, -10)])
def test_the_fifteen_points_are_enough_for_a_pose(angles: tuple[float, float, float]) -> None:
    points = point_map(IBUG68, KEYPOINTS15)(_rendered(HeadPose(*angles)))
    points[[0, 1]] = np.nan  # the middles of the eyes are points of no mean face
    pose = PoseEstimator(KEYPOINTS15).estimate(
        points, width=WIDTH, height=HEIGHT, field_of_view_deg=FIELD_OF_VIEW
    )
    assert pose is not None
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx(angles, abs=0.2)


@pytest.mark.parametrize(
    ("at", "angles"),
    [
        ((319.5, 239.5), (0, 0, 0)),
        ((639.5, 239.5), (-30, 0, 0)),  # at the right edge, it looks to the left to see the camera
        ((-0.5, 239.5), (30, 0, 0)),
        ((319.5, 239.5 + 320), (0, 30, 0)),  # far below, it looks up
    ],
)
def test_a_face_that_looks_into_the_camera_is_turned_to_it(
    at: tuple[float, float], angles: tuple[float, float, float]
) -> None:
    pose = pose_to_camera_axes(
        HeadPose(0, 0, 0), at, width=640, height=480, field_of_view_deg=FIELD_OF_VIEW
    )
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx(angles, abs=1e-6)


def test_in_the_middle_a_pose_stays_as_the_network_saw_it() -> None:
    seen = HeadPose(-35, 20, 15)
    pose = pose_to_camera_axes(
        seen, (319.5, 239.5), width=640, height=480, field_of_view_deg=FIELD_OF_VIEW
    )
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((-35, 20, 15))
