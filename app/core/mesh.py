"""What lies where on the 478-point face mesh of MediaPipe: the 68 iBUG points, lids, lips, jaw."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

MESH478_TO_IBUG68: tuple[tuple[int, ...], ...] = (
    # jaw, from the left ear of the picture over the chin to the right ear
    *((127,), (234,), (93, 132), (132, 58), (172,), (136,), (150,), (176,), (152,)),
    *((400,), (379,), (365,), (397,), (361, 288), (323, 361), (454,), (356,)),
    # upper edges of the left and the right brow
    *((70,), (63,), (105,), (66,), (107,)),
    *((336,), (296,), (334,), (293,), (300,)),
    # bridge and base of the nose
    *((168, 6), (197, 195), (5,), (4, 1)),
    *((75,), (97,), (2,), (326,), (305,)),
    # left eye, right eye
    *((33,), (160,), (158,), (133,), (153,), (144,)),
    *((362,), (385,), (387,), (263,), (373,), (380,)),
    # outer lips
    *((61,), (40, 39), (37,), (0,), (267,), (270, 269), (291,)),
    *((321, 405), (314,), (17,), (84,), (91, 181)),
    # inner lips
    *((78,), (81, 82), (13,), (311, 312), (308,), (402, 317), (14,), (178, 87)),
)
"""For each of the 68 points one mesh point, or two of which it is the middle.

Chosen as the mesh points nearest to the median p1 label of 1,199 near-frontal faces
(their common shift taken out) among those that mean the same: the jaw takes points of the face
oval alone, the lips points of the lip outlines, the eyes points of the lids.
"""

# fmt: off
UPPER_LIDS: Final = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133),
    (362, 398, 384, 385, 386, 387, 388, 466, 263),
)
LOWER_LIDS: Final = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133),
    (362, 382, 381, 380, 374, 373, 390, 249, 263),
)
"""Lids of the left and the right eye in the picture, corner to corner; equal places face each
other."""

UPPER_LIPS: Final = (
    (185, 40, 39, 37, 0, 267, 269, 270, 409),
    (191, 80, 81, 82, 13, 312, 311, 310, 415),
)
LOWER_LIPS: Final = (
    (146, 91, 181, 84, 17, 314, 405, 321, 375),
    (95, 88, 178, 87, 14, 317, 402, 318, 324),
)
"""Outer and inner edge of each lip between the corners, likewise."""

LIP_CORNERS: Final = (61, 78, 308, 291)
INNER_LIPS: Final = (78, *UPPER_LIPS[1], 308, *LOWER_LIPS[1][::-1])
OUTER_LIPS: Final = (61, *UPPER_LIPS[0], 291, *LOWER_LIPS[0][::-1])
"""Closed outlines."""

JAW_PAIRS: Final = ((149, 378), (150, 379), (136, 365), (172, 397), (58, 288))
"""Left and right points of the outline, from the chin to the ears."""
# fmt: on

_FIRST = [pair[0] for pair in MESH478_TO_IBUG68]
_LAST = [pair[-1] for pair in MESH478_TO_IBUG68]


def ibug68_from_mesh(mesh: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """(..., 478, D) points of the mesh, in any unit, to (..., 68, D) points of `ibug68`."""
    points: npt.NDArray[np.float64] = (
        mesh[..., _FIRST, :].astype(np.float64) + mesh[..., _LAST, :]
    ) / 2
    return points
