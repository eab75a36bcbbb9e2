"""Which way up a face stands that BlazeFace has found.

BlazeFace has learnt upright faces: what stands on its head it still finds, but with its eyes where
the mouth is, and landmarks then sit on the hair with high trust. Its score tells: it is lower than
that of nearly every upright face, and rises once the face stands upright in the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from app.core.face import Box
from app.core.face_boxes import Network
from app.core.frame import Image
from app.core.geometry import crop_transform, points_from_unit
from app.vision.crop import cut_crop

# Faces that stand otherwise than they were found scored at most 0.84 (short) and 0.81 (full) in
# 199 photographs at eight angles; of the upright ones 6 % score less than this.
_BEYOND_DOUBT: Final[dict[Network, float]] = {"short": 0.86, "full": 0.82}
# Side of a close-up in sides of the face box, and in its own pixels.
_CLOSE_UP: Final = 2.0
_PIXELS: Final = 256
# Another way up must score so much in its close-up, and so much more than the one that the face was
# found in: under a mask a face looks nearly the same on its head, and most faces stand upright.
_LEAST_SCORE: Final = 0.75
_MARGIN: Final = 0.1
# What the score of a face counts for in a close-up that does not show it.
_UNSEEN: Final = 0.8
# The tilt that BlazeFace's own eyes tell is wrong if the close-up says so much else.
_SAME_TILT_DEG: Final = 30.0
# A face that stays is looked at again after so many detections; one that tilts by more, at once.
_KEPT_FOR: Final = 20
_TILTED_DEG: Final = 45.0
_SAME_PLACE_IOU: Final = 0.3
# Faces that are looked at in one frame of a video; each takes as long as four detections.
_MOST_AT_ONCE: Final = 2


class Found(NamedTuple):
    """A face as one of the networks found it.

    box: its face box, in pixels of the picture.
    network: which of them.
    turns: how many quarters the picture was turned anticlockwise for it.
    """

    box: Box
    network: Network
    turns: int = 0


@dataclass(slots=True)
class _Verdict:
    """What is known of the face at a place.

    box: where and how it was found, before it was looked at.
    turns: the way up that was right; None where it was the one that it was found in.
    left: detections for which that counts.
    """

    box: Box
    turns: int | None
    left: int = _KEPT_FOR


class WayUp:
    """Looks at doubtful faces in all four ways up, and remembers what it saw.

    Args:
        look: finds faces in a BGR picture with the short-range network: face boxes in its pixels,
            best first.
    """

    def __init__(self, look: Callable[[Image], Sequence[Box]]) -> None:
        self._look = look
        self._known: list[_Verdict] = []

    def upright(self, image: Image, found: Sequence[Found], *, fresh: bool) -> list[Box]:
        """The face boxes with the right tilt, best score first.

        Args:
            image: (H, W, 3) uint8 BGR.
            found: the faces in it.
            fresh: nothing that was seen before counts, and no face waits. Otherwise, of many
                doubtful faces that appear at once, some are left out until the next call.
        """
        known = [] if fresh else self._known
        self._known = []
        boxes = []
        looks = 0
        for one in sorted(found, key=lambda one: -one.box.area):
            if one.box.score >= _BEYOND_DOUBT[one.network] or not one.box.side > 0:
                boxes.append(one.box)
                continue
            box = self._as_before(image, one, known)
            if box is None and (fresh or looks < _MOST_AT_ONCE):
                looks += 1
                box = self._judged(image, one)
            if box is not None:
                boxes.append(box)
        return sorted(boxes, key=lambda box: -box.score)

    def _as_before(self, image: Image, one: Found, known: list[_Verdict]) -> Box | None:
        """The box by what was seen a moment ago; None where that does not tell."""
        for verdict in known:
            tilt = abs(_angle(verdict.box.roll - one.box.roll))
            near = verdict.box.iou(one.box) > _SAME_PLACE_IOU and tilt < _TILTED_DEG
            if not near or verdict.left <= 0:
                continue
            box = one.box if verdict.turns is None else self._seen(image, one.box, verdict.turns)
            if box is not None:
                self._known.append(_Verdict(one.box, verdict.turns, verdict.left - 1))
            return box
        return None

    def _judged(self, image: Image, one: Found) -> Box:
        views = {turns: self._seen(image, one.box, turns) for turns in range(4)}
        own = views.pop(one.turns)
        best, turns = own or replace(one.box, score=_UNSEEN * one.box.score), one.turns
        for other, view in views.items():
            least = max(_LEAST_SCORE, _MARGIN + (best.score if turns == one.turns else 0.0))
            if view is not None and view.score >= least and view.score > best.score:
                best, turns = view, other
        if turns == one.turns and abs(_angle(best.roll - one.box.roll)) < _SAME_TILT_DEG:
            self._known.append(_Verdict(one.box, None))
            return one.box
        self._known.append(_Verdict(one.box, turns))
        return best

    def _seen(self, image: Image, box: Box, turns: int) -> Box | None:
        """The face in a close-up that is turned by so many quarters, in pixels of the picture."""
        square = replace(box, roll=90.0 * turns)
        transform = crop_transform(square, scale=_CLOSE_UP, shift=0.0, size=_PIXELS)
        seen = self._look(cut_crop(image, transform, _PIXELS))
        if not seen:
            return None
        face = seen[0]
        unit = (np.array([face.centre], np.float32) + 0.5) / _PIXELS
        x, y = points_from_unit(unit, transform, size=_PIXELS)[0].tolist()
        half = face.side / 2 * box.side * _CLOSE_UP / _PIXELS
        roll = _angle(face.roll + 90.0 * turns)
        return Box(x - half, y - half, x + half, y + half, face.score, roll)


def _angle(degrees: float) -> float:
    """The same angle in -180..180."""
    return (degrees + 180.0) % 360.0 - 180.0
