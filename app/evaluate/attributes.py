"""The six attributes of a face, from the loss of PFLD (seed 000).

They weigh the faces in training and group the errors in every report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.layout import LandmarkLayout
from app.core.openings import Floats, eye_aspect_ratios, mouth_aspect_ratio

Flags = npt.NDArray[np.bool_]

ATTRIBUTES: Final = ("profile", "frontal", "head-up", "head-down", "expression", "occlusion")
"""Names of the attributes, in the order of every array of flags."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One limit, declared once.

    Attributes:
        value: the limit itself.
        unit: what it is counted in.
        source: where the number comes from.
    """

    value: float
    unit: str
    source: str


PROFILE_YAW = Threshold(
    30.0, "degrees", "PFLD names the classes without limits; 30 parts the quarter view (DESIGN.md)"
)
UPRIGHT_PITCH = Threshold(15.0, "degrees", "half of the yaw limit: pitch varies less (DESIGN.md)")
CLOSED_EYES = Threshold(
    0.13, "eye aspect ratio", "below it FaceMesh sees shut eyes on the p1 frames"
)
OPEN_MOUTH = Threshold(
    0.25, "inner lip height over width", "parted lips of speech and laughter lie above it"
)
NEUTRAL: Final = frozenset({"", "neutral"})
"""Emotion labels that show no expression; the empty one means that none is known."""


def shows_expression(
    points: Floats, layout: LandmarkLayout, emotions: Sequence[str] | None = None
) -> Flags:
    """(F,): mouth open, both eyes shut in the mean, or a labelled emotion other than neutral.

    Args:
        points: (F, N, 2); NaN points show nothing.
        layout: must have eyelids and inner lips.
        emotions: F labels, or None where there are none.

    Raises:
        ValueError: the layout lacks the points.
    """
    shut = eye_aspect_ratios(points, layout).mean(axis=1) < CLOSED_EYES.value
    flags: Flags = shut | (mouth_aspect_ratio(points, layout) > OPEN_MOUTH.value)
    if emotions is not None:
        flags |= np.array([emotion not in NEUTRAL for emotion in emotions], dtype=bool)
    return flags


def attribute_flags(yaw: Floats, pitch: Floats, *, expression: Flags, occluded: Flags) -> Flags:
    """Which attributes each face has.

    Args:
        yaw: (F,) degrees, NaN where unknown.
        pitch: (F,) degrees, NaN where unknown.
        expression: (F,), see `shows_expression`.
        occluded: (F,), labelled as covered, or with hidden points.

    Returns:
        (F, 6) in the order of `ATTRIBUTES`. A face of known pose has at least one: turned, or
        looking up or down, or else frontal. A face of unknown pose has none of these four.
    """
    turned = np.abs(yaw) >= PROFILE_YAW.value
    up, down = pitch >= UPRIGHT_PITCH.value, pitch <= -UPRIGHT_PITCH.value
    frontal = (np.abs(yaw) < PROFILE_YAW.value) & (np.abs(pitch) < UPRIGHT_PITCH.value)
    return np.stack([turned, frontal, up, down, expression, occluded], axis=1)
