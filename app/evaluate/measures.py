"""From results to figures: every measure of a model over one or several clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.layout import IBUG68, LandmarkLayout, shared_points
from app.core.openings import eye_aspect_ratios
from app.evaluate.attributes import ATTRIBUTES, Flags
from app.evaluate.layouts import common_points, layout_for_all
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
        layout: what the N points mean: those that labels and model share.
        known: (N,) False for points of the layout that labels or model do not know.
        point: (L, N) shares of the eye distance; inf for a missed face, NaN for a point that has
            no label, lies outside the picture or is not known.
        face: (L,) NME; inf for a missed face.
        attributes: (L, 6) in the order of `ATTRIBUTES`.
        pose: (L, 3) absolute errors of yaw, pitch and roll in degrees; NaN where the label
            gives none.
        eyes: (L, 2) absolute errors of the eye aspect ratio; NaN where unknown.
        jitter: (J,) see `app.evaluate.metrics.jitter`; empty for images.
        false_faces: number of faces that match no label.
    """

    layout: LandmarkLayout
    known: npt.NDArray[np.bool_]
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
        layout: what the N points mean: those that labels and model share.
        known: (N,) False for points of the layout that labels or model do not know.
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

    layout: LandmarkLayout
    known: npt.NDArray[np.bool_]
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


def face_errors(
    result: ClipResult,
    model: str,
    *,
    on: LandmarkLayout | None = None,
    only: Iterable[int] | None = None,
) -> FaceErrors:
    """The errors of a model on one clip.

    Args:
        result: of the clip.
        model: its label.
        on: the layout to measure in; None for the one in which labels and model share most.
        only: indices of the points that count; None for all.
    """
    labels, said = result.labels, result.models[model]
    common = common_points(labels.layout, said.layout, on)
    layout, known = common.layout, common.known.copy()
    if only is not None:
        known[[i for i in range(layout.count) if i not in set(only)]] = False
    truth, predicted = common.from_labels(labels.points), common.from_model(said.points)
    sizes = result.sizes[labels.frame]
    counts = inside(truth, sizes[:, :1], sizes[:, 1:]) & known
    point = point_errors(predicted, truth, layout, counts=counts)
    if layout.left_eye:
        # Lids that are not labelled, or corners that coincide, have no opening.
        with np.errstate(invalid="ignore", divide="ignore"):
            eyes = np.abs(eye_aspect_ratios(predicted, layout) - eye_aspect_ratios(truth, layout))
        eyes[~np.isfinite(eyes)] = np.nan
    else:
        eyes = np.full((len(truth), 2), np.nan)
    trembling = np.zeros(0)
    if result.moving:
        trembling = jitter(predicted, truth, layout, frame=labels.frame, person=labels.person)
    return FaceErrors(
        layout=layout,
        known=known,
        point=point,
        face=nme(point),
        attributes=labels.attributes,
        pose=angle_errors(said.pose, labels.pose),
        eyes=eyes,
        jitter=trembling,
        false_faces=len(said.false_frames),
    )


def pooled_errors(
    results: Sequence[ClipResult],
    model: str,
    *,
    on: LandmarkLayout | None = None,
    only: Iterable[int] | None = None,
) -> FaceErrors:
    """The errors of a model on several clips, in their order; see `face_errors`."""
    if on is None:
        layouts = [result.labels.layout for result in results]
        on = layout_for_all(layouts, results[0].models[model].layout)
    parts = [face_errors(result, model, on=on, only=only) for result in results]
    return FaceErrors(
        layout=on,
        known=np.any([p.known for p in parts], axis=0),
        point=np.concatenate([p.point for p in parts]),
        face=np.concatenate([p.face for p in parts]),
        attributes=np.concatenate([p.attributes for p in parts]),
        pose=np.concatenate([p.pose for p in parts]),
        eyes=np.concatenate([p.eyes for p in parts]),
        jitter=np.concatenate([p.jitter for p in parts]),
        false_faces=sum(p.false_faces for p in parts),
    )


def figures(errors: FaceErrors) -> Figures:
    """All measures."""
    found = errors.point[np.isfinite(errors.face)]
    regions = region_points(errors.layout)
    return Figures(
        layout=errors.layout,
        known=errors.known,
        total=_group(errors.face),
        failure_rate_8=failure_rate(errors.face),
        failure_rate_10=failure_rate(errors.face, LOOSE_FAILURE_LIMIT),
        auc_8=area_under_curve(errors.face),
        by_attribute={
            name: _group(errors.face[errors.attributes[:, place]])
            for place, name in enumerate(ATTRIBUTES)
        },
        by_region={
            name: _mean(nme(found[:, points]))
            for name, points in regions.items()
            if errors.known[list(points)].any()
        },
        by_point=np.array([_mean(column) for column in found.T]),
        pose=np.array([_mean(column) for column in errors.pose.T]),
        eye_opening_error=_mean(errors.eyes),
        jitter=_mean(errors.jitter),
        false_faces=errors.false_faces,
    )


def measure(results: Sequence[ClipResult], model: str) -> Figures:
    """All measures of a model over several clips, on the points that it shares with the labels."""
    return figures(pooled_errors(results, model))


def measure_shared(
    results: Sequence[ClipResult], models: Iterable[str]
) -> tuple[int, dict[str, GroupFigures]]:
    """The error of models of different layouts on the points that all of them and all labels know,
    so that it can be compared.

    Returns:
        The number of these points, and label of the model -> error of all faces. Where all speak
        the same layout, these are its points.
    """
    names = list(models)
    layouts = {result.labels.layout for result in results}
    layouts |= {result.models[name].layout for result in results for name in names}
    on = layouts.pop() if len(layouts) == 1 else IBUG68
    points = range(on.count) if not layouts else shared_points(layouts, on)
    return len(points), {
        name: _group(pooled_errors(results, name, on=on, only=points).face) for name in names
    }


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
