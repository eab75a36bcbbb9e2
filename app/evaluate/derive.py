"""Attributes for faces whose labels give none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from app.core.layout import LandmarkLayout
from app.evaluate.attributes import ATTRIBUTES, attribute_flags, shows_expression
from app.evaluate.label_file import FaceLabel
from app.evaluate.labels import Labels, LabelsBuilder
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


def face_attributes(
    face: FaceLabel,
    layout: LandmarkLayout,
    *,
    size: tuple[int, int],
    field_of_view_deg: float,
) -> frozenset[str]:
    """The attributes of one face: the labelled ones, or what its label suggests.

    Args:
        face: of the layout.
        layout: what its points mean.
        size: width and height of the picture in pixels.
        field_of_view_deg: horizontal angle that the camera sees.
    """
    if face.attributes is not None:
        return face.attributes
    pose = face.pose
    builder = LabelsBuilder(layout)
    builder.add(
        frame=0,
        person=face.person,
        points=face.points,
        hidden=sorted(face.hidden),
        pose=None if pose is None else (pose.yaw, pose.pitch, pose.roll),
    )
    labels = with_attributes(
        builder.build(np.ones(1, bool)),
        sizes=np.array([size], np.int32),
        field_of_view_deg=field_of_view_deg,
    )
    return frozenset(
        name for name, has in zip(ATTRIBUTES, labels.attributes[0], strict=True) if has
    )
