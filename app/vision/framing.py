"""How well a box frames the face in it, and the second look where it does so badly."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from app.core.face import Box
from app.vision.face_extent import FaceExtent
from app.vision.landmarker import Landmarks

MIN_BOX_PIXELS: Final = 8.0
"""Side of the smallest face box whose points are believed."""

# The face box of points that belong to no face can shrink or grow without end.
_MAX_BOX_CHANGE = 2.5
# A face that proves to lie otherwise than its box said is looked at again: one that is tilted by
# more, that lies aside by more of the box's side, or whose size differs by more, as a share. These
# are twice the jitter of most crops in training, those of followed faces
# (`models/training/augmentation.py`): on a followed face few frames take a second look, on a face
# that a detector has just found most do. What it brings stands in models/pfld/RESULTS.md.
_MAX_TILT_DEG = 8.0
_MAX_ASIDE = 0.04
_MAX_SIZE_CHANGE = 0.05


class Seen(NamedTuple):
    """What was seen of a face.

    landmarks: its points and what else the model says.
    seen_in: the box that they were seen in.
    around: the face box around the points.
    """

    landmarks: Landmarks
    seen_in: Box
    around: Box


def look_twice(
    look: Callable[[Box], Landmarks], extent: FaceExtent, box: Box, *, width: int, height: int
) -> Seen:
    """Landmarks at a box; a face that the box framed badly gets a second look.

    Args:
        look: runs the model at a box.
        extent: finds the face box around its points.
        box: where the face may be, in pixels of a frame.
        width: of the frame, pixels.
        height: likewise.
    """
    landmarks = look(box)
    around = extent.box(landmarks.points)
    if badly_framed(around, box) and plausible(around, box, width=width, height=height):
        box = around
        landmarks = look(box)
        around = extent.box(landmarks.points)
    return Seen(landmarks, box, around)


def badly_framed(around: Box, box: Box) -> bool:
    """Whether the face box around the points is far from the one that they were seen in."""
    tilt = (around.roll - box.roll + 180) % 360 - 180
    aside = math.dist(around.centre, box.centre) / max(box.side, 1e-6)
    change = math.log(max(around.side, 1e-6) / max(box.side, 1e-6))
    return (
        abs(tilt) > _MAX_TILT_DEG
        or aside > _MAX_ASIDE
        or abs(change) > math.log1p(_MAX_SIZE_CHANGE)
    )


def plausible(around: Box, box: Box, *, width: int, height: int) -> bool:
    """Whether the points found in a box may be a face at all, by the face box around them: of a
    sane size, near their box and in the frame.
    """
    if not around.side >= MIN_BOX_PIXELS:
        return False
    ratio = around.side / max(box.side, 1e-6)
    if not 1 / _MAX_BOX_CHANGE < ratio < _MAX_BOX_CHANGE:
        return False
    x, y = around.centre
    return 0 <= x < width and 0 <= y < height
