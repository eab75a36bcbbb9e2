"""Which parts of a face can be seen, and which are hidden by a hand, a mask, dark lenses."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from app.core.layout import IBUG68

PARTS: Final = (
    list(IBUG68.groups["left_eye"]),
    list(IBUG68.groups["right_eye"]),
    list(IBUG68.groups["outer_lips"]),
)
"""Points of the parts whose visibility is told: left and right as the picture has them."""

MOSTLY_SEEN: Final = 0.3
MOSTLY_HIDDEN: Final = 0.6
"""Shares of a part that are hidden, up to which it can be seen and from which on it cannot."""


def seen_parts(
    cover: npt.NDArray[np.float32], points: npt.NDArray[np.floating[Any]]
) -> npt.NDArray[np.float32]:
    """Whether the eyes and the mouth of a face can be seen, (3,): 1, 0, or NaN where they are half
    covered and nobody could say.

    Args:
        cover: (N, N), how much of each pixel of the crop is hidden, 0..1.
        points: (68, 2), pixels of the crop.
    """
    seen = np.empty(len(PARTS), np.float32)
    size = cover.shape[0]
    for i, part in enumerate(PARTS):
        outline = points[part]
        area = np.zeros(cover.shape, np.uint8)
        cv2.fillConvexPoly(area, cv2.convexHull(np.round(outline).astype(np.int32)), 1)
        middle = np.clip(np.round(outline.mean(axis=0)), 0, size - 1).astype(int)
        area[middle[1], middle[0]] = 1
        hidden = float(cover[area > 0].mean())
        outside = float(((outline < 0) | (outline > size - 1)).any(axis=1).mean())
        hidden = max(hidden, outside)
        seen[i] = 1.0 if hidden < MOSTLY_SEEN else 0.0 if hidden > MOSTLY_HIDDEN else np.nan
    return seen
