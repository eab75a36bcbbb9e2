"""What each landmark of a model means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
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
        mirror: index of the point that takes the place of point i in the mirrored image, N long.
        outer_eye_corners: (left, right) indices; their distance normalises errors.
        left_eye, right_eye: the six points of each eye in the order of the eye aspect ratio
            (outer or inner corner, two of the upper lid, other corner, two of the lower lid
            walking back), or () where the scheme has no lids.
    """

    name: str
    count: int
    groups: Mapping[str, tuple[int, ...]]
    closed: frozenset[str]
    mirror: tuple[int, ...]
    outer_eye_corners: tuple[int, int]
    left_eye: tuple[int, ...] = ()
    right_eye: tuple[int, ...] = ()

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
            pairs.extend(pairwise(indices))
            if name in self.closed:
                pairs.append((indices[-1], indices[0]))
        return tuple(pairs)

    def eye_distance(self, points: npt.NDArray[np.floating[Any]]) -> float:
        """Distance between the outer eye corners of points (N, 2), in their unit."""
        left, right = self.outer_eye_corners
        return float(np.hypot(*(points[right] - points[left])))

    def mirror_points(self, points: npt.NDArray[np.float32], width: int) -> npt.NDArray[np.float32]:
        """Points (N, 2) as they lie in the mirrored picture of `width` pixels."""
        flipped = points[list(self.mirror)].copy()
        flipped[:, 0] = width - 1 - flipped[:, 0]
        return flipped


def _ibug68_mirror() -> tuple[int, ...]:
    pairs = [(i, 16 - i) for i in range(8)]  # jaw
    pairs += [(17 + i, 26 - i) for i in range(5)]  # brows
    pairs += [(31, 35), (32, 34)]  # nostrils
    pairs += [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]  # eyes
    pairs += [(48, 54), (49, 53), (50, 52), (55, 59), (56, 58)]  # outer lips
    pairs += [(60, 64), (61, 63), (65, 67)]  # inner lips
    mirror = list(range(68))
    for a, b in pairs:
        mirror[a], mirror[b] = b, a
    return tuple(mirror)


IBUG68 = LandmarkLayout(
    name="ibug68",
    count=68,
    groups=MappingProxyType(
        {
            "jaw": tuple(range(17)),
            "left_brow": tuple(range(17, 22)),
            "right_brow": tuple(range(22, 27)),
            "nose_bridge": tuple(range(27, 31)),
            "nose_base": tuple(range(31, 36)),
            "left_eye": tuple(range(36, 42)),
            "right_eye": tuple(range(42, 48)),
            "outer_lips": tuple(range(48, 60)),
            "inner_lips": tuple(range(60, 68)),
        }
    ),
    closed=frozenset({"left_eye", "right_eye", "outer_lips", "inner_lips"}),
    mirror=_ibug68_mirror(),
    outer_eye_corners=(36, 45),
    left_eye=(36, 37, 38, 39, 40, 41),
    right_eye=(42, 43, 44, 45, 46, 47),
)
"""The 68 points of 300-W (https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/)."""

LAYOUTS: Mapping[str, LandmarkLayout] = MappingProxyType({IBUG68.name: IBUG68})
