"""Where the 68 iBUG points lie on the 478-point face mesh of MediaPipe."""

from __future__ import annotations

from typing import Any

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

_FIRST = [pair[0] for pair in MESH478_TO_IBUG68]
_LAST = [pair[-1] for pair in MESH478_TO_IBUG68]


def ibug68_from_mesh(mesh: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """(..., 478, D) points of the mesh, in any unit, to (..., 68, D) points of `ibug68`."""
    points: npt.NDArray[np.float64] = (
        mesh[..., _FIRST, :].astype(np.float64) + mesh[..., _LAST, :]
    ) / 2
    return points
