"""Crops: from frame pixels to the square that a network sees, and back.

The centre of the top left pixel of any picture is (0, 0), so a picture of n pixels spans
-0.5 .. n - 0.5.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.face import Box, Points

Transform = npt.NDArray[np.float64]


def crop_transform(box: Box, *, scale: float, shift: float, size: int) -> Transform:
    """The (2, 3) matrix that takes frame pixels to pixels of a square crop of `size`.

    A face whose box has a roll stands upright in the crop.

    Args:
        box: face box in frame pixels.
        scale: side of the square as a multiple of the box's longer side.
        shift: shift of the square's centre towards the chin, as a share of the box's longer side.
        size: side of the crop in its own pixels.

    Raises:
        ValueError: the box is empty.
    """
    side = box.side * scale
    if not side > 0:
        raise ValueError(f"a crop needs a box with a positive side, got {box}")
    axes = upright_axes(box.roll)
    centre = np.array(box.centre) + shift * box.side * axes[1]
    zoom = size / side
    turn = zoom * axes
    offset = (size - 1) / 2 - turn @ centre
    return np.column_stack([turn, offset])


def points_from_unit(unit: npt.NDArray[np.float32], transform: Transform, *, size: int) -> Points:
    """Points (N, 2) given as shares of the crop (0 its left or top edge, 1 the other) in frame
    pixels, for a `crop_transform` of the same `size`.
    """
    crop_pixels = unit.astype(np.float64) * size - 0.5
    turn = transform[:, :2]
    # A turn with a zoom, whose inverse is its transpose over the square of the zoom.
    back = turn / (turn[0] @ turn[0])
    points: Points = ((crop_pixels - transform[:, 2]) @ back).astype(np.float32)
    return points


def zoom_of(transform: Transform) -> float:
    """Crop pixels per frame pixel."""
    return float(np.hypot(transform[0, 0], transform[0, 1]))


def roll_of(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> float:
    """How far the line from one point (2,) to another tilts clockwise, degrees in -180..180."""
    dx, dy = (float(d) for d in right - left)
    return math.degrees(math.atan2(dy, dx))


def upright_axes(roll: float) -> npt.NDArray[np.float64]:
    """(2, 2) unit vectors in the picture, to the right and down of a face that is tilted by
    `roll` degrees clockwise.
    """
    angle = math.radians(roll)
    return np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])


def face_box(points: npt.NDArray[np.floating[Any]], *, roll: float, score: float = 1.0) -> Box:
    """The tight box around points (N, 2) of a face that is tilted by `roll` degrees clockwise."""
    axes = upright_axes(roll)
    own = points.astype(np.float64) @ axes.T
    low, high = own.min(axis=0), own.max(axis=0)
    x, y = (low + high) / 2 @ axes
    half_width, half_height = (high - low) / 2
    return Box(
        float(x - half_width),
        float(y - half_height),
        float(x + half_width),
        float(y + half_height),
        score,
        roll,
    )
