"""The summary as JSON and the rows as CSV. Neither holds a date or a duration of the run, so
the same input gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from app.core.cells import as_cell
from app.evaluate.attributes import ATTRIBUTES
from app.evaluate.measures import Figures, GroupFigures, face_errors, figures, measure_shared
from app.evaluate.results import ClipResult

VERSION: Final = 1
_DIGITS: Final = 6


def summary(
    results: Sequence[ClipResult],
    measured: Mapping[str, Figures],
    *,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The figures of all models as plain values.

    Errors are shares of the eye distance, angles degrees; what is unknown is None.
    `models` -> name -> `nme`, `faces`, `ci95`, `failure_rate_8`, `failure_rate_10`, `auc_8`,
    `by_attribute` -> name -> {`nme`, `faces`, `ci95`}, `missed_by_attribute` -> name -> number,
    `by_region` -> name -> error, `by_point` (list of N), `pose_mae` (mean of the three angles),
    `pose_mae_by_angle`, `eye_opening_error`, `jitter`, `missed`, `false_faces`; `layout` and
    `points`: on which and how many points of the labels this was measured; `shared` ->
    {`nme`, `faces`, `ci95`}: on the `shared_points` points that all models and labels know.

    Args:
        results: one per clip.
        measured: label of the model -> its figures over all clips.
        settings: how the models were run.
    """
    points, shared = measure_shared(results, measured)
    return {
        "version": VERSION,
        "settings": dict(settings),
        "clips": [_clip(result) for result in results],
        "shared_points": points,
        "models": {
            name: {**_model(model), "shared": _group(shared[name])}
            for name, model in measured.items()
        },
    }


def _clip(result: ClipResult) -> dict[str, Any]:
    models = {}
    for name in result.models:
        part = figures(face_errors(result, name))
        models[name] = {
            "nme": _number(part.total.nme),
            "faces": part.total.faces,
            "failure_rate_8": _number(part.failure_rate_8),
            "missed": part.total.missed,
            "false_faces": part.false_faces,
        }
    return {
        "name": result.clip,
        "frames": int(result.labels.labelled.sum()),
        "faces": len(result.labels.frame),
        "layout": result.labels.layout.name,
        "labels": result.origin.in_words(),
        "problems": list(result.problems),
        "field_of_view_deg": _number(result.field_of_view_deg),
        "models": models,
    }


def _model(model: Figures) -> dict[str, Any]:
    return {
        "layout": model.layout.name,
        "points": int(model.known.sum()),
        **_group(model.total),
        "failure_rate_8": _number(model.failure_rate_8),
        "failure_rate_10": _number(model.failure_rate_10),
        "auc_8": _number(model.auc_8),
        "by_attribute": {name: _group(group) for name, group in model.by_attribute.items()},
        "missed_by_attribute": {name: group.missed for name, group in model.by_attribute.items()},
        "by_region": {name: _number(error) for name, error in model.by_region.items()},
        "by_point": [_number(float(error)) for error in model.by_point],
        "pose_mae": _number(float(np.mean(model.pose))),
        "pose_mae_by_angle": {
            name: _number(float(error))
            for name, error in zip(("yaw", "pitch", "roll"), model.pose, strict=True)
        },
        "eye_opening_error": _number(model.eye_opening_error),
        "jitter": _number(model.jitter),
        "missed": model.total.missed,
        "false_faces": model.false_faces,
    }


def _group(group: GroupFigures) -> dict[str, Any]:
    interval = None if group.ci95 is None else [_number(end) for end in group.ci95]
    return {"nme": _number(group.nme), "faces": group.faces, "ci95": interval}


def _number(value: float) -> float | None:
    return round(value, _DIGITS) if math.isfinite(value) else None


def rows_as_csv(results: Sequence[ClipResult]) -> str:
    """One row per model and labelled face, and one per false face, which has no person.

    Columns: clip, model, frame, time_s, person, found (1 or 0), nme, yaw_error, pitch_error,
    roll_error (degrees), left_eye_error, right_eye_error (eye aspect ratio), one of 1 or 0 per
    attribute. Unknown is empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            *("clip", "model", "frame", "time_s", "person", "found", "nme", "yaw_error"),
            *("pitch_error", "roll_error", "left_eye_error", "right_eye_error", *ATTRIBUTES),
        ]
    )
    for result in results:
        for model in result.models:
            errors = face_errors(result, model)
            labels = result.labels
            found = result.models[model].found
            for row, frame in enumerate(labels.frame.tolist()):
                numbers = (*errors.pose[row], *errors.eyes[row])
                writer.writerow(
                    [as_cell(result.clip), as_cell(model), frame, _cell(result.times_s[frame])]
                    + [labels.person[row], int(found[row])]
                    + [_cell(errors.face[row])]
                    + [_cell(number) for number in numbers]
                    + [int(flag) for flag in errors.attributes[row]]
                )
            for frame in result.models[model].false_frames.tolist():
                empty = [""] * (6 + len(ATTRIBUTES))
                writer.writerow(
                    [
                        as_cell(result.clip),
                        as_cell(model),
                        frame,
                        _cell(result.times_s[frame]),
                        "",
                        1,
                        *empty,
                    ]
                )
    return text.getvalue()


def _cell(value: float) -> str:
    return f"{value:.{_DIGITS}g}" if math.isfinite(value) else ""
