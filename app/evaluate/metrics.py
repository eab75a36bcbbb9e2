"""How far predicted points lie from the truth. Training and the program use these functions.

Errors are shares of the distance between the outer eye corners of the truth (iBUG points 37 and
46, counted from 1: seed 001), so 0.03 reads "3 % of the eye distance". Unknown is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.layout import LandmarkLayout

Floats = npt.NDArray[np.floating[Any]]
Errors = npt.NDArray[np.float64]

FAILURE_LIMIT = 0.08
"""A face with a larger NME has failed (share of the eye distance; the limit of 300-W papers that
normalise by the outer eye corners)."""

LOOSE_FAILURE_LIMIT = 0.10
"""The second limit in use, for WFLW and COFW (share of the eye distance)."""

REGIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "jaw": ("jaw",),
        "brows": ("left_brow", "right_brow"),
        "nose": ("nose_bridge", "nose_base", "nose"),
        "eyes": ("left_eye", "right_eye"),
        "mouth": ("outer_lips", "inner_lips"),
    }
)
"""The parts of a face for which errors are given: name -> groups of a layout."""

BOOTSTRAP_ROUNDS = 1000
_BOOTSTRAP_SEED = 20190228  # the day on which PFLD was published


def keypoint_score(
    predicted: Floats, truth: Floats, *, counts: npt.NDArray[np.bool_] | None = None
) -> float:
    """1 / (2 MSE), the score of seed 003: the mean over the faces of the squared error of a
    coordinate. NaN without a face that has a point.

    Args:
        predicted: (F, N, 2), -1..1 across the crop.
        truth: likewise; NaN where a point is not labelled.
        counts: (F, N), False for points that must not count.
    """
    squared = np.square(predicted.astype(np.float64) - truth).mean(axis=-1)
    known = ~np.isnan(squared) if counts is None else counts & ~np.isnan(squared)
    here = known.any(axis=1)
    if not here.any():
        return float("nan")
    of_face = np.where(known, squared, 0.0)[here].sum(axis=1) / known[here].sum(axis=1)
    return float(1 / (2 * of_face.mean()))


def eye_distances(points: Floats, layout: LandmarkLayout) -> Errors:
    """Distance between the outer eye corners of points (F, N, 2): (F,), in the points' unit."""
    left, right = layout.outer_eye_corners
    distances: Errors = np.linalg.norm(
        points[:, right].astype(np.float64) - points[:, left], axis=-1
    )
    return distances


def point_errors(
    predicted: Floats,
    truth: Floats,
    layout: LandmarkLayout,
    *,
    counts: npt.NDArray[np.bool_] | None = None,
) -> Errors:
    """Error of each point as a share of the eye distance of the truth.

    Args:
        predicted: (F, N, 2); all NaN for a face that was not found.
        truth: (F, N, 2) in the same unit; NaN where a point is not labelled.
        layout: names the outer eye corners.
        counts: (F, N), False for points that must not count, such as those outside the picture.

    Returns:
        (F, N): NaN where the point does not count or has no truth, inf where it has a truth and
        no prediction.

    Raises:
        ValueError: the shapes disagree with each other or with the layout.
    """
    expected = (len(truth), layout.count, 2)
    if truth.shape != expected or predicted.shape != expected:
        raise ValueError(
            f"points of layout {layout.name} must have shape {expected}, "
            f"got {predicted.shape} predicted and {truth.shape} true"
        )
    distances = np.linalg.norm(predicted.astype(np.float64) - truth, axis=-1)
    errors: Errors = distances / eye_distances(truth, layout)[:, None]
    errors[np.isnan(predicted).any(axis=-1)] = np.inf
    errors[np.isnan(truth).any(axis=-1)] = np.nan
    if counts is not None:
        errors[~counts] = np.nan
    return errors


