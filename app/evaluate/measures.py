"""From results to figures: every measure of a model over one or several clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.openings import eye_aspect_ratios
from app.evaluate.attributes import ATTRIBUTES, Flags
from app.evaluate.metrics import (
    LOOSE_FAILURE_LIMIT,
    Errors,
    angle_errors,
    area_under_curve,
    bootstrap_interval,
    failure_rate,
    inside,
    jitter,
    nme,
    point_errors,
    region_points,
)
from app.evaluate.results import ClipResult


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FaceErrors:
    """The errors of one model on the L labelled faces of a clip or of several.

    Attributes:
        point: (L, N) shares of the eye distance; inf for a missed face, NaN for a point that has
            no label or lies outside the picture.
        face: (L,) NME; inf for a missed face.
        attributes: (L, 6) in the order of `ATTRIBUTES`.
        pose: (L, 3) absolute errors of yaw, pitch and roll in degrees; NaN where the label
            gives none.
        eyes: (L, 2) absolute errors of the eye aspect ratio; NaN where unknown.
        jitter: (J,) see `app.evaluate.metrics.jitter`; empty for images.
        false_faces: number of faces that match no label.
    """

    point: Errors
    face: Errors
    attributes: Flags
    pose: Errors
    eyes: Errors
    jitter: Errors
    false_faces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """The error of a group of faces.

    Attributes:
        nme: mean over the faces that were found and can be measured; NaN for none.
        faces: how many those are.
        ci95: bootstrap interval of the mean, None for fewer than two faces.
        missed: faces of the group that were not found.
    """

    nme: float
    faces: int
    ci95: tuple[float, float] | None
    missed: int


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Figures:
    """What a model comes down to; errors are shares of the eye distance, unknown is NaN.

    Attributes:
        total: all faces.
        failure_rate_8, failure_rate_10: share of the faces with NME above 0.08 or 0.10; a
            missed face has failed.
        auc_8: area under the cumulative error curve to 0.08, 0..1; a missed face adds nothing.
        by_attribute: name -> figures of the faces that have it.
        by_region: name -> mean error of its points.
        by_point: (N,) mean error of each point.
        pose: (3,) mean absolute error of yaw, pitch, roll in degrees.
        eye_opening_error: mean absolute error of the eye aspect ratio of each eye.
        jitter: mean over all triples of frames.
        false_faces: faces that match no label.
    """

    total: GroupFigures
    failure_rate_8: float
    failure_rate_10: float
    auc_8: float
    by_attribute: Mapping[str, GroupFigures]
    by_region: Mapping[str, float]
    by_point: Errors
    pose: Errors
    eye_opening_error: float
    jitter: float
    false_faces: int


def face_errors(result: ClipResult, model: str) -> FaceErrors:
    """The errors of a model on one clip."""
    labels, said = result.labels, result.models[model]
    truth, layout = labels.points, labels.layout
    sizes = result.sizes[labels.frame]
    counts = inside(truth, sizes[:, :1], sizes[:, 1:])
    point = point_errors(said.points, truth, layout, counts=counts)
    if layout.left_eye:
        # Lids that are not labelled, or corners that coincide, have no opening.
        with np.errstate(invalid="ignore", divide="ignore"):
            eyes = np.abs(eye_aspect_ratios(said.points, layout) - eye_aspect_ratios(truth, layout))
        eyes[~np.isfinite(eyes)] = np.nan
    else:
        eyes = np.full((len(truth), 2), np.nan)
    trembling = np.zeros(0)
    if result.moving:
        trembling = jitter(said.points, truth, layout, frame=labels.frame, person=labels.person)
    return FaceErrors(
        point=point,
        face=nme(point),
        attributes=labels.attributes,
        pose=angle_errors(said.pose, labels.pose),
        eyes=eyes,
        jitter=trembling,
        false_faces=len(said.false_frames),
    )


def pooled_errors(results: Sequence[ClipResult], model: str) -> FaceErrors:
    """The errors of a model on several clips of one layout, in their order."""
    parts = [face_errors(result, model) for result in results]
    return FaceErrors(
        point=np.concatenate([p.point for p in parts]),
        face=np.concatenate([p.face for p in parts]),
        attributes=np.concatenate([p.attributes for p in parts]),
        pose=np.concatenate([p.pose for p in parts]),
        eyes=np.concatenate([p.eyes for p in parts]),
        jitter=np.concatenate([p.jitter for p in parts]),
        false_faces=sum(p.false_faces for p in parts),
    )


def figures(errors: FaceErrors, regions: Mapping[str, tuple[int, ...]]) -> Figures:
    """All measures; `regions` as `app.evaluate.metrics.region_points` gives them."""
    found = errors.point[np.isfinite(errors.face)]
    return Figures(
        total=_group(errors.face),
        failure_rate_8=failure_rate(errors.face),
        failure_rate_10=failure_rate(errors.face, LOOSE_FAILURE_LIMIT),
        auc_8=area_under_curve(errors.face),
        by_attribute={
            name: _group(errors.face[errors.attributes[:, place]])
            for place, name in enumerate(ATTRIBUTES)
        },
        by_region={name: _mean(nme(found[:, points])) for name, points in regions.items()},
        by_point=np.array([_mean(column) for column in found.T]),
        pose=np.array([_mean(column) for column in errors.pose.T]),
        eye_opening_error=_mean(errors.eyes),
        jitter=_mean(errors.jitter),
        false_faces=errors.false_faces,
    )


def measure(results: Sequence[ClipResult], model: str) -> Figures:
    """All measures of a model over several clips."""
    regions = region_points(results[0].labels.layout)
    return figures(pooled_errors(results, model), regions)


def _group(face: Errors) -> GroupFigures:
    found = face[np.isfinite(face)]
    return GroupFigures(
        nme=_mean(found),
        faces=int(found.size),
        ci95=bootstrap_interval(found),
        missed=int(np.isinf(face).sum()),
    )


def _mean(values: npt.NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
