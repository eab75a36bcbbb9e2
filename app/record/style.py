"""What is drawn over a picture and in which colours; the same on the screen and in a video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

Colour = tuple[int, int, int]
"""Blue, green, red, each 0..255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayOptions:
    """What is to be seen.

    Attributes:
        points: the landmarks, coloured by region.
        lines: the landmarks of a region joined.
        numbers: id, yaw, pitch and roll beside the face.
        box: where the tracker sees the face.
        axes: the directions of the head.
        mirror: the picture as in a mirror. Numbers stay those of the true picture.
    """

    points: bool = True
    lines: bool = False
    numbers: bool = True
    box: bool = True
    axes: bool = True
    mirror: bool = False


_EXACT: Final[Mapping[str, Colour]] = MappingProxyType(
    {
        "box": (200, 200, 200),
        "axis_x": (80, 80, 255),
        "axis_y": (90, 220, 90),
        "axis_z": (255, 150, 60),
    }
)

# The first word that a region's name contains decides, so other layouts are coloured alike.
_BY_WORD: Final[tuple[tuple[str, Colour], ...]] = (
    ("brow", (60, 170, 255)),
    ("eye", (255, 230, 70)),
    ("iris", (255, 230, 70)),
    ("pupil", (255, 230, 70)),
    ("nose", (120, 255, 180)),
    ("inner_lip", (190, 120, 255)),
    ("lip", (130, 90, 255)),
    ("mouth", (130, 90, 255)),
    ("jaw", (235, 235, 235)),
    ("oval", (235, 235, 235)),
)

_OTHER: Final[Colour] = (220, 200, 160)


def region_colour(name: str) -> Colour:
    """Colour of a layout's region, or of `box`, `axis_x`, `axis_y`, `axis_z`."""
    if name in _EXACT:
        return _EXACT[name]
    return next((colour for word, colour in _BY_WORD if word in name), _OTHER)
