"""The directions of a head as lines in the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.core.face import Face
from app.core.rotation import pose_to_matrix

AXIS_LENGTH: Final = 0.5
"""Length of an axis that lies in the picture, as a share of the longer side of the face."""

XY = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PoseAxes:
    """Four points in frame pixels: the middle of a face, and where its axes end.

    Attributes:
        origin: the middle of the tight box around the points.
        right: towards the side of the face that is right in the picture when it looks ahead.
        down: towards the chin.
        forward: where the nose points.
    """

    origin: XY
    right: XY
    down: XY
    forward: XY


def pose_axes(face: Face) -> PoseAxes | None:
    """The axes of a face, seen without perspective; None where its pose is not known."""
    pose = face.pose
    if pose is None or not all(math.isfinite(a) for a in (pose.yaw, pose.pitch, pose.roll)):
        return None
    low, high = face.points.min(axis=0), face.points.max(axis=0)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return None
    centre = (low + high) / 2
    length = AXIS_LENGTH * float((high - low).max())
    rotation = pose_to_matrix(pose)

    def end(direction: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> XY:
        x, y = centre + length * direction[:2]
        return float(x), float(y)

    return PoseAxes(
        origin=(float(centre[0]), float(centre[1])),
        right=end(rotation[:, 0]),
        down=end(rotation[:, 1]),
        forward=end(-rotation[:, 2]),
    )
