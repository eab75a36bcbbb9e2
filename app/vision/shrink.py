"""Smaller copies and parts of a picture, for detectors that do not need every pixel."""

from __future__ import annotations

import numpy as np

from app._opencv import cv2
from app.core.face import Box
from app.core.frame import Image


def shrunk(image: Image, longer_side: int) -> tuple[Image, float]:
    """The picture with its longer side brought down to `longer_side`, never enlarged.

    Returns:
        The small picture (the same array where nothing was to do), and how many pixels of the
        picture one of its pixels is wide.
    """
    height, width = image.shape[:2]
    zoom = max(height, width) / longer_side
    if zoom <= 1:
        return image, 1.0
    size = (max(round(width / zoom), 1), max(round(height / zoom), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), zoom


def part_around(image: Image, box: Box, *, sides: float) -> tuple[Image, int, int]:
    """The square of the picture around a box, `sides` times as wide, as far as it reaches.

    Returns:
        The part, (H, W, 3) and contiguous, empty where the square lies outside the picture;
        and the column and the row where it begins.
    """
    (cx, cy), half = box.centre, box.side * sides / 2
    left, top = max(int(cx - half), 0), max(int(cy - half), 0)
    part = image[top : max(int(cy + half), 0), left : max(int(cx + half), 0)]
    return np.ascontiguousarray(part), left, top
