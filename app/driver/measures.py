"""What one face says in one frame, before anything is compared with the person's own baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.core.face import Face, Points
from app.core.openings import face_openings

UNKNOWN: Final = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMeasures:
    """The numbers of one face in one frame; NaN where unknown.

    Attributes:
        time_s: time of the frame.
        face_id: of the face, None where there is none: everything else is then unknown.
        left_ear, right_ear: eye aspect ratio of the eyes, left and right in the un-mirrored
            picture, from points before smoothing.
        mouth: gap of the inner lips over their width, likewise.
        mouth_width: width of the inner lips over the distance between the outer eye corners.
        yaw, pitch, roll: of the head, degrees, relative to the camera.
        trust: 0..1.
        eye_distance_px: between the outer eye corners, frame pixels.
    """

    time_s: float
    face_id: int | None = None
    left_ear: float = UNKNOWN
    right_ear: float = UNKNOWN
    mouth: float = UNKNOWN
    mouth_width: float = UNKNOWN
    yaw: float = UNKNOWN
    pitch: float = UNKNOWN
    roll: float = UNKNOWN
    trust: float = UNKNOWN
    eye_distance_px: float = UNKNOWN


# Points that the model trusts less than a face is shown with are hidden.
_POINT_TRUST: Final = 0.5


def measure(face: Face, *, time_s: float, width: int, height: int) -> FaceMeasures:
    """Measure a face.

    An eye with a point outside the picture, or whose points the model does not trust, is unknown;
    the same holds for the mouth. A layout without lids or lips has unknown eyes or mouth.

    Args:
        face: eyes and mouth are taken from its raw points.
        time_s: time of the frame.
        width: of the frame, pixels.
        height: of the frame, pixels.
    """
    layout, points = face.layout, face.raw_points
    openings = face_openings(face)
    distance = layout.eye_distance(points)
    whole = face.point_trust is None and _inside(points, width, height)
    left_seen, right_seen, mouth_seen = (
        bool(indices) and (whole or _seen(face, indices, width, height))
        for indices in (layout.left_eye, layout.right_eye, layout.inner_mouth)
    )
    mouth_width = UNKNOWN
    if mouth_seen and distance > 0:
        corner, _, other, _ = layout.inner_mouth
        mouth_width = float(np.hypot(*(points[corner] - points[other]))) / distance
    pose = face.pose
    return FaceMeasures(
        time_s=time_s,
        face_id=face.id,
        left_ear=openings.left_eye if left_seen else UNKNOWN,
        right_ear=openings.right_eye if right_seen else UNKNOWN,
        mouth=openings.mouth if mouth_seen else UNKNOWN,
        mouth_width=mouth_width,
        yaw=UNKNOWN if pose is None else pose.yaw,
        pitch=UNKNOWN if pose is None else pose.pitch,
        roll=UNKNOWN if pose is None else pose.roll,
        trust=face.trust,
        eye_distance_px=distance,
    )


def _seen(face: Face, indices: tuple[int, ...], width: int, height: int) -> bool:
    """Whether a part of the face lies in the picture and is believed."""
    if not _inside(face.raw_points[list(indices)], width, height):
        return False
    if face.point_trust is None:
        return True
    return float(np.mean(face.point_trust[list(indices)])) >= _POINT_TRUST


def _inside(points: Points, width: int, height: int) -> bool:
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return bool(x0 >= -0.5 and y0 >= -0.5 and x1 <= width - 0.5 and y1 <= height - 0.5)
