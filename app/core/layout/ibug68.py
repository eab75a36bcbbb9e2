"""The 68 points of 300-W."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from app.core.layout.scheme import LandmarkLayout, mirror_map

_PAIRS: Final = (
    *((i, 16 - i) for i in range(8)),  # jaw
    *((17 + i, 26 - i) for i in range(5)),  # brows
    *((31, 35), (32, 34)),  # nostrils
    *((36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),  # eyes
    *((48, 54), (49, 53), (50, 52), (55, 59), (56, 58)),  # outer lips
    *((60, 64), (61, 63), (65, 67)),  # inner lips
)

IBUG68 = LandmarkLayout(
    name="ibug68",
    count=68,
    groups=MappingProxyType(
        {
            "jaw": tuple(range(17)),
            "left_brow": tuple(range(17, 22)),
            "right_brow": tuple(range(22, 27)),
            "nose_bridge": tuple(range(27, 31)),
            "nose_base": tuple(range(31, 36)),
            "left_eye": tuple(range(36, 42)),
            "right_eye": tuple(range(42, 48)),
            "outer_lips": tuple(range(48, 60)),
            "inner_lips": tuple(range(60, 68)),
        }
    ),
    closed=frozenset({"left_eye", "right_eye", "outer_lips", "inner_lips"}),
    mirror=mirror_map(68, _PAIRS),
    outer_eye_corners=(36, 45),
    left_eye=(36, 37, 38, 39, 40, 41),
    right_eye=(42, 43, 44, 45, 46, 47),
    inner_mouth=(60, 62, 64, 66),
)
"""The 68 points of 300-W (https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/)."""
