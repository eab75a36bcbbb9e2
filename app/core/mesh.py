"""Where the 68 points of `ibug68` lie on the 478-point face mesh of MediaPipe.

The mesh has no point that was annotated as an ibug point, so each entry is the mesh point that
lies nearest in meaning. "Left" is the left side of the un-mirrored picture, as in
`app.core.layout`. The numbers were checked by drawing them on portraits, and mirrored points of
the layout stand for mirrored points of the mesh.
"""

from __future__ import annotations

_JAW = (
    *(127, 234, 132, 58, 172, 136, 149, 148),
    152,  # chin
    *(377, 378, 365, 397, 288, 361, 454, 356),
)
"""From the left ear to the chin to the right ear along the oval of the face.

The oval has 23 points between the ears at uneven steps; these 17 are the nearest to even steps.
"""

_LEFT_BROW = (70, 63, 105, 66, 107)
_RIGHT_BROW = (336, 296, 334, 293, 300)
"""The upper edge of the brows, from left to right."""

_NOSE_BRIDGE = (168, 197, 5, 4)
"""From between the eyes down to the tip."""

_NOSE_BASE = (98, 97, 2, 326, 327)
"""Under the nose from the left wing to the right."""

_LEFT_EYE = (33, 160, 158, 133, 153, 144)
_RIGHT_EYE = (362, 385, 387, 263, 373, 380)
"""Left corner, two of the upper lid, right corner, two of the lower lid walking back."""

_OUTER_LIPS = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181)
_INNER_LIPS = (78, 81, 13, 311, 308, 402, 14, 178)
"""Left corner, upper lip, right corner, lower lip walking back."""

MESH478_TO_IBUG68: tuple[int, ...] = (
    _JAW
    + _LEFT_BROW
    + _RIGHT_BROW
    + _NOSE_BRIDGE
    + _NOSE_BASE
    + _LEFT_EYE
    + _RIGHT_EYE
    + _OUTER_LIPS
    + _INNER_LIPS
)
"""For each of the 68 points the index of its mesh point: `mesh[list(MESH478_TO_IBUG68)]`."""
