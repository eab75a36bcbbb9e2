import numpy as np
import pytest

from app.core.face import HeadPose
from app.core.rotation import matrix_to_pose, pose_to_matrix

NOSE = np.array([0.0, 0.0, -1.0])
EAR_TO_EAR = np.array([1.0, 0.0, 0.0])
RIGHT, DOWN = 0, 1


def test_positive_yaw_turns_the_nose_to_the_right_edge_of_the_image() -> None:
    nose = pose_to_matrix(HeadPose(yaw=30, pitch=0, roll=0)) @ NOSE
    assert nose[RIGHT] == pytest.approx(0.5)
    assert nose[DOWN] == pytest.approx(0)


def test_positive_pitch_lifts_the_nose() -> None:
    nose = pose_to_matrix(HeadPose(yaw=0, pitch=30, roll=0)) @ NOSE
    assert nose[RIGHT] == pytest.approx(0)
    assert nose[DOWN] == pytest.approx(-0.5)


def test_positive_roll_lowers_the_right_end_of_the_eye_line() -> None:
    across = pose_to_matrix(HeadPose(yaw=0, pitch=0, roll=30)) @ EAR_TO_EAR
    assert across[RIGHT] > 0
    assert across[DOWN] == pytest.approx(0.5)


def test_angles_survive_the_way_through_a_matrix_over_the_whole_range() -> None:
    random = np.random.default_rng(1)
    for _ in range(500):
        yaw, pitch, roll = (random.uniform(-limit, limit) for limit in (89, 179, 179))
        back = matrix_to_pose(pose_to_matrix(HeadPose(yaw, pitch, roll)))
        assert (back.yaw, back.pitch, back.roll) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_a_full_profile_still_gives_the_same_rotation() -> None:
    for yaw in (-90.0, 90.0):
        matrix = pose_to_matrix(HeadPose(yaw, 20.0, 10.0))
        again = pose_to_matrix(matrix_to_pose(matrix))
        assert again == pytest.approx(matrix, abs=1e-6)


def test_turning_the_picture_changes_roll_alone() -> None:
    head = pose_to_matrix(HeadPose(yaw=25, pitch=-10, roll=5))
    turned = matrix_to_pose(pose_to_matrix(HeadPose(0, 0, 40)) @ head)
    assert (turned.yaw, turned.pitch, turned.roll) == pytest.approx((25, -10, 45))


def test_mirroring_flips_yaw_and_roll_and_leaves_pitch() -> None:
    flip = np.diag([-1.0, 1.0, 1.0])
    pose = HeadPose(yaw=25, pitch=-10, roll=5)
    mirrored = matrix_to_pose(flip @ pose_to_matrix(pose) @ flip)
    expected = pose.mirrored()
    assert (mirrored.yaw, mirrored.pitch, mirrored.roll) == pytest.approx(
        (expected.yaw, expected.pitch, expected.roll)
    )
