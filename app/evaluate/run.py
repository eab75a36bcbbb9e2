"""Runs models over a labelled clip: each frame is decoded once and shown to all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from app.core.face import Box, Face, Points
from app.core.frame import Frame
from app.core.layout import LandmarkLayout
from app.evaluate.clip import LabelledClip
from app.evaluate.derive import derived_attributes
from app.evaluate.layouts import common_points
from app.evaluate.matching import match
from app.evaluate.metrics import nme_of_one
from app.evaluate.results import ClipResult, ModelResult
from app.evaluate.worst import WorstFaces
from app.vision.detectors import DEFAULT_DETECTOR, find_detector
from app.vision.landmarkers import open_landmarker
from app.vision.pipeline import Pipeline
from app.vision.settings import FIELD_OF_VIEW, MAX_FACES, VisionSettings
from app.vision.zoo import ZooEntry

Progress = Callable[[int, int], None]
"""Told the number of finished frames and that of all frames."""


def _unsmoothed() -> VisionSettings:
    return VisionSettings(smooth=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """How the models are run.

    Attributes:
        detector: who finds the faces.
        vision: as in the live program, but without smoothing, so that the model is measured.
        field_of_view_deg: horizontal angle that poses are measured with; None takes what the
            labels say of their camera, or else the default of the program.
        follow_labelled: in a clip that has more faces labelled in one frame than `vision` follows,
            follow so many; or else the others count as missed, which no model has looked at.
    """

    detector: str = DEFAULT_DETECTOR
    vision: VisionSettings = field(default_factory=_unsmoothed)
    field_of_view_deg: float | None = None
    follow_labelled: bool = True

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain values, as the summary and kept evaluations hold them."""
        return {
            "detector": self.detector,
            "detect_interval_s": self.vision.detect_interval_s,
            "max_faces": self.vision.max_faces,
            "follow_labelled": self.follow_labelled,
            "min_trust": self.vision.min_trust,
            "smoothing": self.vision.smooth,
            "field_of_view_deg": self.field_of_view_deg,
        }


def evaluate_clip(
    clip: LabelledClip,
    models: Sequence[ZooEntry],
    settings: EvaluationSettings,
    *,
    on_progress: Progress | None = None,
) -> ClipResult:
    """Run all models over one clip.

    Raises:
        PfldLiveError: the clip, its labels, a model or the detector cannot be used.
    """
    with ClipEvaluation(clip, models, settings) as run:
        while run.step():
            if on_progress is not None:
                on_progress(run.done, run.total)
    return run.result()


class ClipEvaluation:
    """Models on their way over one clip, frame by frame, for use in a `with` statement.

    Each model has a pipeline and a detector of its own, so none changes what another sees.
    Entering takes seconds where the detector is slow to start.
    """

    def __init__(
        self, clip: LabelledClip, models: Sequence[ZooEntry], settings: EvaluationSettings
    ) -> None:
        self._clip, self._models = clip, models
        self._detector = settings.detector
        self._angle = settings.field_of_view_deg or clip.field_of_view_deg or FIELD_OF_VIEW.default
        labels = clip.labels
        self._problems: list[str] = []
        self._vision = replace(
            settings.vision,
            field_of_view_deg=self._angle,
            max_faces=self._faces_followed(settings),
        )
        self._rows = labels.rows_by_frame()
        self._attributes = labels.attributes.copy()
        self._times = np.zeros(labels.frames)
        self._sizes = np.zeros((labels.frames, 2), np.int32)
        self._lanes: list[_Lane] = []
        self._stack = ExitStack()
        self._seen = np.zeros(labels.frames, bool)
        self.done = 0
        self.total = labels.frames

    def __enter__(self) -> Self:
        """Load the models and open the clip.

        Raises:
            PfldLiveError: the clip, a model or the detector cannot be used.
        """
        with ExitStack() as stack:
            for entry in self._models:
                landmarker = open_landmarker(entry)
                stack.callback(landmarker.close)
                detector = find_detector(self._detector).make()
                stack.callback(detector.close)
                pipeline = Pipeline(detector=detector, landmarker=landmarker, settings=self._vision)
                self._lanes.append(_Lane(entry.label, pipeline, landmarker.layout, self._clip))
            self._frames = stack.enter_context(self._clip.frames(self._problems))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _faces_followed(self, settings: EvaluationSettings) -> int:
        """How many faces the models follow; a limit that leaves some out becomes a note."""
        labels, limit = self._clip.labels, settings.vision.max_faces
        most = int(np.bincount(labels.frame).max()) if len(labels.frame) else 0
        if settings.follow_labelled:
            limit = max(limit, min(most, int(MAX_FACES.high)))
        if most > limit:
            self._problems.append(
                f"{self._clip.name} has up to {most} faces labelled in a frame, of which "
                f"{limit} are followed: the others count as missed."
            )
        return limit

    def step(self) -> bool:
        """Show the next frame to all models; False if there was none.

        Raises:
            PfldLiveError: the clip cannot be read on, or does not fit its labels.
        """
        frame = next(self._frames, None)
        # Labels may end before their clip does.
        if frame is None or frame.sequence >= self.total:
            return False
        number, rows = frame.sequence, range(*self._rows[frame.sequence])
        self._seen[number] = True
        self._times[number], self._sizes[number] = frame.time_s, (frame.width, frame.height)
        for lane in self._lanes:
            lane.show(frame, number, rows)
        unknown = [row for row in rows if not self._clip.labels.has_attributes[row]]
        if unknown:
            self._attributes[unknown] |= derived_attributes(
                self._clip.labels,
                unknown,
                size=(frame.width, frame.height),
                field_of_view_deg=self._angle,
            )
        self.done = number + 1
        return True

    def result(self) -> ClipResult:
        """What the models said of the frames so far; later steps do not change it.

        A frame that could not be decoded is one without labels, so its faces are not missed.
        """
        frames = self.done
        rows = self._rows[frames - 1][1] if frames else 0
        labels = replace(
            self._clip.labels.until(frames, rows),
            attributes=self._attributes[:rows],
            has_attributes=np.ones(rows, bool),
        )
        seen = self._seen[:frames]
        times_s, sizes = self._times[:frames], self._sizes[:frames]
        if not seen.all():
            there = np.flatnonzero(seen)
            times_s = np.interp(np.arange(frames), there, times_s[there])
            sizes = sizes[there[np.maximum(np.cumsum(seen) - 1, 0)]]
            labels = labels.only(seen)
        return ClipResult(
            clip=self._clip.name,
            place=self._clip.place,
            origin=self._clip.origin,
            moving=self._clip.moving,
            field_of_view_deg=self._angle,
            labels=labels,
            times_s=times_s,
            sizes=sizes,
            models={
                lane.name: lane.result(self._seen[self._clip.labels.frame[:rows]])
                for lane in self._lanes
            },
            problems=tuple(self._problems),
        )


