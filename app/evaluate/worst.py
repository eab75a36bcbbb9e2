"""The faces with the largest errors of a clip, kept as small pictures while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.frame import Frame, Image
from app.evaluate.results import Worst

KEPT: Final = 6
SPACING: Final = 15
"""Frames of a video that count as one moment, which shows up once."""
_SIDE: Final = 260
_MARGIN: Final = 0.25
_QUALITY: Final = 82
_SHIFT: Final = 4
"""OpenCV draws at places given in 1/16 pixels."""
# BGR; told apart by people who do not see red and green alike.
_TRUTH: Final = (115, 222, 64)
_PREDICTION: Final = (0, 94, 233)
_VECTOR: Final = (255, 255, 255)

Points = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class _Kept:
    """A face on the list: its square of the frame, and both sets of points in that square."""

    frame: int
    row: int
    error: float
    square: Image
    truth: Points
    predicted: Points


class WorstFaces:
    """Keeps the `KEPT` worst faces.

    A face that gets on the list is cut out; it is drawn at the end, if it is still there.

    Args:
        moving: neighbouring frames are alike, so one of `SPACING` is enough.
    """

    def __init__(self, *, moving: bool) -> None:
        self._spacing = SPACING if moving else 1
        self._kept: dict[int, _Kept] = {}

    def offer(
        self, frame: Frame, number: int, row: int, error: float, truth: Points, predicted: Points
    ) -> None:
        """Look at one face.

        Args:
            frame: the picture.
            number: of the frame.
            row: of the label.
            error: NME, a share of the eye distance.
            truth: (N, 2), frame pixels; NaN where unknown.
            predicted: (N, 2), frame pixels; NaN where unknown.
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
        self._kept[moment] = _Kept(number, row, error, *_cut(frame.image, truth, predicted))

    def result(self) -> tuple[Worst, ...]:
        """The list, largest error first."""
        ordered = sorted(self._kept.values(), key=lambda face: (-face.error, face.frame))
        return tuple(Worst(face.frame, face.row, face.error, _draw(face)) for face in ordered)


def _cut(image: Image, truth: Points, predicted: Points) -> tuple[Image, Points, Points]:
    """The square around a face, `_SIDE` pixels wide, and both sets of points in it."""
    both = np.concatenate([truth, predicted])
    both = both[~np.isnan(both).any(axis=1)]
    low, high = both.min(axis=0), both.max(axis=0)
    side = float((high - low).max()) * (1 + 2 * _MARGIN)
    zoom = _SIDE / max(side, 1.0)
    corner = (low + high) / 2 - side / 2
    matrix = np.array([[zoom, 0, -zoom * corner[0]], [0, zoom, -zoom * corner[1]]])
    square = cv2.warpAffine(image, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(square, np.uint8), (truth - corner) * zoom, (predicted - corner) * zoom


def _draw(face: _Kept) -> bytes:
    """A JPEG of the face, truth and prediction joined by lines."""
    picture = face.square.copy()
    for true, guess in zip(face.truth, face.predicted, strict=True):
        if np.isnan(guess).any():
            continue
        end = _place(guess)
        if not np.isnan(true).any():
            cv2.line(picture, _place(true), end, _VECTOR, 1, cv2.LINE_AA, _SHIFT)
            cv2.circle(picture, _place(true), 2 << _SHIFT, _TRUTH, -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(picture, end, 2 << _SHIFT, _PREDICTION, -1, cv2.LINE_AA, _SHIFT)
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(data.tobytes())


def _place(point: Points) -> tuple[int, int]:
    return round(float(point[0]) * 2**_SHIFT), round(float(point[1]) * 2**_SHIFT)
