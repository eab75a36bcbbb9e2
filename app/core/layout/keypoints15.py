"""The 15 keypoints of seed 003 (those of Kaggle's "Facial Keypoints Detection")."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from app.core.layout.scheme import LandmarkLayout, mirror_map

KEYPOINTS15 = LandmarkLayout(
    name="keypoints15",
    count=15,
    groups=MappingProxyType(
        {
            "left_eye": (2, 0, 3),
            "right_eye": (4, 1, 5),
            "left_brow": (6, 7),
            "right_brow": (8, 9),
            "nose": (10,),
            "outer_lips": (11, 13, 12, 14),
        }
    ),
    closed=frozenset({"outer_lips"}),
    mirror=mirror_map(15, ((0, 1), (2, 5), (3, 4), (6, 9), (7, 8), (11, 12))),
    outer_eye_corners=(2, 5),
)
"""In this order: 0, 1 the middles of the left and the right eye; 2, 3 outer and inner corner of
the left eye; 4, 5 inner and outer corner of the right eye; 6, 7 outer and inner end of the left
brow; 8, 9 inner and outer end of the right brow; 10 the tip of the nose; 11, 12 the corners of the
mouth; 13 the middle of the upper lip's upper edge; 14 the middle of the lower lip's lower edge.
Kaggle's "left" is the person's own, here it is the picture's."""

KEYPOINTS15_FROM_IBUG68: Final[tuple[tuple[int, ...], ...]] = (
    tuple(range(36, 42)),
    tuple(range(42, 48)),
    *((36,), (39,), (42,), (45,)),
    *((17,), (21,), (22,), (26,)),
    (30,),
    *((48,), (54,), (51,), (57,)),
)
"""For each of the 15 points the points of `ibug68` of which it is the middle; the middle of an
eye is that of its corners and lids."""
