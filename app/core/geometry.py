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
    # Plain numbers here and below: on so few of them numpy spends its time on finding its code.
    angle, zoom, middle = math.radians(box.roll), size / side, (size - 1) / 2
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = box.centre
    dx, dy = way_in_picture(0.0, shift * box.side, roll=box.roll)
    x, y = x + dx, y + dy
    cos, sin = zoom * cos, zoom * sin
    return np.array(
        [[cos, sin, middle - cos * x - sin * y], [-sin, cos, middle + sin * x - cos * y]]
    )


def points_from_unit(unit: npt.NDArray[np.float32], transform: Transform, *, size: int) -> Points:
    """Points (N, 2) given as shares of the crop (0 its left or top edge, 1 the other) in frame
    pixels, for a `crop_transform` of the same `size`.
    """
    (a, b, x), (c, d, y) = transform.tolist()
    # A turn with a zoom, whose inverse is its transpose over the square of the zoom.
    square = a * a + b * b
    scale, x, y = size / square, (x + 0.5) / square, (y + 0.5) / square
    back = np.array([[a * scale, b * scale], [c * scale, d * scale]])
    points: Points = (unit @ back - (a * x + c * y, b * x + d * y)).astype(np.float32)
    return points


def zoom_of(transform: Transform) -> float:
    """Crop pixels per frame pixel."""
    return math.hypot(transform[0, 0], transform[0, 1])


def roll_of(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> float:
    """How far the line from one point (2,) to another tilts clockwise, degrees in -180..180."""
    dx, dy = (right - left).tolist()
    return math.degrees(math.atan2(dy, dx))


def upright_axes(roll: float) -> npt.NDArray[np.float64]:
    """(2, 2) unit vectors in the picture, to the right and down of a face that is tilted by
    `roll` degrees clockwise.
    """
    angle = math.radians(roll)
    return np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])


def way_in_picture(across: float, down: float, *, roll: float) -> tuple[float, float]:
    """How far right and down in the picture a way leads that goes to the right and down of a face
    which is tilted by `roll` degrees clockwise.
    """
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    return across * cos - down * sin, across * sin + down * cos


def face_box(points: npt.NDArray[np.floating[Any]], *, roll: float, score: float = 1.0) -> Box:
    """The tight box around points (N, 2) of a face that is tilted by `roll` degrees clockwise."""
    # Along the points, which lie next to each other then, numpy looks several times faster.
    own = upright_axes(roll) @ points.T
    (left, top), (right, bottom) = own.min(axis=1).tolist(), own.max(axis=1).tolist()
    x, y = way_in_picture((left + right) / 2, (top + bottom) / 2, roll=roll)
    half_width, half_height = (right - left) / 2, (bottom - top) / 2
    return Box(x - half_width, y - half_height, x + half_width, y + half_height, score, roll)
