"""The 98 points of WFLW."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from app.core.layout.scheme import LandmarkLayout, mirror_map

_PAIRS: Final = (
    *((i, 32 - i) for i in range(16)),  # jaw
    *((33 + i, 46 - i) for i in range(5)),  # upper edges of the brows
    *((38 + i, 50 - i) for i in range(4)),  # their lower edges
    *((55, 59), (56, 58)),  # nostrils
    *((60, 72), (61, 71), (62, 70), (63, 69), (64, 68), (65, 75), (66, 74), (67, 73)),  # eyes
    *((76, 82), (77, 81), (78, 80), (83, 87), (84, 86)),  # outer lips
    *((88, 92), (89, 91), (93, 95)),  # inner lips
    (96, 97),  # pupils
)

WFLW98 = LandmarkLayout(
    name="wflw98",
    count=98,
    groups=MappingProxyType(
        {
            "jaw": tuple(range(33)),
            "left_brow": tuple(range(33, 42)),
            "right_brow": tuple(range(42, 51)),
            "nose_bridge": tuple(range(51, 55)),
            "nose_base": tuple(range(55, 60)),
            "left_eye": tuple(range(60, 68)),
            "right_eye": tuple(range(68, 76)),
            "outer_lips": tuple(range(76, 88)),
            "inner_lips": tuple(range(88, 96)),
            "left_pupil": (96,),
            "right_pupil": (97,),
        }
    ),
    closed=frozenset(
        {"left_brow", "right_brow", "left_eye", "right_eye", "outer_lips", "inner_lips"}
    ),
    mirror=mirror_map(98, _PAIRS),
    outer_eye_corners=(60, 72),
    left_eye=(60, 61, 63, 64, 65, 67),
    right_eye=(68, 69, 71, 72, 73, 75),
    inner_mouth=(88, 90, 92, 94),
)
"""The points of WFLW (Wu et al., "Look at Boundary", CVPR 2018)."""

IBUG68_FROM_WFLW98: Final[tuple[tuple[int, ...], ...]] = (
    *((i,) for i in range(0, 33, 2)),  # jaw, which has every second point more
    *((i,) for i in range(33, 38)),  # upper edges of the brows
    *((i,) for i in range(42, 47)),
    *((i,) for i in range(51, 60)),  # nose
    *((60,), (61,), (63,), (64,), (65,), (67,)),  # eyes, which have the middles of the lids more
    *((68,), (69,), (71,), (72,), (73,), (75,)),
    *((i,) for i in range(76, 96)),  # lips
)
"""For each of the 68 points the point of WFLW at the same place."""
