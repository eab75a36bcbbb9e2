"""Finds a place beside each face for its numbers; the same on the screen and in a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

GAP: Final = 8.0
"""Between a face and its label on a screen, logical pixels."""

_SIDES: Final = ("right", "left", "below", "above")

_CHANGE_COST: Final = 0.3
"""Share of its own area that another side must save before a label moves there: a label that
jumps to and fro cannot be read."""


@dataclass(frozen=True, slots=True)
class Rect:
    """An upright rectangle in pixels of whatever is drawn on."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height

    def shared_area(self, other: Rect) -> float:
        """Area that lies in both."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across * down if across > 0 and down > 0 else 0.0

    def kept_inside(self, bounds: Rect) -> Rect:
        """The same size, moved as little as needed to lie within `bounds`."""
        left = max(bounds.left, min(self.left, bounds.right - self.width))
        top = max(bounds.top, min(self.top, bounds.bottom - self.height))
        return Rect(left, top, self.width, self.height)


class LabelPlacer:
    """Places labels so that they stay in the view and hide as little as possible.

    It remembers on which side the label of each face was, and leaves it there while that is
    nearly as good as any other.
    """

    def __init__(self) -> None:
        self._sides: dict[int, str] = {}

    def place(
        self,
        faces: Sequence[tuple[int, Rect]],
        size: tuple[float, float],
        view: Rect,
        gap: float = GAP,
    ) -> dict[int, Rect]:
        """Where the label of each face goes.

        Args:
            faces: (id, bounds of the face in the view).
            size: width and height of a label.
            view: the visible area.
            gap: between a face and its label; half of it stays free at the edge of the view.
        """
        room = Rect(
            view.left + gap / 2,
            view.top + gap / 2,
            max(view.width - gap, size[0]),
            max(view.height - gap, size[1]),
        )
        placed: dict[int, Rect] = {}
        sides: dict[int, str] = {}
        for id, face in faces:
            obstacles = [bounds for _, bounds in faces] + list(placed.values())
            side, placed[id] = self._best(id, face, size, room, gap, obstacles)
            sides[id] = side
        self._sides = sides
        return placed

    def _best(
        self,
        id: int,
        face: Rect,
        size: tuple[float, float],
        room: Rect,
        gap: float,
        obstacles: Sequence[Rect],
    ) -> tuple[str, Rect]:
        habit = self._sides.get(id, "right")
        best: tuple[float, str, Rect] | None = None
        for side in _SIDES:
            label = _beside(face, side, size, gap).kept_inside(room)
            cost = sum(label.shared_area(other) for other in obstacles) / (size[0] * size[1])
            if side != habit:
                cost += _CHANGE_COST
            if best is None or cost < best[0]:
                best = (cost, side, label)
        assert best is not None  # noqa: S101 - there is always a side
        return best[1], best[2]


def _beside(face: Rect, side: str, size: tuple[float, float], gap: float) -> Rect:
    width, height = size
    if side == "right":
        return Rect(face.right + gap, face.top, width, height)
    if side == "left":
        return Rect(face.left - gap - width, face.top, width, height)
    middle = face.left + (face.width - width) / 2
    if side == "below":
        return Rect(middle, face.bottom + gap, width, height)
    return Rect(middle, face.top - gap - height, width, height)
