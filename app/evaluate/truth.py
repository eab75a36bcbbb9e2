"""The labels of a clip beside what a model says of its frames while it plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.face import Box, Face
from app.core.frame import Frame
from app.evaluate.clip import LabelledClip
from app.evaluate.matching import match
from app.evaluate.metrics import inside, nme, point_errors

Points = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
    """A labelled face and the predicted one that is taken for it.

    Attributes:
        truth: (N, 2) frame pixels; NaN where a point is not labelled; None for a false face.
        face: the prediction; None for a missed face.
        error: NME, a share of the eye distance; NaN where it cannot be told.
    """

    truth: Points | None
    face: Face | None
    error: float = float("nan")


class ClipTruth:
    """Finds the labels of the frames of a clip. Never changes, so any thread may ask."""

    def __init__(self, clip: LabelledClip) -> None:
        self._clip = clip
        labels = clip.labels
        self._rows = labels.rows_by_frame()
        self._boxes = [Box.around(face[~np.isnan(face).any(axis=1)]) for face in labels.points]

    @property
    def clip(self) -> LabelledClip:
        """What the labels are of."""
        return self._clip

    def fits(self, frame: Frame) -> bool:
        """Whether the frame can be one of the clip."""
        size = self._clip.size
        if self._clip.images:
            number = frame.sequence
            return (
                number < len(self._clip.images) and self._clip.images[number].name == frame.source
            )
        return frame.source == self._clip.media.name and size in (None, (frame.width, frame.height))

    def pairs(self, frame: Frame, faces: Sequence[Face]) -> tuple[Pair, ...] | None:
        """The labelled and the predicted faces of a frame, each with its partner if it has one.

        A model of another layout than that of the labels has no partners.

        Returns:
            None where nobody has labelled the frame.
        """
        labels = self._clip.labels
        number = frame.sequence
        if not (self.fits(frame) and number < labels.frames and labels.labelled[number]):
            return None
        rows = range(*self._rows[number])
        own = [face for face in faces if face.layout.name == labels.layout.name]
        partners = match([self._boxes[row] for row in rows], [Box.around(f.points) for f in own])
        pairs = []
        for place, row in enumerate(rows):
            truth = labels.points[row]
            face = own[partners[place]] if place in partners else None
            pairs.append(Pair(truth, face, self._error(truth, face, frame)))
        taken = {id(pair.face) for pair in pairs}
        pairs += [Pair(None, face) for face in faces if id(face) not in taken]
        return tuple(pairs)

    def _error(self, truth: Points, face: Face | None, frame: Frame) -> float:
        if face is None:
            return float("nan")
        counts = inside(truth[None], frame.width, frame.height)
        layout = self._clip.labels.layout
        return float(nme(point_errors(face.points[None], truth[None], layout, counts=counts))[0])
