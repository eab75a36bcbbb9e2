"""What is known of a face in one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from app.core.layout import LandmarkLayout

Points = npt.NDArray[np.float32]

OUTER_EYE_CM: Final = 9.0
"""Distance between the outer eye corners of an adult, cm: 8.8 in women and 9.1 in men in the mean
(Farkas, Anthropometry of the Head and Face, 1994)."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in frame pixels; it may reach beyond the frame.

    Pixel convention of the whole project: the centre of the top left pixel is (0, 0).

    Attributes:
        x0, y0, x1, y1: sides.
        score: 0..1, how sure its maker is.
        roll: tilt of the face in it, degrees clockwise. The rectangle is upright for the face: it
            is to be turned by so much about its centre. Areas and overlaps take it as it stands.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    score: float = 1.0
    roll: float = 0.0

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.y1 - self.y0

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the middle in frame pixels."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def side(self) -> float:
        """The longer side in pixels."""
        return max(self.width, self.height)

    @property
    def area(self) -> float:
        """Area in square pixels, 0 for an empty box."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    def iou(self, other: Box) -> float:
        """Intersection over union with another box, 0..1."""
        across = min(self.x1, other.x1) - max(self.x0, other.x0)
        down = min(self.y1, other.y1) - max(self.y0, other.y0)
        if across <= 0 or down <= 0:
            return 0.0
        shared = across * down
        return shared / (self.area + other.area - shared)

    def moved(self, dx: float, dy: float) -> Box:
        """The same box so many pixels further right and down."""
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy, self.score, self.roll)

    @classmethod
    def around(cls, points: npt.NDArray[np.floating[Any]], score: float = 1.0) -> Self:
        """The tightest box around points of shape (N, 2)."""
        (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return cls(x0, y0, x1, y1, score)


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Direction of a head in degrees, seen in the un-mirrored image.

    yaw > 0: the face turns towards the right edge of the image; pitch > 0: it looks up;
    roll > 0: the head tilts clockwise. `app.core.rotation` defines the angles exactly.

    Attributes:
        yaw, pitch, roll: degrees.
        position_cm: the middle between the outer eye corners seen from the camera, to the right
            of the picture, down and away, in centimetres; None where nobody measured it. It takes
            every head for one of usual size (`OUTER_EYE_CM`).
    """

    yaw: float
    pitch: float
    roll: float
    position_cm: tuple[float, float, float] | None = field(default=None, kw_only=True)

    def mirrored(self) -> HeadPose:
        """The pose that the mirrored image shows."""
        position = self.position_cm
        if position is not None:
            position = (-position[0], *position[1:])
        return HeadPose(-self.yaw, self.pitch, -self.roll, position_cm=position)


class Visibility(NamedTuple):
    """Probabilities 0..1 that parts of a face can be seen: nothing lies before them (a hand, a
    mask, dark lenses) and the frame does not end there. Left and right as the image has them.
    """

    left_eye: float
    right_eye: float
    mouth: float


@dataclass(frozen=True, eq=False, slots=True)
class Face:
    """One face in one frame.

    Attributes:
        id: stable over frames and short losses; never reused while the program runs.
        box: the tight upright box around the raw points; its score is the trust.
        points: (N, 2) float32 landmarks in frame pixels, made read-only here.
        layout: what each point means; N is its count.
        pose: None where it cannot be told.
        trust: 0..1, how far the points deserve belief.
        point_trust: (N,) float32 in 0..1, or None where the model has no opinion per point.
        visibility: of the eyes and the mouth, or None where the model does not tell.
        expression: blendshape -> 0..1 by the names of ARKit, left and right those of the person;
            None where the model does not tell.
        raw_points: (N, 2) float32, the points before smoothing (the same array where smoothing
            is off). Whatever times fast movement, such as a blink, reads these.

    Raises:
        ValueError: an array does not have the shape that the layout asks for.
    """

    id: int
    box: Box
    points: Points
    layout: LandmarkLayout
    pose: HeadPose | None
    trust: float
    raw_points: Points
    point_trust: npt.NDArray[np.float32] | None = None
    visibility: Visibility | None = None
    expression: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        for name in ("points", "raw_points"):
            array: Points = getattr(self, name)
            if array.shape != (self.layout.count, 2):
                raise ValueError(
                    f"{name} of layout {self.layout.name} must have shape "
                    f"({self.layout.count}, 2), got {array.shape}"
                )
            array.setflags(write=False)
        if self.point_trust is not None and self.point_trust.shape != (self.layout.count,):
            raise ValueError(
                f"point_trust must have shape ({self.layout.count},), got {self.point_trust.shape}"
            )
