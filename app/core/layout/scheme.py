"""What each landmark of a model means."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class LandmarkLayout:
    """The meaning of the points of one annotation scheme.

    "Left" and "right" are sides of the un-mirrored picture, not of the person.

    Attributes:
        name: key of the layout in model cards and label files.
        count: number of points N.
        groups: region name -> indices of its points, in drawing order. Every point lies in
            exactly one group.
        closed: names of the groups whose last point joins the first.
        loose: names of the groups whose points are not joined at all.
        mirror: index of the point that takes the place of point i in the mirrored image, N long.
        outer_eye_corners: (left, right) indices; their distance normalises errors.
        left_eye, right_eye: the six points of each eye in the order of the eye aspect ratio
            (outer or inner corner, two of the upper lid, other corner, two of the lower lid
            walking back), or () where the scheme has no lids.
        inner_mouth: left corner, middle of the upper lip, right corner and middle of the lower
            lip, all on the inner edge of the lips, or () where the scheme has none.
    """

    name: str
    count: int
    groups: Mapping[str, tuple[int, ...]]
    closed: frozenset[str]
    mirror: tuple[int, ...]
    outer_eye_corners: tuple[int, int]
    left_eye: tuple[int, ...] = ()
    right_eye: tuple[int, ...] = ()
    inner_mouth: tuple[int, ...] = ()
    loose: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        covered = sorted(i for indices in self.groups.values() for i in indices)
        if covered != list(range(self.count)):
            raise ValueError(f"the groups of layout {self.name} do not hold each point once")
        if [self.mirror[i] for i in self.mirror] != list(range(self.count)):
            raise ValueError(f"mirroring layout {self.name} twice does not give it back")

    @cached_property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Pairs of indices to join when the points are drawn."""
        pairs: list[tuple[int, int]] = []
        for name, indices in self.groups.items():
            if name in self.loose:
                continue
            pairs.extend(pairwise(indices))
            if name in self.closed:
                pairs.append((indices[-1], indices[0]))
        return tuple(pairs)

    def eye_distance(self, points: npt.NDArray[np.floating[Any]]) -> float:
        """Distance between the outer eye corners of points (N, 2), in their unit."""
        left, right = self.outer_eye_corners
        return math.dist(points[left].tolist(), points[right].tolist())

    def mirror_points(self, points: npt.NDArray[np.float32], width: int) -> npt.NDArray[np.float32]:
        """Points (N, 2) as they lie in the mirrored picture of `width` pixels."""
        flipped = points[list(self.mirror)].copy()
        flipped[:, 0] = width - 1 - flipped[:, 0]
        return flipped


def mirror_map(count: int, pairs: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """`LandmarkLayout.mirror` of a scheme in which these points swap places, the others stay."""
    mirror = list(range(count))
    for a, b in pairs:
        mirror[a], mirror[b] = b, a
    return tuple(mirror)
