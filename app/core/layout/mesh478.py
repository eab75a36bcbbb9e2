"""The 478 points of MediaPipe's FaceMesh with irises."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from app.core.layout.scheme import LandmarkLayout, mirror_map

# fmt: off
_MIDDLE: Final = (
    *range(3), *range(4, 7), *range(8, 20), 94, 151, 152, 164, 168, 175, 195, 197, 199, 200,
)
_OUTLINES: Final = {
    "face_oval": (
        10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
    ),
    "left_brow": (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    "right_brow": (336, 296, 334, 293, 300, 276, 283, 282, 295, 285),
    "nose_bridge": (168, 6, 197, 195, 5, 4, 1, 19, 94),
    "nose_base": (45, 220, 115, 48, 64, 98, 97, 2, 326, 327, 294, 278, 344, 440, 275),
    "left_eye": (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    "right_eye": (
        362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382,
    ),
    "outer_lips": (
        61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
    ),
    "inner_lips": (
        78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
    ),
    "left_iris": (469, 470, 471, 472),
    "right_iris": (474, 475, 476, 477),
    "left_pupil": (468,),
    "right_pupil": (473,),
}
# fmt: on
_DRAWN: Final = frozenset(i for indices in _OUTLINES.values() for i in indices)
_IRISES: Final = ((468, 473), (469, 476), (470, 475), (471, 474), (472, 477))


def _pairs() -> tuple[tuple[int, int], ...]:
    # Off the middle line, the points of one side are followed by those of the other in the same
    # order: the nearest neighbours in the mirrored mean mesh say the same.
    left = (i for i in range(248) if i not in _MIDDLE)
    return (*zip(left, range(248, 468), strict=True), *_IRISES)


MESH478 = LandmarkLayout(
    name="mesh478",
    count=478,
    groups=MappingProxyType({"skin": tuple(i for i in range(478) if i not in _DRAWN), **_OUTLINES}),
    closed=frozenset(_OUTLINES) - {"nose_bridge", "nose_base", "left_pupil", "right_pupil"},
    loose=frozenset({"skin"}),
    mirror=mirror_map(478, _pairs()),
    outer_eye_corners=(33, 263),
    left_eye=(33, 160, 158, 133, 153, 144),
    right_eye=(362, 385, 387, 263, 373, 380),
    inner_mouth=(78, 13, 308, 14),
)
"""Drawn by its outlines (mediapipe.solutions.face_mesh_connections); the points of the skin
between them stay single."""
