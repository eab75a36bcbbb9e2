"""How well a file knows what it says beside its points: trust, visibility, expression."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.evaluate.metrics import FAILURE_LIMIT, roc_auc
from models.training.augmentation import Jitter
from models.training.batches import AugmentedBatches, Faces, plain_crops
from models.training.blendshapes import BLENDSHAPES
from models.training.crops import Crops, things
from models.training.evaluation import ModelFile
from models.training.labels import Labels

MEASURED_CROPS: Final = 2400
SPOILT: Final = 0.5
"""Crops that are looked at, and the share of them that are displaced, turned over, of another size
or without a face."""

BELIEVED: Final = 0.5
"""Trust from which the program shows a face."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """What is told of a file.

    Attributes:
        trust_auc: area under the ROC curve of trust for answers off by more than `FAILURE_LIMIT`,
            and crops without a face, against the others.
        believed_wrong: share of the believed answers that are off by more.
        visibility_auc: of left eye, right eye and mouth, seen against covered.
        expression: blendshape -> correlation with the teacher.
    """

    trust_auc: float
    believed_wrong: float
    visibility_auc: tuple[float, ...]
    expression: dict[str, float]


def measure_outputs(
    model: ModelFile, labels: Labels, crops: Crops, *, data: Path, jitter: Jitter
) -> Outputs:
    """Measure a file on val faces, dressed up, displaced and turned over, and on things.

    Args:
        model: with trust, visibility and expression.
        labels: of all faces.
        crops: of the same faces.
        data: folder of the pictures, for those without a face.
        jitter: how far ordinary crops stray.
    """
    squares = things(data, np.random.default_rng(1), measuring=True)
    shown = replace(crops, backgrounds=np.stack(squares))
    faces = Faces.of(labels, shown, "val")
    batch = AugmentedBatches(
        faces,
        replace(model.framing, channels="bgr"),
        jitter,
        batch_size=MEASURED_CROPS,
        negatives=SPOILT,
        seed=17,
    )[0]
    images = batch.images.numpy().transpose(0, 2, 3, 1)
    answers = [model.run(image) for image in images]
    points, trust = np.stack([p for p, _ in answers]), np.array([t for _, t in answers])
    off = (
        np.linalg.norm(points - batch.points.numpy(), axis=2) / batch.eye_distance.numpy()[:, None]
    )
    known = batch.truth.numpy()
    error = np.where(known, off, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    good = known.any(axis=1) & (error <= FAILURE_LIMIT)
    card = model.card
    seen: tuple[float, ...] = ()
    if card.visibility_output is not None:
        told = np.stack([model.told(image, card.visibility_output) for image in images])
        truth = batch.visible.numpy()
        seen = tuple(_auc(told[:, i], truth[:, i]) for i in range(truth.shape[1]))
    return Outputs(
        trust_auc=roc_auc(trust, good),
        believed_wrong=float(np.mean(~good[trust >= BELIEVED])),
        visibility_auc=seen,
        expression=_expression(model, faces, labels),
    )


def _auc(told: npt.NDArray[np.float32], truth: npt.NDArray[np.float32]) -> float:
    known = np.isfinite(truth)
    return roc_auc(told[known].astype(np.float64), truth[known] > 0.5)


def _expression(model: ModelFile, faces: Faces, labels: Labels) -> dict[str, float]:
    card = model.card
    if card.expression_output is None:
        return {}
    truth = labels.blendshapes[faces.rows]
    known = np.isfinite(truth).all(axis=1)
    images, _ = plain_crops(faces, replace(model.framing, channels="bgr"))
    told = np.stack([model.told(image, card.expression_output) for image in images[known]])
    columns = [BLENDSHAPES.index(name) for name in card.expressions]
    return {
        name: float(np.corrcoef(told[:, i], truth[known][:, column])[0, 1])
        for i, (name, column) in enumerate(zip(card.expressions, columns, strict=True))
    }
