"""From one frame after the other to faces with points, pose and ids."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from app.core.clock import now_ns
from app.core.face import Box, Face
from app.core.frame import Frame
from app.vision.comparison import Rival, compare
from app.vision.detector import FaceDetector
from app.vision.face_extent import FaceExtent
from app.vision.face_maker import FaceMaker
from app.vision.framing import MIN_BOX_PIXELS, Seen, look_twice, plausible
from app.vision.landmarker import Landmarker, Landmarks
from app.vision.result import Comparison, FrameResult
from app.vision.settings import VisionSettings
from app.vision.tracker import CONFIRMED_FOR_S, Track, Tracker

# Lost faces that are searched for in one frame; each search costs as much as a detection.
_MAX_SEARCHES = 2


class _Found(NamedTuple):
    """A face of this frame; the trust of its landmarks is never None.

    seen_in: the box that the model saw it in.
    """

    track: Track
    landmarks: Landmarks
    seen_in: Box


class Pipeline:
    """Finds and follows the faces of one source. Not for use from several threads.

    `settings`, `detector`, `landmarker` and `rival` may be replaced between two frames. Without a
    detector or a landmarker the frames pass without faces.
    """

    def __init__(
        self,
        *,
        detector: FaceDetector | None,
        landmarker: Landmarker | None,
        settings: VisionSettings,
    ) -> None:
        self.settings = settings
        self.detector = detector
        self._landmarker: Landmarker | None = None
        self._maker: FaceMaker | None = None
        self._extent: FaceExtent | None = None
        self._tracker = Tracker()
        self._time_line: tuple[str, int] | None = None
        self._fresh = True
        self._detected_s = float("-inf")
        self._distrust = False
        self._spent: dict[str, float] = {}
        self._model_ms: dict[str, list[float]] = {}
        self._rival: Rival | None = None
        self.landmarker = landmarker

    @property
    def landmarker(self) -> Landmarker | None:
        """The model that finds the points."""
        return self._landmarker

    @landmarker.setter
    def landmarker(self, landmarker: Landmarker | None) -> None:
        self._landmarker = landmarker
        self._maker = None if landmarker is None else FaceMaker(landmarker.layout)
        self._extent = None if landmarker is None else FaceExtent(landmarker.layout)
        for track in self._tracker.tracks:
            track.forget_points()  # those of another model lie elsewhere

    @property
    def rival(self) -> Landmarker | None:
        """A second model to compare with; it sees the crops of the first."""
        return None if self._rival is None else self._rival.landmarker

    @rival.setter
    def rival(self, landmarker: Landmarker | None) -> None:
        self._rival = None if landmarker is None else Rival(landmarker)
        for track in self._tracker.tracks:
            track.rival_memory.forget()

    def look_again(self) -> None:
        """Let the detector see the next frame as if it were the first."""
        self._fresh, self._detected_s = True, float("-inf")

    def process(self, frame: Frame) -> FrameResult:
        """Find the faces of the next frame."""
        started = time.perf_counter()
        self._spent = {}
        if (frame.source, frame.epoch) != self._time_line:
            self._time_line = (frame.source, frame.epoch)
            self._tracker.forget()
            self.look_again()
        self._model_ms = {}
        faces: tuple[Face, ...] = ()
        comparison: Comparison | None = None
        if self.detector is not None and self._landmarker is not None:
            shown = self._find(frame, self.detector, self._landmarker)
            maker = self._maker or FaceMaker(self._landmarker.layout)
            faces = tuple(self._face(frame, maker, found) for found in shown)
            comparison = self._compare(frame, shown, faces)
            self._fresh = False
        self._spent["total"] = (time.perf_counter() - started) * 1e3
        return FrameResult(
            frame=frame,
            faces=faces,
            stages_ms=self._spent,
            model="" if self._landmarker is None else self._landmarker.label,
            detector="" if self.detector is None else self.detector.name,
            finished_ns=now_ns(),
            model_ms={label: tuple(spent) for label, spent in self._model_ms.items()},
            comparison=comparison,
        )

    def _find(self, frame: Frame, detector: FaceDetector, landmarker: Landmarker) -> list[_Found]:
        time_s = frame.time_s
        self._tracker.next_frame()
        detected = self._detection_is_due(time_s)
        if detected:
            self._detect(frame, detector)
        found = self._locate_all(frame, landmarker, {})
        if not detected and len(found) < len(self._followed(time_s)):
            # A face was lost from its old place; it may have jumped, so look for it at once.
            self._detect(frame, detector)
            found = self._locate_all(frame, landmarker, found)
        if self._search(frame, detector, found):
            found = self._locate_all(frame, landmarker, found)
        self._distrust = len(found) < len(self._followed(time_s))
        with self._timed("track"):
            self._tracker.prune(time_s)
            alive = {track.id for track in self._tracker.tracks}
        return [found[id] for id in sorted(found) if id in alive]

    def _detection_is_due(self, time_s: float) -> bool:
        overdue = time_s - self._detected_s >= self.settings.detect_interval_s - 1e-9
        return overdue or self._distrust or not self._followed(time_s)

    def _detect(self, frame: Frame, detector: FaceDetector) -> None:
        with self._timed("detect"):
            boxes = detector.detect(frame.image, fresh=self._fresh)
        self._detected_s = frame.time_s
        with self._timed("track"):
            boxes = [box for box in boxes if box.side >= MIN_BOX_PIXELS / 2]
            self._tracker.detections(boxes, time_s=frame.time_s)

    def _search(self, frame: Frame, detector: FaceDetector, found: Mapping[int, object]) -> bool:
        """Look closely around faces that are lost still; True if the detector saw anything."""
        lost = [
            track
            for track in self._followed(frame.time_s)
            if track.id not in found and track.detected is None
        ]
        seen = False
        for track in lost[:_MAX_SEARCHES]:
            with self._timed("detect"):
                boxes = detector.detect_near(frame.image, track.box)
            with self._timed("track"):
                self._tracker.detections(boxes, time_s=frame.time_s)
            seen = seen or bool(boxes)
        return seen

    def _followed(self, time_s: float) -> list[Track]:
        """The tracks to look at in this frame."""
        return self._tracker.largest(time_s, self.settings.max_faces)

    def _locate_all(
        self,
        frame: Frame,
        landmarker: Landmarker,
        known: dict[int, _Found],
    ) -> dict[int, _Found]:
        """Track id -> landmarks of this frame, for every track whose landmarks are trusted."""
        found = dict(known)
        for track in self._followed(frame.time_s):
            if track.id in found:
                continue
            face = self._locate(frame, landmarker, track)
            if face is None:
                track.forget_points()
                continue
            track.seen_s = frame.time_s
            found[track.id] = face
        return found

    def _locate(self, frame: Frame, landmarker: Landmarker, track: Track) -> _Found | None:
        """Landmarks at the track's box, or where the detector saw the face in this frame.

        Their trust is never None; the result is None where they are not trusted.
        """
        enough = self.settings.min_trust
        best: tuple[float, Landmarks, Box, Box] | None = None
        boxes = [track.box]
        if track.detected is not None and track.detected is not track.box:
            boxes.append(track.detected)
        for box in boxes:
            landmarks, seen_in, around = self._look_twice(frame, landmarker, box)
            if not plausible(around, box, width=frame.width, height=frame.height):
                continue
            own = 1.0 if landmarks.trust is None else landmarks.trust
            if best is None or own > best[0]:
                best = own, landmarks, seen_in, around
            if own >= enough:  # or else the box may have drifted off, and the detector knows better
                break
        if best is None:
            return None
        _, landmarks, seen_in, around = best
        trust = _trust(landmarks, track, enough, frame.time_s)
        if trust < enough:
            return None
        track.box = replace(around, score=trust)
        return _Found(track, replace(landmarks, trust=trust), seen_in)

    def _look_twice(self, frame: Frame, landmarker: Landmarker, box: Box) -> Seen:
        """Landmarks at a box; a face that the box framed badly gets a second look."""

        def look(box: Box) -> Landmarks:
            with self._timed("landmarks"):
                return self._look(landmarker, frame, box)

        extent = self._extent or FaceExtent(landmarker.layout)
        return look_twice(look, extent, box, width=frame.width, height=frame.height)

    def _face(self, frame: Frame, maker: FaceMaker, found: _Found) -> Face:
        memory = found.track.memory
        with self._timed("track"):
            points = maker.smoothed(frame, found.landmarks, memory, self.settings)
        with self._timed("pose"):
            pose = maker.pose(frame, found.landmarks, points, memory, self.settings)
        return maker.face(found.track.id, found.landmarks, points, pose)

    def _compare(
        self, frame: Frame, shown: Sequence[_Found], faces: Sequence[Face]
    ) -> Comparison | None:
        """What the second model says of the crops that the first one saw."""
        if self._rival is None:
            return None
        others = []
        with self._timed("compare"):
            for found in shown:
                landmarks = self._look(self._rival.landmarker, frame, found.seen_in)
                others.append(
                    self._rival.face(
                        frame,
                        landmarks,
                        id=found.track.id,
                        memory=found.track.rival_memory,
                        settings=self.settings,
                    )
                )
            return compare(self._rival.landmarker.label, faces, others)

    def _look(self, landmarker: Landmarker, frame: Frame, box: Box) -> Landmarks:
        """One run of a model, timed under its name."""
        started = time.perf_counter()
        landmarks = landmarker.locate(frame.image, box)
        spent = (time.perf_counter() - started) * 1e3
        self._model_ms.setdefault(landmarker.label, []).append(spent)
        return landmarks

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = (time.perf_counter() - started) * 1e3
            self._spent[stage] = self._spent.get(stage, 0.0) + spent


def _trust(landmarks: Landmarks, track: Track, enough: float, time_s: float) -> float:
    """How far landmarks deserve belief.

    The model's own word counts. Where that is not enough, the detector's counts too, if it has
    seen the face in this very frame: each opinion is half the matter. Of a model that has no
    opinion, the detector's is taken for a short while.
    """
    if landmarks.trust is None:
        recent = time_s - track.confirmed_s <= CONFIRMED_FOR_S
        return track.detector_score if recent else 0.0
    if landmarks.trust >= enough or track.detected is None:
        return landmarks.trust
    return (landmarks.trust + track.detected.score) / 2
