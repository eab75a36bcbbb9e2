"""Attributes for faces whose labels give none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.core.layout import LandmarkLayout
from app.evaluate.attributes import ATTRIBUTES, Flags, attribute_flags, shows_expression
from app.evaluate.label_file import FaceLabel
from app.evaluate.labels import Labels, LabelsBuilder
from app.vision.pose import PoseEstimator


def derived_attributes(
    labels: Labels, rows: Sequence[int], *, size: tuple[int, int], field_of_view_deg: float
) -> Flags:
    """The attributes that labels of one frame suggest.

    They follow from the labelled pose, or else from the pose that the labelled points suggest;
    from eyes and mouth; and from the hidden points.

    Args:
        labels: of a clip.
        rows: (R,) which of them.
        size: width and height of the frame in pixels.
        field_of_view_deg: horizontal angle that the camera sees.

    Returns:
        (R, 6) in the order of `ATTRIBUTES`.
    """
    chosen = list(rows)
    estimator = PoseEstimator(labels.layout)
    pose, points = labels.pose[chosen], labels.points[chosen]
    for place, face in enumerate(points):
        if np.isnan(pose[place]).any():
            found = estimator.estimate(
                face, width=size[0], height=size[1], field_of_view_deg=field_of_view_deg
            )
            if found is not None:
                pose[place] = (found.yaw, found.pitch, found.roll)
    # Points that are not labelled, or coincide on a coarse grid, show no expression.
    with np.errstate(invalid="ignore", divide="ignore"):
        expression = shows_expression(points, labels.layout)
    return attribute_flags(
        pose[:, 0],
        pose[:, 1],
        expression=expression,
        occluded=labels.hidden[chosen].any(axis=1),
    )


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
    labels = builder.build(np.ones(1, bool))
    flags = derived_attributes(labels, [0], size=size, field_of_view_deg=field_of_view_deg)[0]
    return frozenset(name for name, has in zip(ATTRIBUTES, flags, strict=True) if has)
