"""Which face is which: ids that last over frames and short losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from app.core.face import Box
from app.vision.face_maker import FaceMemory

# A detection belongs to a track if their boxes overlap by this much ...
_MIN_IOU = 0.25
# ... or, after a loss, if the centres are closer than this many sides and the sizes similar.
_REACH = 0.8
_MAX_SIZE_RATIO = 1.8
# A face that is shown counts for so much more area than one that is not.
_INCUMBENT = 1.5
# Two boxes follow the same face if they overlap by this much, or if their centres are closer
# than this many sides: two heads cannot be.
_SAME_FACE_IOU = 0.55
_SAME_FACE_DISTANCE = 0.5
# A face is shown without a detector's word for this long, if the model itself cannot judge it.
CONFIRMED_FOR_S = 0.3
# An id waits this long for its face to come back.
REMEMBERED_FOR_S = 1.5


@dataclass(slots=True, eq=False)
class Track:
    """One face over time.

    Attributes:
        id: never given twice.
        box: the latest face box, from the detector or around the last points.
        confirmed_s: when a detector last saw it.
        seen_s: when its landmarks were last trusted; `-inf` before that.
        detector_score: score of the last detection, 0..1.
        detected: box of the detection in the present frame, None where there was none.
        memory: what smoothing remembers.
        rival_memory: the same for a second model that looks at the same crops.
    """

    id: int
    box: Box
    confirmed_s: float
    detector_score: float
    detected: Box | None
    seen_s: float = float("-inf")
    memory: FaceMemory = field(default_factory=FaceMemory)
    rival_memory: FaceMemory = field(default_factory=FaceMemory)

    def forget_points(self) -> None:
        """Smooth nothing with what comes next, which lies elsewhere."""
        self.memory.forget()
        self.rival_memory.forget()


class Tracker:
    """Holds the tracks and matches detections to them."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._tracks: list[Track] = []

    @property
    def tracks(self) -> Sequence[Track]:
        """All tracks, those of lost faces included, oldest first."""
        return tuple(self._tracks)

    def active(self, time_s: float) -> list[Track]:
        """Tracks whose face is followed at this time, oldest first."""
        return [t for t in self._tracks if self.is_active(t, time_s)]

    def largest(self, time_s: float, count: int) -> list[Track]:
        """The largest `count` active tracks, oldest first.

        A face that is being shown only gives way to one that is clearly larger, or two faces of
        one size would take turns.
        """

        def weight(track: Track) -> float:
            shown = time_s - track.seen_s <= CONFIRMED_FOR_S
            return track.box.area * (_INCUMBENT if shown else 1.0)

        chosen = sorted(self.active(time_s), key=weight, reverse=True)[:count]
        return sorted(chosen, key=lambda track: track.id)

    @staticmethod
    def is_active(track: Track, time_s: float) -> bool:
        """Whether landmarks are still looked for at the track's box.

        A face that was neither trusted nor confirmed for 0.3 s is lost; its track only waits.
        """
        return time_s - max(track.seen_s, track.confirmed_s) <= CONFIRMED_FOR_S

    def forget(self) -> None:
        """Drop all tracks, as after a jump in time. Ids go on from where they were."""
        self._tracks.clear()

    def next_frame(self) -> None:
        """Forget what the detector said of the last frame."""
        for track in self._tracks:
            track.detected = None

    def detections(self, boxes: Sequence[Box], *, time_s: float) -> None:
        """Match face boxes to tracks; unmatched boxes start new ones, largest first."""
        free = sorted(boxes, key=lambda box: -box.area)
        pairs = sorted(
            (
                (_closeness(track, box), i, j)
                for i, track in enumerate(self._tracks)
                for j, box in enumerate(free)
            ),
            reverse=True,
        )
        taken_tracks: set[int] = set()
        taken_boxes: set[int] = set()
        for closeness, i, j in pairs:
            if closeness <= 0 or i in taken_tracks or j in taken_boxes:
                continue
            taken_tracks.add(i)
            taken_boxes.add(j)
            self._confirm(self._tracks[i], free[j], time_s)
        for j, box in enumerate(free):
            known = any(_same_face(t.box, box) for t in self.active(time_s))
            if j not in taken_boxes and not known:
                self._tracks.append(Track(next(self._ids), box, time_s, box.score, box))

    def prune(self, time_s: float) -> None:
        """Drop tracks that waited too long, and the younger of two that follow one face."""
        kept: list[Track] = []
        for track in self._tracks:
            if time_s - max(track.seen_s, track.confirmed_s) > REMEMBERED_FOR_S:
                continue
            active = self.is_active(track, time_s)
            doubled = active and any(
                self.is_active(other, time_s) and _same_face(other.box, track.box) for other in kept
            )
            if not doubled:
                kept.append(track)
        self._tracks = kept

    def _confirm(self, track: Track, box: Box, time_s: float) -> None:
        if not self.is_active(track, time_s):
            # The old points are of another place; smoothing from them would draw a face that
            # flies through the picture.
            track.forget_points()
            track.box = box
        elif track.box.iou(box) < _MIN_IOU:
            track.box = box
        track.confirmed_s = time_s
        track.detected = box
        track.detector_score = box.score


def _same_face(a: Box, b: Box) -> bool:
    near = math.dist(a.centre, b.centre) < _SAME_FACE_DISTANCE * min(a.side, b.side)
    return near or a.iou(b) > _SAME_FACE_IOU


def _closeness(track: Track, box: Box) -> float:
    """Above 0 where the box may be the track's face; larger is likelier."""
    overlap = track.box.iou(box)
    if overlap >= _MIN_IOU:
        return 1.0 + overlap
    side = max(track.box.side, box.side)
    ratio = side / max(min(track.box.side, box.side), 1e-6)
    distance = math.dist(track.box.centre, box.centre) / max(side, 1e-6)
    if distance > _REACH or ratio > _MAX_SIZE_RATIO:
        return 0.0
    return 1.0 - distance / _REACH