def inside(
    points: Floats,
    width: int | npt.NDArray[np.integer[Any]],
    height: int | npt.NDArray[np.integer[Any]],
) -> npt.NDArray[np.bool_]:
    """(..., N): which of the points (..., N, 2) lie in a picture of this many pixels.

    Width and height are numbers, or arrays (..., 1) for pictures of several sizes.
    """
    x, y = points[..., 0], points[..., 1]
    within: npt.NDArray[np.bool_] = (
        (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    )
    return within


def nme(errors: Errors) -> Errors:
    """Normalised mean error of each face, (F,), from `point_errors` (F, N).

    NaN for a face without any point that counts, inf for one without a prediction.
    """
    counting = ~np.isnan(errors)
    amount = counting.sum(axis=1)
    total = np.where(counting, errors, 0.0).sum(axis=1)
    result: Errors = np.where(amount > 0, total / np.maximum(amount, 1), np.nan)
    return result


def nme_of_one(
    predicted: Floats, truth: Floats, layout: LandmarkLayout, *, width: int, height: int
) -> float:
    """What `nme` of `point_errors` gives for the points (N, 2) of one face that lie `inside` a
    picture of so many pixels, in a tenth of the time: for a look at every frame of a clip.

    A point without prediction does not count, either; NaN where no point is left.
    """
    x, y = truth[:, 0], truth[:, 1]
    counts = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    distances = np.hypot(predicted[:, 0] - x, predicted[:, 1] - y)[counts]
    distances = distances[distances == distances]  # without NaN
    if not distances.size:
        return float("nan")
    return float(distances.mean()) / layout.eye_distance(truth)


def failure_rate(face_errors: Errors, limit: float = FAILURE_LIMIT) -> float:
    """Share of the faces with an NME above `limit`; faces without truth (NaN) are left out.

    NaN where no face is left.
    """
    known = face_errors[~np.isnan(face_errors)]
    return float(np.mean(known > limit)) if known.size else float("nan")


def area_under_curve(face_errors: Errors, limit: float = FAILURE_LIMIT) -> float:
    """Area under the cumulative error curve from 0 to `limit`, divided by `limit`: 0..1.

    The curve gives for each error the share of faces at or below it (300-W challenge). Exact,
    not sampled: a face with error e < limit adds (limit - e). NaN where no face has a truth.
    """
    known = face_errors[~np.isnan(face_errors)]
    if not known.size:
        return float("nan")
    return float(np.mean(np.clip(limit - known, 0.0, None)) / limit)


def cumulative_curve(face_errors: Errors, limits: Errors) -> Errors:
    """Share of the faces with an error at or below each of `limits` (K,): (K,).

    Faces without truth (NaN) are left out; NaN where no face is left.
    """
    known = np.sort(face_errors[~np.isnan(face_errors)])
    if not known.size:
        return np.full(len(limits), np.nan)
    shares: Errors = np.searchsorted(known, limits, side="right") / known.size
    return shares


def bootstrap_interval(values: Errors, *, level: float = 0.95) -> tuple[float, float] | None:
    """Interval of the mean of `values` (F,) by the percentile bootstrap (Efron 1979).

    The draws are seeded, so the same values give the same interval. It takes the values for
    independent, which neighbouring frames of a clip are not: regard it as the least uncertainty.

    Args:
        values: finite.
        level: share of the resampled means inside the interval.

    Returns:
        Low and high end; None for fewer than two values.
    """
    if values.size < 2:
        return None
    rng = np.random.default_rng(_BOOTSTRAP_SEED)
    means = [
        float(values[rng.integers(values.size, size=values.size)].mean())
        for _ in range(BOOTSTRAP_ROUNDS)
    ]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def region_points(layout: LandmarkLayout) -> dict[str, tuple[int, ...]]:
    """Region name -> indices of its points, for the regions of `REGIONS` that the layout has."""
    return {
        region: indices
        for region, groups in REGIONS.items()
        if (indices := tuple(i for g in groups for i in layout.groups.get(g, ())))
    }


def angle_errors(predicted: Errors, truth: Errors) -> Errors:
    """Absolute difference of angles in degrees, 0..180, the short way round."""
    difference: Errors = np.abs((predicted - truth + 180) % 360 - 180)
    return difference


def jitter(
    predicted: Floats,
    truth: Floats,
    layout: LandmarkLayout,
    *,
    frame: npt.NDArray[np.integer[Any]],
    person: npt.NDArray[np.integer[Any]],
) -> Errors:
    """How much predicted points tremble beyond the movement of the truth.

    For each face that was found in three consecutive frames, the mean over its points of
    |(p₁ - 2 p₂ + p₃) - (t₁ - 2 t₂ + t₃)| as a share of the eye distance of t₂: the second
    difference of the prediction against that of the truth. A prediction that is off by the same
    vector in all frames has none.

    Args:
        predicted: (F, N, 2); NaN for a face that was not found.
        truth: (F, N, 2) in the same unit.
        layout: names the outer eye corners.
        frame: (F,) number of the frame.
        person: (F,) who it is.

    Returns:
        (J,) one value per triple of frames.
    """
    order = np.lexsort((frame, person))
    if len(order) < 3:
        return np.zeros(0)
    one, two, three = order[:-2], order[1:-1], order[2:]
    follows = (person[one] == person[three]) & (frame[one] + 1 == frame[two])
    follows &= frame[two] + 1 == frame[three]
    one, two, three = one[follows], two[follows], three[follows]
    error = predicted.astype(np.float64) - truth
    bend = np.linalg.norm(error[one] - 2 * error[two] + error[three], axis=-1)
    known = ~np.isnan(bend)
    amount = known.sum(axis=1)
    total = np.where(known, bend, 0.0).sum(axis=1) / eye_distances(truth[two], layout)
    values: Errors = total[amount > 0] / amount[amount > 0]
    return values


def roc_auc(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """Chance that a positive has a higher score than a negative; ties count half.

    Args:
        scores: (F,).
        positive: (F,).

    Returns:
        0..1, or NaN where one of the two kinds is missing.
    """
    wanted, other = scores[positive], scores[~positive]
    if not wanted.size or not other.size:
        return float("nan")
    ordered = np.sort(other)
    below = np.searchsorted(ordered, wanted, side="left")
    up_to = np.searchsorted(ordered, wanted, side="right")
    return float(np.mean(below + up_to) / (2 * other.size))
