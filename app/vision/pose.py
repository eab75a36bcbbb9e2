"""Head pose from landmarks: solvePnP against a mean face."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.errors import PfldLiveError
from app.core.face import OUTER_EYE_CM, HeadPose, Points
from app.core.layout import IBUG68, LandmarkLayout, point_map
from app.core.resources import asset
from app.core.rotation import matrix_to_pose, pose_to_matrix

# Lids, lips and chin move without the head, and the ends of the jaw line slide along its outline
# as it turns. What is left, brows included, has the least error against FaceMesh's geometry, but
# for choices that an open mouth disturbs: see tests/bench/pose_points.py.
_RIGID = (*range(2, 6), *range(11, 15), *range(17, 36), 36, 39, 42, 45)
_FEWEST = 6  # points that leave no doubt between two poses
_REFINEMENTS = 10
_NO_DISTORTION = np.zeros(5)
# Sum of squares of rays from their mean; a head 100 m away has more.
_SMALLEST_SPREAD = 1e-9


class PoseEstimator:
    """Estimates where a head points, with a pinhole camera of a given field of view.

    The angles are those of `app.core.rotation`, relative to the axes of the camera.
    """

    def __init__(self, layout: LandmarkLayout) -> None:
        """Prepare for points of `layout`: those that are points of the mean face, too.

        Raises:
            PfldLiveError: the mean face is missing or broken.
        """
        ways = point_map(layout, IBUG68)
        rows = [i for i in _RIGID if i in ways.known]
        self._model = mean_face()[rows]
        self._used = np.flatnonzero(ways.weights[rows].any(axis=0))
        self._weights = ways.weights[np.ix_(rows, self._used)]

    def estimate(
        self, points: Points, *, width: int, height: int, field_of_view_deg: float
    ) -> HeadPose | None:
        """The pose of a head with landmarks (N, 2) in a frame of width x height pixels.

        Args:
            points: float32, frame pixels.
            width: width of the frame, pixels.
            height: height of the frame, pixels.
            field_of_view_deg: horizontal angle that the camera sees.

        Returns:
            None where the points fit no head: they are too few, coincide, or the fit lies behind
            the camera.
        """
        if len(self._model) < _FEWEST:
            return None
        image_points = self._weights @ points[self._used]
        if not np.isfinite(image_points).all() or np.ptp(image_points, axis=0).max() < 1e-3:
            return None
        camera = _camera(width, height, field_of_view_deg)
        try:
            found, turn, shift = cv2.solvePnP(
                self._model, image_points, camera, _NO_DISTORTION, flags=cv2.SOLVEPNP_SQPNP
            )
            if not found:
                return None
            criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, _REFINEMENTS, 1e-6)
            turn, shift = cv2.solvePnPRefineLM(
                self._model, image_points, camera, _NO_DISTORTION, turn, shift, criteria
            )
        except cv2.error:  # no pose explains the points
            return None
        if float(shift[2, 0]) <= 0:
            return None
        rotation, _ = cv2.Rodrigues(turn)
        x, y, z = (float(v) * OUTER_EYE_CM for v in shift[:, 0])
        return replace(matrix_to_pose(np.asarray(rotation, np.float64)), position_cm=(x, y, z))

    def place(
        self, pose: HeadPose, points: Points, *, width: int, height: int, field_of_view_deg: float
    ) -> HeadPose:
        """A pose whose angles are known, with the position that fits the landmarks best.

        Args:
            pose: relative to the axes of the camera.
            points: (N, 2) float32, frame pixels.
            width: width of the frame, pixels.
            height: height of the frame, pixels.
            field_of_view_deg: horizontal angle that the camera sees.

        Returns:
            `pose` as it is where the points tell no position in front of the camera.
        """
        seen = self._weights @ points[self._used]
        if len(self._model) < _FEWEST or not np.isfinite(seen).all():
            return pose
        focal, cx, cy = _pinhole(width, height, field_of_view_deg)
        rays = (seen - (cx, cy)) / focal
        turned = self._model @ pose_to_matrix(pose).T
        # A point of the head lies on its ray, (X + x) / (Z + z) = ray: linear in (x, y, z). Least
        # squares, whose normal equations come apart once the rays are taken from their mean.
        wanted = rays * turned[:, 2:] - turned[:, :2]
        middle = rays.sum(axis=0) / len(rays)
        apart = rays - middle
        spread = float(np.vdot(apart, apart))
        if spread < _SMALLEST_SPREAD:
            return pose
        depth = -float(np.vdot(apart, wanted)) / spread
        if depth <= 0:
            return pose
        x, y = (wanted.sum(axis=0) / len(rays) + middle * depth).tolist()
        centimetres = (x * OUTER_EYE_CM, y * OUTER_EYE_CM, depth * OUTER_EYE_CM)
        return replace(pose, position_cm=centimetres)


def pose_to_camera_axes(
    pose: HeadPose,
    at: tuple[float, float],
    *,
    width: int,
    height: int,
    field_of_view_deg: float,
) -> HeadPose:
    """A pose as `PoseEstimator` gives it, from one that a network saw in a crop.

    A crop looks like the view of a camera that faces the head. A head in a corner of the frame
    that turns its face to the camera is not parallel to the camera's axis.

    Args:
        pose: seen by a camera that looks straight at the head.
        at: (x, y) of the head in the frame, pixels.
        width: width of the frame, pixels.
        height: height of the frame, pixels.
        field_of_view_deg: horizontal angle that the camera sees.
    """
    focal, cx, cy = _pinhole(width, height, field_of_view_deg)
    x, y = (at[0] - cx) / focal, (at[1] - cy) / focal
    length = math.sqrt(x * x + y * y + 1)
    x, y, z = x / length, y / length, 1 / length
    # The shortest turn from the camera's axis (0, 0, 1) to the ray (x, y, z).
    part = 1 + z
    look = np.array(
        [
            [1 - x * x / part, -x * y / part, x],
            [-x * y / part, 1 - y * y / part, y],
            [-x, -y, z],
        ]
    )
    return matrix_to_pose(look @ pose_to_matrix(pose))


def _pinhole(width: int, height: int, field_of_view_deg: float) -> tuple[float, float, float]:
    """Focal length, and (x, y) of the axis, through the middle of the frame, all in pixels."""
    focal = width / 2 / math.tan(math.radians(field_of_view_deg) / 2)
    return focal, (width - 1) / 2, (height - 1) / 2


def _camera(width: int, height: int, field_of_view_deg: float) -> npt.NDArray[np.float64]:
    """(3, 3) pinhole matrix with square pixels."""
    focal, cx, cy = _pinhole(width, height, field_of_view_deg)
    return np.array([[focal, 0, cx], [0, focal, cy], [0, 0, 1]])


@cache
def mean_face() -> npt.NDArray[np.float64]:
    """(68, 3) points of a mean neutral face in face axes, in outer eye distances.

    Raises:
        PfldLiveError: the file is missing or broken.
    """
    path = asset("face_points_68.json")
    try:
        points = np.array(json.loads(path.read_text("utf-8"))["points"], np.float64)
    except (OSError, ValueError, KeyError) as error:
        raise PfldLiveError(f"{path} cannot be read ({error}); install PFLD Live again.") from error
    if points.shape != (68, 3):
        raise PfldLiveError(f"{path} holds points of shape {points.shape}, not (68, 3).")
    return points