class _Lane:
    """One model on its way over the clip."""

    def __init__(
        self, name: str, pipeline: Pipeline, layout: LandmarkLayout, clip: LabelledClip
    ) -> None:
        labels = clip.labels
        self.name = name
        self._pipeline = pipeline
        self._layout = layout
        self._common = common_points(labels.layout, layout)
        self._truth = self._common.from_labels(labels.points)
        self._truth[:, ~self._common.known] = np.nan
        self._all_known = bool(self._common.known.all())
        self._boxes = [_box(points) for points in self._truth]
        self._labelled = labels.labelled
        self._points = np.full((len(labels.points), layout.count, 2), np.nan, np.float32)
        self._pose = np.full((len(labels.points), 3), np.nan)
        self._false: list[int] = []
        self._worst = WorstFaces(moving=clip.moving)

    def show(self, frame: Frame, number: int, rows: range) -> None:
        """Show a frame to the model and note what it says of the labelled faces."""
        faces = self._pipeline.process(frame).faces
        if not self._labelled[number]:
            return
        found = [self._shared(face) for face in faces]
        pairs = match([self._boxes[row] for row in rows], [_box(points) for points in found])
        for place, index in pairs.items():
            self._note(frame, number, rows[place], faces[index], found[index])
        self._false.extend([number] * (len(faces) - len(pairs)))

    def _shared(self, face: Face) -> Points:
        """The points (N, 2) of a face that the labels know; the others are NaN."""
        same = face.layout is self._common.layout
        if same and self._all_known:
            return face.points
        points = face.points.copy() if same else self._common.from_model(face.points)
        points[~self._common.known] = np.nan
        return points

    def _note(self, frame: Frame, number: int, row: int, face: Face, found: Points) -> None:
        self._points[row] = face.points
        if face.pose is not None:
            self._pose[row] = (face.pose.yaw, face.pose.pitch, face.pose.roll)
        truth = self._truth[row]
        error = nme_of_one(
            found, truth, self._common.layout, width=frame.width, height=frame.height
        )
        if not math.isnan(error):
            self._worst.offer(frame, number, row, error, truth, found)

    def result(self, shown: npt.NDArray[np.bool_]) -> ModelResult:
        """What it said of the labelled faces.

        Args:
            shown: for each of the first rows, whether its frame could be shown; the others are
                left out.
        """
        rows, worst = len(shown), self._worst.result()
        points, pose = self._points[:rows], self._pose[:rows]
        if not shown.all():
            points, pose = points[shown], pose[shown]
            now = np.cumsum(shown) - 1
            worst = tuple(replace(w, row=int(now[w.row])) for w in worst)
        return ModelResult(
            layout=self._layout,
            points=points,
            pose=pose,
            false_frames=np.array(self._false, np.int32),
            worst=worst,
        )


def _box(points: Points) -> Box:
    """The box around the known points of a face."""
    box = Box.around(points)
    return box if box.x0 == box.x0 else Box.around(points[~np.isnan(points).any(axis=1)])
