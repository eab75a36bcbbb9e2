"""From what the detectors report to the face box of the program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from app.core.face import Box
from app.core.geometry import roll_of, way_in_picture

Network = Literal["short", "full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxMapping:
    """How the face box lies in a detector's own box, in the median over training faces.

    Attributes:
        scale: side of the face box over the side of the detector's box.
        dx, dy: way from the detector's centre to the face box's, to the right and down, as a
            share of the detector's side.
    """

    scale: float
    dx: float
    dy: float

    def apply(self, box: Box) -> Box:
        """The (square) face box for a detector's box; the shift follows the box's roll."""
        x, y = box.centre
        dx, dy = way_in_picture(self.dx * box.side, self.dy * box.side, roll=box.roll)
        x, y = x + dx, y + dy
        half = box.side * self.scale / 2
        return Box(x - half, y - half, x + half, y + half, box.score, box.roll)


# Measured on training faces by `python -m models.training detector-boxes`.
HAAR: Final = BoxMapping(scale=0.827, dx=-0.005, dy=0.142)
"""A Haar box cuts off the chin; the margin that seed 002 asks for around it comes with the crop of
the model."""

BLAZEFACE: Final[dict[Network, BoxMapping]] = {
    "short": BoxMapping(scale=0.926, dx=-0.014, dy=0.030),
    "full": BoxMapping(scale=0.867, dx=-0.004, dy=0.071),
}
"""A linear step from all six keypoints was tried in place of these: see the results of pfld."""


def blazeface_box(network: Network, square: Box, keypoints: npt.NDArray[np.floating[Any]]) -> Box:
    """The face box of what one of BlazeFace's networks found, tilted as its eyes are.

    Args:
        network: which of them.
        square: its own box, with its score.
        keypoints: (6, 2) in the same pixels, the eyes first.
    """
    tilted = replace(square, roll=roll_of(keypoints[0], keypoints[1]))
    return BLAZEFACE[network].apply(tilted)
