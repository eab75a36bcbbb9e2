"""Attributes for faces whose labels give none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from app.evaluate.attributes import attribute_flags, shows_expression
from app.evaluate.labels import Labels
from app.vision.pose import PoseEstimator


def with_attributes(
    labels: Labels, *, sizes: npt.NDArray[np.int32], field_of_view_deg: float
) -> Labels:
    """The labels with the attributes of every face.

    Labelled attributes stay. The others follow from the labelled pose, or else from the pose
    that the labelled points suggest; from eyes and mouth; and from the hidden points.

    Args:
        labels: of T frames.
        sizes: (T, 2) width and height of each frame in pixels.
        field_of_view_deg: horizontal angle that the camera sees.
    """
    rows = np.nonzero(~labels.has_attributes)[0]
    if not rows.size:
        return labels
    estimator = PoseEstimator(labels.layout)
    pose = labels.pose[rows].copy()
    for place, row in enumerate(rows):
        if np.isnan(pose[place]).any():
            width, height = (int(v) for v in sizes[labels.frame[row]])
            found = estimator.estimate(
                labels.points[row],
                width=width,
                height=height,
                field_of_view_deg=field_of_view_deg,
            )
            if found is not None:
                pose[place] = (found.yaw, found.pitch, found.roll)
    # Points that are not labelled, or coincide on a coarse grid, show no expression.
    with np.errstate(invalid="ignore", divide="ignore"):
        expression = shows_expression(labels.points[rows], labels.layout)
    attributes = labels.attributes.copy()
    attributes[rows] = attribute_flags(
        pose[:, 0],
        pose[:, 1],
        expression=expression,
        occluded=labels.hidden[rows].any(axis=1),
    )
    return replace(labels, attributes=attributes, has_attributes=np.ones(len(labels.frame), bool))
