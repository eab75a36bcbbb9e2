"""From the landmarks of one frame to a `Face`: smoothing and head pose."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from app.core.face import Box, Face, HeadPose, Points
from app.core.frame import Frame
from app.core.layout import LandmarkLayout
from app.core.smoothing import PointSmoother
from app.vision.landmarker import Landmarks
from app.vision.pose import PoseEstimator, pose_to_camera_axes
from app.vision.settings import VisionSettings

# The tip of the nose travels about an eye distance while the head turns by so much.
_DEG_PER_EYE_DISTANCE = 60.0


@dataclass(slots=True, eq=False)
class FaceMemory:
    """What smoothing remembers of one face; nothing right after a loss.

    Attributes:
        points: of the landmarks.
        angles: of the pose, for a model that gives one itself.
    """

    points: PointSmoother | None = field(default=None)
    angles: PointSmoother | None = field(default=None)

    def forget(self) -> None:
        """Smooth nothing with what comes next, which lies elsewhere."""
        self.points = self.angles = None


class FaceMaker:
    """Makes the faces of one landmark model."""

    def __init__(self, layout: LandmarkLayout) -> None:
        self._layout = layout
        self._pose = PoseEstimator(layout)

    def smoothed(
        self, frame: Frame, landmarks: Landmarks, memory: FaceMemory, settings: VisionSettings
    ) -> Points:
        """The points (N, 2) of this frame, smoothed with those before it if that is wished."""
        points = landmarks.points
        if not settings.smooth:
            return points
        if memory.points is None:
            memory.points = PointSmoother(settings.smoothing)
        scale = self._layout.eye_distance(points)
        return memory.points(points, time_s=frame.time_s, scale=scale)

    def pose(
        self,
        frame: Frame,
        landmarks: Landmarks,
        points: Points,
        memory: FaceMemory,
        settings: VisionSettings,
    ) -> HeadPose | None:
        """What the model says of the pose, or else what its smoothed points say."""
        angle = settings.field_of_view_deg
        if landmarks.pose is None:
            return self._pose.estimate(
                points, width=frame.width, height=frame.height, field_of_view_deg=angle
            )
        x, y = (points.sum(axis=0) / len(points)).tolist()
        pose = pose_to_camera_axes(
            landmarks.pose,
            (x, y),
            width=frame.width,
            height=frame.height,
            field_of_view_deg=angle,
        )
        if settings.smooth:
            if memory.angles is None:
                memory.angles = PointSmoother(settings.smoothing)
            angles = np.array([[pose.yaw], [pose.pitch], [pose.roll]], np.float32)
            angles = memory.angles(
                angles, time_s=frame.time_s, scale=_DEG_PER_EYE_DISTANCE, turn=360.0
            )
            pose = HeadPose(*(float(angle) for angle in angles[:, 0]))
        return self._pose.place(
            pose, points, width=frame.width, height=frame.height, field_of_view_deg=angle
        )

    def face(self, id: int, landmarks: Landmarks, points: Points, pose: HeadPose | None) -> Face:
        """The face with an id, its smoothed points and its pose."""
        trust = landmarks.trust or 0.0
        return Face(
            id=id,
            box=Box.around(points, score=trust),
            points=points,
            layout=self._layout,
            pose=pose,
            trust=trust,
            raw_points=landmarks.points,
            point_trust=landmarks.point_trust,
            visibility=landmarks.visibility,
            expression=landmarks.expression,
        )
