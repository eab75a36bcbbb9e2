"""Crops: from frame pixels to the square that a network sees, and back.

The centre of the top left pixel of any picture is (0, 0), so a picture of n pixels spans
-0.5 .. n - 0.5.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.core.face import Box, Points

Transform = npt.NDArray[np.float64]


def crop_transform(box: Box, *, scale: float, shift: float, size: int) -> Transform:
    """The (2, 3) matrix that takes frame pixels to pixels of a square crop of `size`.

    Args:
        box: face box in frame pixels.
        scale: side of the square as a multiple of the box's longer side.
        shift: downward shift of the square's centre, as a share of the box's longer side.
        size: side of the crop in its own pixels.

    Raises:
        ValueError: the box is empty.
    """
    side = box.side * scale
    if not side > 0:
        raise ValueError(f"a crop needs a box with a positive side, got {box}")
    cx, cy = box.centre
    cy += shift * box.side
    zoom = size / side
    return np.array(
        [
            [zoom, 0.0, (0.5 - cx + side / 2) * zoom - 0.5],
            [0.0, zoom, (0.5 - cy + side / 2) * zoom - 0.5],
        ]
    )


def points_from_unit(unit: npt.NDArray[np.float32], transform: Transform, *, size: int) -> Points:
    """Points (N, 2) given as shares of the crop (0 its left or top edge, 1 the other) in frame
    pixels, for a `crop_transform` of the same `size`.
    """
    crop_pixels = unit.astype(np.float64) * size - 0.5
    points: Points = ((crop_pixels - transform[:, 2]) / transform[0, 0]).astype(np.float32)
    return points
