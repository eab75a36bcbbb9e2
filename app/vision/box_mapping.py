"""From the box that a detector reports to the face box of the program."""

from __future__ import annotations

import math
from dataclasses import dataclass

from app.core.face import Box


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
        angle = math.radians(box.roll)
        cx, cy = box.centre
        cx += box.side * (self.dx * math.cos(angle) - self.dy * math.sin(angle))
        cy += box.side * (self.dx * math.sin(angle) + self.dy * math.cos(angle))
        half = box.side * self.scale / 2
        return Box(cx - half, cy - half, cx + half, cy + half, box.score, box.roll)
