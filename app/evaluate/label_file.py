"""What a label file of the project holds, as values that never change.

Who edits labels makes new values in the place of old ones, so old ones can be kept for undoing
and another thread may write a file while its owner goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.core.face import HeadPose
from app.core.layout import LandmarkLayout
from app.evaluate.attributes import ATTRIBUTES
from app.evaluate.labels import LabelOrigin, check_points

LabelPoints = npt.NDArray[np.float64]

_WIDEST_DEG: Final = 360.0
"""No angle is larger, however it is counted."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FaceLabel:
    """One labelled face in one frame.

    Attributes:
        person: the same number for the same person.
        points: (N, 2) float64, frame pixels; NaN where a point is not labelled. Read-only.
        hidden: indices of points behind another thing or outside the picture.
        pose: None where unknown.
        attributes: names of `ATTRIBUTES`; None where they have to be derived.
        extra: whatever else its line says (`eyes`, `mouth_open`, `turned_away`, ...).
    """

    person: int
    points: LabelPoints
    hidden: frozenset[int] = frozenset()
    pose: HeadPose | None = None
    attributes: frozenset[str] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.points.setflags(write=False)

    def check(self, layout: LandmarkLayout) -> None:
        """Make sure that the face can be measured against.

        Raises:
            ValueError: it cannot; the text says why, without a full stop.
        """
        check_points(self.points, layout)
        if self.pose is not None:
            angles = (self.pose.yaw, self.pose.pitch, self.pose.roll)
            if not np.isfinite(angles).all():
                raise ValueError("an angle of the pose is not a number")
            if max(map(abs, angles)) > _WIDEST_DEG:
                raise ValueError(f"an angle of the pose lies beyond {_WIDEST_DEG:.0f} degrees")
        for index in sorted(self.hidden):
            if not 0 <= index < layout.count:
                raise ValueError(f"hidden point {index} does not exist in {layout.name}")
        for name in sorted(self.attributes or ()):
            if name not in ATTRIBUTES:
                raise ValueError(f"attribute {name!r} is none of {', '.join(ATTRIBUTES)}")


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FrameLabels:
    """The labels of one frame.

    Attributes:
        faces: empty where there is no face, None where nobody has looked.
        corrected: a person has looked at what a machine said, and put it right.
        extra: whatever else its line says, such as `time_s`.
    """

    faces: tuple[FaceLabel, ...] | None
    corrected: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class LabelFile:
    """All labels of a clip or of a folder of images.

    Attributes:
        clip: name of the file or folder, beside the label file.
        layout: what each point means.
        size: width and height of every frame in pixels; None where they differ or are unknown.
        focal_px: focal length of the camera in pixels, or None.
        truth: where the labels come from, see `app.evaluate.labels.LabelOrigin`.
        made_by: who or what labelled, for people.
        frames: one for each frame of the clip.
        extra: whatever else the first line says.
    """

    clip: str
    layout: LandmarkLayout
    frames: tuple[FrameLabels, ...]
    size: tuple[int, int] | None = None
    focal_px: float | None = None
    truth: str = ""
    made_by: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def origin(self) -> LabelOrigin:
        """Where the labels come from, and how many were corrected."""
        return LabelOrigin(
            truth=self.truth,
            made_by=self.made_by,
            frames=sum(frame.faces is not None for frame in self.frames),
            corrected=sum(frame.corrected for frame in self.frames),
        )
