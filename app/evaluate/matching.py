"""Which predicted face is which labelled one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.core.face import Box

MIN_OVERLAP: Final = 0.3
"""Least intersection over union of the boxes around the points. A prediction that overlaps less
is a false face and its label a missed one. Equal boxes that are half a width apart have 1/3."""


def match(truth: Sequence[Box], predicted: Sequence[Box]) -> dict[int, int]:
    """Index of a labelled face -> index of the predicted face that is taken for it.

    Greedy: the pair that overlaps most is taken first, then the next among what is left; equal
    overlaps go by index. With faces that do not cover each other by half, as in all but crowds,
    this is the assignment of the largest total overlap.

    Args:
        truth: boxes around the labelled points.
        predicted: boxes around the predicted points.
    """
    pairs = [(t.iou(p), i, j) for i, t in enumerate(truth) for j, p in enumerate(predicted)]
    pairs = sorted(
        (pair for pair in pairs if pair[0] >= MIN_OVERLAP), key=lambda p: (-p[0], p[1], p[2])
    )
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in pairs:
        if i not in found and j not in taken:
            found[i] = j
            taken.add(j)
    return found
