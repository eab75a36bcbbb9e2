"""The labels of a clip beside what a model says of its frames while it plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.errors import ModelError
from app.core.face import Box, Face
from app.core.frame import Frame
from app.core.layout import LandmarkLayout
from app.evaluate.clip import LabelledClip
from app.evaluate.layouts import common_points
from app.evaluate.matching import match
from app.evaluate.metrics import inside, nme, point_errors

Points = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
    """A labelled face and the predicted one that is taken for it, on the points that both know.

    Attributes:
        truth: (N, 2) frame pixels; NaN where a point is not labelled; None for a false face.
        guess: (N, 2) the prediction; None for a missed face.
        error: NME, a share of the eye distance; NaN where it cannot be told.
    """

    truth: Points | None
    guess: Points | None
    error: float = float("nan")


class ClipTruth:
    """Finds the labels of the frames of a clip. Never changes, so any thread may ask."""

    def __init__(self, clip: LabelledClip) -> None:
        self._clip = clip
        self._rows = clip.labels.rows_by_frame()

    @property
    def clip(self) -> LabelledClip:
        """What the labels are of."""
        return self._clip

    def fits(self, frame: Frame) -> bool:
        """Whether the frame can be one of the clip."""
        clip, number = self._clip, frame.sequence
        if clip.size not in (None, (frame.width, frame.height)):
            return False
        if clip.images:
            return number < len(clip.images) and clip.images[number].name == frame.source
        return frame.source == clip.media.name

    def pairs(self, frame: Frame, faces: Sequence[Face]) -> tuple[Pair, ...] | None:
        """The labelled and the predicted faces of a frame, each with its partner if it has one.

        Args:
            frame: what is shown.
            faces: of one model; where it shares too few points with the labels, none has a
                partner.

        Returns:
            None where nobody has labelled the frame.
        """
        labels = self._clip.labels
        number = frame.sequence
        if not (self.fits(frame) and number < labels.frames and labels.labelled[number]):
            return None
        truths = labels.points[slice(*self._rows[number])]
        try:
            model = faces[0].layout if faces else labels.layout
            common = common_points(labels.layout, model)
        except ModelError:
            alone = [Pair(truth, None) for truth in truths]
            return (*alone, *(Pair(None, face.points) for face in faces))
        known = [_only(common.from_labels(truth), common.known) for truth in truths]
        guesses = [_only(common.from_model(face.points), common.known) for face in faces]
        partners = match([_box(points) for points in known], [_box(points) for points in guesses])
        pairs = []
        for place, truth in enumerate(known):
            if place in partners:
                guess = guesses[partners[place]]
                pairs.append(Pair(truth, guess, _error(truth, guess, common.layout, frame)))
            else:
                pairs.append(Pair(truth, None))
        taken = set(partners.values())
        pairs += [Pair(None, guess) for i, guess in enumerate(guesses) if i not in taken]
        return tuple(pairs)


def _only(points: Points, known: npt.NDArray[np.bool_]) -> Points:
    points[~known] = np.nan
    return points


def _box(points: Points) -> Box:
    return Box.around(points[~np.isnan(points).any(axis=1)])


def _error(truth: Points, guess: Points, layout: LandmarkLayout, frame: Frame) -> float:
    counts = inside(truth[None], frame.width, frame.height)
    return float(nme(point_errors(guess[None], truth[None], layout, counts=counts))[0])
