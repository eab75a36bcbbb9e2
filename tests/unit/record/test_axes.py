import math
from collections.abc import Callable

import pytest

from app.core.face import Face, HeadPose
from app.record.axes import AXIS_LENGTH, pose_axes

FaceMaker = Callable[..., Face]


def test_a_head_that_looks_ahead_has_axes_along_the_picture(make_face: FaceMaker) -> None:
    axes = pose_axes(make_face(centre=(100, 50), size=80, pose=HeadPose(0, 0, 0)))
    assert axes is not None
    assert axes.origin == pytest.approx((100, 50), abs=0.5)
    assert axes.right == pytest.approx((100 + 80 * AXIS_LENGTH, 50), abs=0.5)
    assert axes.down == pytest.approx((100, 50 + 80 * AXIS_LENGTH), abs=0.5)
    assert axes.forward == pytest.approx(axes.origin)


@pytest.mark.parametrize(
    ("pose", "direction"),
    [
        (HeadPose(60, 0, 0), (1, 0)),
        (HeadPose(-60, 0, 0), (-1, 0)),
        (HeadPose(0, 60, 0), (0, -1)),
        (HeadPose(0, -60, 0), (0, 1)),
    ],
)
def test_the_nose_points_where_the_head_turns(
    make_face: FaceMaker, pose: HeadPose, direction: tuple[int, int]
) -> None:
    axes = pose_axes(make_face(pose=pose))
    assert axes is not None
    moved = [end - start for end, start in zip(axes.forward, axes.origin, strict=True)]
    length = 80 * AXIS_LENGTH * math.sin(math.radians(60))
    assert moved == pytest.approx([d * length for d in direction], abs=0.5)


def test_roll_turns_the_axes_clockwise(make_face: FaceMaker) -> None:
    axes = pose_axes(make_face(pose=HeadPose(0, 0, 90)))
    assert axes is not None
    assert axes.right[1] > axes.origin[1] + 30
    assert axes.right[0] == pytest.approx(axes.origin[0], abs=0.5)


@pytest.mark.parametrize("pose", [None, HeadPose(math.nan, 0, 0)])
def test_no_axes_without_a_pose(make_face: FaceMaker, pose: HeadPose | None) -> None:
    assert pose_axes(make_face(pose=pose)) is None
