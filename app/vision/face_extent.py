"""The face box around the points of any layout."""

from __future__ import annotations

import numpy as np

from app.core.face import Box, Points
from app.core.geometry import face_box, roll_of
from app.core.layout import IBUG68, LandmarkLayout, point_map
from app.vision.pose import mean_face


class FaceExtent:
    """Finds the box that all crops start from: the tight one around the 68 iBUG points.

    Where a layout lacks some of these, as `keypoints15` lacks the jaw, they lie where an affine
    camera sees those of the mean face that sees the known ones best.
    """

    def __init__(self, layout: LandmarkLayout) -> None:
        """Prepare for points of `layout`.

        Raises:
            PfldLiveError: points are lacking, and the mean face is missing or broken.
        """
        self._corners = layout.outer_eye_corners
        ways = point_map(layout, IBUG68)
        known = list(ways.known)
        self._weights = None if layout is IBUG68 else ways.weights
        if 0 < len(known) < IBUG68.count:
            model = np.column_stack([mean_face(), np.ones(IBUG68.count)])
            self._weights = model @ np.linalg.pinv(model[known]) @ ways.weights[known]

    def box(self, points: Points, *, score: float = 1.0) -> Box:
        """The face box, as tilted as the line between the eyes, around points (N, 2)."""
        left, right = self._corners
        roll = roll_of(points[left], points[right])
        around = points if self._weights is None else self._weights @ points
        return face_box(around, roll=roll, score=score)
