"""How far eyes and mouth are open, from landmarks: the one definition of these measures.

Both are heights over widths, so neither the size nor the tilt of a face matters. Unknown is NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.face import Face
from app.core.layout import LandmarkLayout

Floats = npt.NDArray[np.floating[Any]]
Ratios = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Openings:
    """How far one face opens its eyes and mouth; NaN where that cannot be told.

    Attributes:
        left_eye, right_eye: eye aspect ratio of the eye on that side of the picture.
        mouth: height over width of the inner lips.
    """

    left_eye: float = math.nan
    right_eye: float = math.nan
    mouth: float = math.nan


def face_openings(face: Face) -> Openings:
    """The openings of a face, from its unsmoothed points: smoothing would shorten a blink."""
    layout, points = face.layout, face.raw_points[None]
    left = right = mouth = math.nan
    # Points that coincide have no width; what comes out is not finite and means unknown.
    with np.errstate(divide="ignore", invalid="ignore"):
        if layout.left_eye and layout.right_eye:
            left, right = (float(v) for v in eye_aspect_ratios(points, layout)[0])
        if layout.inner_mouth:
            mouth = float(mouth_aspect_ratio(points, layout)[0])
    return Openings(*(v if math.isfinite(v) else math.nan for v in (left, right, mouth)))


def eye_aspect_ratios(points: Floats, layout: LandmarkLayout) -> Ratios:
    """Opening of both eyes, height over width, from points (F, N, 2).

    EAR = (|p2 - p6| + |p3 - p5|) / (2 |p1 - p4|), Soukupova and Cech, CVWW 2016.

    Returns:
        (F, 2): left and right eye of the picture.

    Raises:
        ValueError: the layout has no eyelids.
    """
    if not layout.left_eye or not layout.right_eye:
        raise ValueError(f"layout {layout.name} has no eyelids")
    # Few calls over small arrays: this runs for each face and frame.
    (a1, a2, a3, a4, a5, a6), (b1, b2, b3, b4, b5, b6) = layout.left_eye, layout.right_eye
    spans = _distances(points, ((a2, a3, a1), (b2, b3, b1)), ((a6, a5, a4), (b6, b5, b4)))
    ratios: Ratios = (spans[..., 0] + spans[..., 1]) / (2 * spans[..., 2])
    return ratios


def mouth_aspect_ratio(points: Floats, layout: LandmarkLayout) -> Ratios:
    """Opening of the inner lips, height in the middle over width, from points (F, N, 2): (F,).

    Raises:
        ValueError: the layout has no inner lips.
    """
    if not layout.inner_mouth:
        raise ValueError(f"layout {layout.name} has no inner lips")
    left, top, right, bottom = layout.inner_mouth
    spans = _distances(points, (top, left), (bottom, right))
    ratio: Ratios = spans[..., 0] / spans[..., 1]
    return ratio


Indices = tuple[int, ...] | tuple[tuple[int, ...], ...]


def _distances(points: Floats, some: Indices, others: Indices) -> Ratios:
    """(F, ...) distances between points of (F, N, 2), for indices of any shape."""
    steps = points[:, np.array(some)] - points[:, np.array(others)]
    distances: Ratios = np.hypot(steps[..., 0], steps[..., 1], dtype=np.float64)
    return distances
