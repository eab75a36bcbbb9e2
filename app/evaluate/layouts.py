"""On which points models and labels of different layouts are compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from app.core.errors import ModelError
from app.core.layout import IBUG68, LandmarkLayout, PointMap, point_map


@dataclass(frozen=True, eq=False, slots=True)
class CommonPoints:
    """The points that labels and a model share.

    Attributes:
        layout: what the shared points mean; N is its count.
        from_labels, from_model: ways there from the points of either.
        known: (N,) points that both know.
    """

    layout: LandmarkLayout
    from_labels: PointMap
    from_model: PointMap
    known: npt.NDArray[np.bool_]


@cache
def common_points(
    labels: LandmarkLayout, model: LandmarkLayout, on: LandmarkLayout | None = None
) -> CommonPoints:
    """Where labels of one layout and a model of another meet.

    Args:
        labels: layout of the labels.
        model: layout of the model.
        on: the layout to meet in; None for that of the labels or that of the model, whichever
            has more points that both know (`ibug68` labels and `keypoints15` meet in the latter,
            whose middles of the eyes are no points of the former); of equals the one that has no
            points beside these.

    Raises:
        ModelError: they do not share the outer eye corners, which errors are measured by.
    """
    if on is None:
        choices = [_meeting(labels, model, layout) for layout in (labels, model)]
        found = max(choices, key=lambda common: (common.known.sum(), common.known.mean()))
    else:
        found = _meeting(labels, model, on)
    if not found.known[list(found.layout.outer_eye_corners)].all():
        raise ModelError(
            f"Labels of layout {labels.name} and models of layout {model.name} share too few "
            "points to be compared; choose another model."
        )
    return found


def layout_for_all(labels: Iterable[LandmarkLayout], model: LandmarkLayout) -> LandmarkLayout:
    """The layout in which a model meets the labels of several clips: `ibug68` unless it is the
    same for all.
    """
    met = {common_points(layout, model).layout.name for layout in labels}
    if len(met) > 1:
        return IBUG68
    return next(common_points(layout, model).layout for layout in labels)


def _meeting(labels: LandmarkLayout, model: LandmarkLayout, on: LandmarkLayout) -> CommonPoints:
    ways = point_map(labels, on), point_map(model, on)
    known = np.ones(on.count, bool)
    for way in ways:
        mask = np.zeros(on.count, bool)
        mask[list(way.known)] = True
        known &= mask
    known.setflags(write=False)
    return CommonPoints(on, *ways, known)
