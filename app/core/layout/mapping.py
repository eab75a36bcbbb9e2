"""The points of one layout as those of another, as far as it knows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.core.layout.ibug68 import IBUG68
from app.core.layout.keypoints15 import KEYPOINTS15, KEYPOINTS15_FROM_IBUG68
from app.core.layout.mesh478 import MESH478
from app.core.layout.scheme import LandmarkLayout
from app.core.layout.wflw98 import IBUG68_FROM_WFLW98, WFLW98
from app.core.mesh import MESH478_TO_IBUG68

Weights = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class PointMap:
    """The points of `target` as weighted means of those of `source`.

    Attributes:
        source: has N points.
        target: has M points.
        weights: (M, N), read-only; a row sums to 1, or is 0 where the source does not know the
            point.
        known: indices of the target's points that the source knows, ascending.
    """

    source: LandmarkLayout
    target: LandmarkLayout
    weights: Weights
    known: tuple[int, ...]

    def __call__(self, points: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        """Points (..., N, D) of the source as (..., M, D) of the target; NaN where unknown.

        A point of the target is unknown, too, where a point that it is made of is NaN.
        """
        missing = np.isnan(points).any(axis=-1, keepdims=True)
        mapped = self.weights @ np.where(missing, 0.0, points)
        mapped[((self.weights > 0) @ missing)[..., 0]] = np.nan
        unknown = np.ones(self.target.count, bool)
        unknown[list(self.known)] = False
        mapped[..., unknown, :] = np.nan
        result: npt.NDArray[np.float32] = mapped.astype(np.float32)
        return result


@cache
def point_map(source: LandmarkLayout, target: LandmarkLayout) -> PointMap:
    """The way from one layout to another, by way of `ibug68` where there is no direct one.

    Backwards it goes for the points that are the same in both; a point that is the middle of
    others tells nothing of these. Layouts that nothing is declared of share no point.
    """
    if source is target:
        weights = np.eye(source.count)
    elif (source.name, target.name) in _MIDDLES:
        weights = _weights(_MIDDLES[source.name, target.name], source.count)
    elif (target.name, source.name) in _MIDDLES:
        weights = _reversed(_weights(_MIDDLES[target.name, source.name], target.count))
    elif IBUG68 in (source, target):
        weights = np.zeros((target.count, source.count))
    else:
        weights = _chained(point_map(source, IBUG68).weights, point_map(IBUG68, target).weights)
    weights.setflags(write=False)
    known = tuple(int(i) for i in np.flatnonzero(weights.any(axis=1)))
    return PointMap(source, target, weights, known)


def shared_points(
    layouts: Iterable[LandmarkLayout], on: LandmarkLayout = IBUG68
) -> tuple[int, ...]:
    """Indices of the points of `on` that all of the layouts know, ascending: what errors of
    models with different layouts can be compared on.
    """
    known = set(range(on.count))
    for layout in layouts:
        known &= set(point_map(layout, on).known)
    return tuple(sorted(known))


# (source, target) -> for each point of the target the points of the source that it lies amid.
_MIDDLES: Final = {
    (WFLW98.name, IBUG68.name): IBUG68_FROM_WFLW98,
    (MESH478.name, IBUG68.name): MESH478_TO_IBUG68,
    (IBUG68.name, KEYPOINTS15.name): KEYPOINTS15_FROM_IBUG68,
}


def _weights(middles: Sequence[tuple[int, ...]], count: int) -> Weights:
    weights = np.zeros((len(middles), count))
    for row, indices in zip(weights, middles, strict=True):
        row[list(indices)] = 1 / len(indices)
    return weights


def _reversed(weights: Weights) -> Weights:
    """Of (M, N) the (N, M) that gives back the points that are the same in both."""
    same: Weights = (weights == 1).astype(np.float64).T
    return same


def _chained(first: Weights, second: Weights) -> Weights:
    """(M, N) from (K, N) and (M, K); unknown is what needs a point that the first leaves out."""
    unknown = ~first.any(axis=1)
    chained: Weights = second @ first
    chained[second[:, unknown].any(axis=1)] = 0
    return chained
