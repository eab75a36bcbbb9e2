"""Finds the crop that a landmark model was made for, on frames whose points are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from app.core.card import Channels, ModelCard
from app.core.face import Box, Points
from app.core.frame import Image
from app.core.layout import LandmarkLayout, point_map
from app.evaluate.clip import LabelledClip
from app.vision.face_extent import FaceExtent
from app.vision.landmarker import OnnxLandmarker
from app.vision.session import OnnxModel

_SCALES: Final = (1.0, 1.15, 1.3, 1.45, 1.6, 1.8, 2.0)
_SHIFTS: Final = (-0.2, -0.1, 0.0, 0.1, 0.2)
_FINER: Final = (-0.1, -0.05, 0.0, 0.05, 0.1)
"""Added to the best scale and shift of the coarse search."""
_FRAMES: Final = 12
"""Of the clip, evenly spread."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best crop that was found.

    Attributes:
        card: the card with that crop and that order of the colours.
        error: median over the frames of the mean error, as a share of the eye distance.
        before: the same with the card as it was.
    """

    card: ModelCard
    error: float
    before: float


@dataclass(frozen=True, eq=False, slots=True)
class _Face:
    """One labelled face: its picture, its box and its points (N, 2)."""

    image: Image
    box: Box
    truth: Points


def tune_crop(model: OnnxModel, clip: LabelledClip) -> Tuned:
    """Try crops of many sizes and heights, and both orders of the colours.

    What counts are the points that the layouts of model and labels share.

    Raises:
        PfldLiveError: the clip cannot be read.
    """
    faces, layout = _faces(clip), clip.labels.layout

    def error(card: ModelCard) -> float:
        return _error(replace(model, card=card), faces, layout)

    card = model.card
    orders: tuple[Channels, ...] = ("grey",) if card.channels == "grey" else ("bgr", "rgb")
    coarse = [
        replace(card, crop_scale=scale, crop_shift=shift, channels=order)
        for scale, shift, order in product(_SCALES, _SHIFTS, orders)
    ]
    best = min(coarse, key=error)
    fine = [
        replace(
            best,
            crop_scale=round(best.crop_scale + wider, 2),
            crop_shift=round(best.crop_shift + lower, 2),
        )
        for wider, lower in product(_FINER, _FINER)
    ]
    best = min(fine, key=error)
    return Tuned(best, error(best), error(card))


def _faces(clip: LabelledClip) -> list[_Face]:
    """The first face of some frames."""
    labels, extent = clip.labels, FaceExtent(clip.labels.layout)
    rows = labels.rows_by_frame()
    every = max(labels.frames // _FRAMES, 1)
    faces = []
    with clip.frames() as frames:
        for number, frame in zip(range(labels.frames), frames, strict=False):
            first, end = rows[number]
            if number % every == 0 and end > first:
                truth = labels.points[first]
                faces.append(_Face(frame.image, extent.box(truth), truth))
    return faces


def _error(model: OnnxModel, faces: Iterable[_Face], layout: LandmarkLayout) -> float:
    landmarker = OnnxLandmarker(model)
    as_labelled = point_map(landmarker.layout, layout)
    errors = []
    for face in faces:
        points = as_labelled(landmarker.locate(face.image, face.box).points)
        distances = np.hypot(*(points - face.truth).T)
        errors.append(np.nanmean(distances) / layout.eye_distance(face.truth))
    return float(np.median(errors))
