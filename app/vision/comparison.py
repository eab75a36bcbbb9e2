"""A second model on the same crops, and how far the two are apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.core.face import Face
from app.core.frame import Frame
from app.core.layout import IBUG68, point_map, shared_points
from app.vision.face_maker import FaceMaker, FaceMemory
from app.vision.landmarker import Landmarker, Landmarks
from app.vision.result import Comparison
from app.vision.settings import VisionSettings


class Rival:
    """A model that looks at the crops of another one."""

    def __init__(self, landmarker: Landmarker) -> None:
        self.landmarker = landmarker
        self._maker = FaceMaker(landmarker.layout)

    def face(
        self,
        frame: Frame,
        landmarks: Landmarks,
        *,
        id: int,
        memory: FaceMemory,
        settings: VisionSettings,
    ) -> Face:
        """The face that it sees, smoothed like those of the first model."""
        points = self._maker.smoothed(frame, landmarks, memory, settings)
        pose = self._maker.pose(frame, landmarks, points, memory, settings)
        return self._maker.face(id, landmarks, points, pose)


def points_distance(one: Face, other: Face) -> float:
    """Mean distance of the unsmoothed points that two faces share, as a share of the eye distance
    of the first; NaN where they share none.
    """
    if one.layout is other.layout:
        here, there = one.raw_points, other.raw_points
    else:
        rows = list(shared_points([one.layout, other.layout]))
        if not rows:
            return float("nan")
        here, there = (point_map(f.layout, IBUG68)(f.raw_points)[rows] for f in (one, other))
    distance = float(np.hypot(*(here - there).T).mean())
    return distance / max(one.layout.eye_distance(one.raw_points), 1e-6)


def compare(model: str, faces: Sequence[Face], others: Sequence[Face]) -> Comparison:
    """The comparison of faces with those of the model of that label."""
    distances = [points_distance(*pair) for pair in zip(faces, others, strict=True)]
    known = [distance for distance in distances if np.isfinite(distance)]
    mean = float(np.mean(known)) if known else float("nan")
    return Comparison(model, tuple(others), mean)
