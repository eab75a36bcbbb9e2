"""The faces with the largest errors of a clip, kept as small pictures while it runs."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.frame import Frame
from app.evaluate.results import Worst

KEPT: Final = 6
SPACING: Final = 15
"""Frames of a video that count as one moment, which shows up once."""
_SIDE: Final = 260
_MARGIN: Final = 0.25
_QUALITY: Final = 82
# BGR; told apart by people who do not see red and green alike.
_TRUTH: Final = (115, 222, 64)
_PREDICTION: Final = (0, 94, 233)
_VECTOR: Final = (255, 255, 255)

Points = npt.NDArray[np.float32]


class WorstFaces:
    """Keeps the `KEPT` worst faces; only those that get on the list are drawn.

    Args:
        moving: neighbouring frames are alike, so one of `SPACING` is enough.
    """

    def __init__(self, *, moving: bool) -> None:
        self._spacing = SPACING if moving else 1
        self._kept: dict[int, Worst] = {}

    def offer(
        self, frame: Frame, number: int, row: int, error: float, truth: Points, predicted: Points
    ) -> None:
        """Look at one face.

        Args:
            frame: the picture.
            number: of the frame.
            row: of the label.
            error: NME, a share of the eye distance.
            truth: (N, 2), frame pixels.
            predicted: (N, 2), frame pixels.
        """
        moment = number // self._spacing
        rival = self._kept.get(moment)
        if rival is None and len(self._kept) == KEPT:
            mildest = min(self._kept, key=lambda m: (self._kept[m].error, -m))
            if error <= self._kept[mildest].error:
                return
            del self._kept[mildest]
        elif rival is not None and error <= rival.error:
            return
        self._kept[moment] = Worst(number, row, error, _draw(frame, truth, predicted))

    def result(self) -> tuple[Worst, ...]:
        """The list, largest error first."""
        return tuple(sorted(self._kept.values(), key=lambda w: (-w.error, w.frame)))


def _draw(frame: Frame, truth: Points, predicted: Points) -> bytes:
    """A JPEG of the face, truth and prediction joined by lines."""
    both = np.concatenate([truth[~np.isnan(truth).any(axis=1)], predicted])
    low, high = both.min(axis=0), both.max(axis=0)
    side = float((high - low).max()) * (1 + 2 * _MARGIN)
    zoom = _SIDE / max(side, 1.0)
    corner = (low + high) / 2 - side / 2
    matrix = np.array([[zoom, 0, -zoom * corner[0]], [0, zoom, -zoom * corner[1]]])
    picture = cv2.warpAffine(frame.image, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR)
    shift = 4
    for true, guess in zip(truth, predicted, strict=True):
        ends = [
            tuple(round(float(v) * 2**shift) for v in (point - corner) * zoom)
            for point in (true, guess)
            if not np.isnan(point).any()
        ]
        if len(ends) == 2:
            cv2.line(picture, ends[0], ends[1], _VECTOR, 1, cv2.LINE_AA, shift)
            cv2.circle(picture, ends[0], 2 << shift, _TRUTH, -1, cv2.LINE_AA, shift)
        cv2.circle(picture, ends[-1], 2 << shift, _PREDICTION, -1, cv2.LINE_AA, shift)
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(data.tobytes())
