import numpy as np
import pytest

from app.core.face import HeadPose
from app.core.geometry import face_box, roll_of
from app.core.layout import IBUG68, LAYOUTS, LandmarkLayout, point_map
from app.core.rotation import pose_to_matrix
from app.vision.face_extent import FaceExtent
from app.vision.pose import mean_face


def turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """(68, 2) float32 of the mean face under a parallel light, 100 pixels between the eyes."""
    return (100 * mean_face() @ pose_to_matrix(HeadPose(yaw, pitch, roll)).T)[:, :2].astype("f4")


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
@pytest.mark.parametrize("pose", [(0, 0, 0), (40, 0, 20), (-25, 20, 0), (0, -30, -70)])
def test_each_layout_finds_the_box_around_the_68_points(
    layout: LandmarkLayout, pose: tuple[float, float, float]
) -> None:
    points = turned(*pose)
    wanted = face_box(points, roll=roll_of(points[36], points[45]))
    found = FaceExtent(layout).box(as_seen_by(layout, points))
    assert found.iou(wanted) > 0.97
    assert found.roll == pytest.approx(wanted.roll, abs=0.1)


def as_seen_by(layout: LandmarkLayout, points: np.ndarray) -> np.ndarray:
    """Points of a layout that lie as the 68 do; those that tell nothing of the 68 lie anywhere."""
    there, back = point_map(IBUG68, layout), point_map(layout, IBUG68)
    seen = np.linalg.pinv(back.weights) @ points
    known = list(there.known)
    seen[known] = there(points)[known]
    return seen.astype(np.float32)


def test_a_dropped_jaw_widens_the_box_of_ibug68() -> None:
    points = turned(0, 0, 0)
    points[8, 1] += 30
    assert FaceExtent(IBUG68).box(points).y1 == pytest.approx(float(points[8, 1]), abs=1e-3)
