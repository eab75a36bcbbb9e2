"""Runs models over a labelled clip: each frame is decoded once and shown to all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from app.core.errors import ModelError
from app.core.face import Box, Face
from app.core.frame import Frame
from app.core.layout import LandmarkLayout
from app.evaluate.clip import LabelledClip
from app.evaluate.derive import with_attributes
from app.evaluate.labels import Labels
from app.evaluate.matching import match
from app.evaluate.metrics import inside, nme, point_errors
from app.evaluate.results import ClipResult, ModelResult
from app.evaluate.worst import WorstFaces
from app.vision.detectors import DEFAULT_DETECTOR, find_detector
from app.vision.landmarker import OnnxLandmarker
from app.vision.pipeline import Pipeline
from app.vision.session import load_model
from app.vision.settings import FIELD_OF_VIEW, VisionSettings
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
    """

    detector: str = DEFAULT_DETECTOR
    vision: VisionSettings = field(default_factory=_unsmoothed)
    field_of_view_deg: float | None = None


def evaluate_clip(
    clip: LabelledClip,
    models: Sequence[ZooEntry],
    settings: EvaluationSettings,
    *,
    on_progress: Progress | None = None,
) -> ClipResult:
    """Run all models over one clip.

    Each model has a pipeline and a detector of its own, so none changes what another sees.

    Raises:
        PfldLiveError: the clip, its labels, a model or the detector cannot be used.
    """
    angle = settings.field_of_view_deg or clip.field_of_view_deg or FIELD_OF_VIEW.default
    vision = replace(settings.vision, field_of_view_deg=angle)
    labels = clip.labels
    boxes = [Box.around(points[~np.isnan(points).any(axis=1)]) for points in labels.points]
    rows = labels.rows_by_frame()
    problems: list[str] = []
    times, sizes = np.zeros(labels.frames), np.zeros((labels.frames, 2), np.int32)
    with ExitStack() as stack:
        lanes = []
        for entry in models:
            landmarker = _landmarker(entry, labels.layout)
            detector = find_detector(settings.detector).make()
            stack.callback(detector.close)
            pipeline = Pipeline(detector=detector, landmarker=landmarker, settings=vision)
            lanes.append(_Lane(entry.label, pipeline, labels, moving=clip.moving))
        for number, frame in enumerate(stack.enter_context(clip.frames(problems))):
            if number >= labels.frames:
                break  # a clip whose labels end before it does
            times[number], sizes[number] = frame.time_s, (frame.width, frame.height)
            for lane in lanes:
                lane.show(frame, number, range(*rows[number]), boxes)
            if on_progress is not None:
                on_progress(number + 1, labels.frames)
    return ClipResult(
        clip=clip.name,
        moving=clip.moving,
        field_of_view_deg=angle,
        labels=with_attributes(labels, sizes=sizes, field_of_view_deg=angle),
        times_s=times,
        sizes=sizes,
        models={lane.name: lane.result() for lane in lanes},
        problems=tuple(problems),
    )


def _landmarker(entry: ZooEntry, layout: LandmarkLayout) -> OnnxLandmarker:
    landmarker = OnnxLandmarker(load_model(entry.path), entry.label)
    if landmarker.layout.name != layout.name:
        raise ModelError(
            f"The model {entry.label} gives {landmarker.layout.name} points, the labels are "
            f"{layout.name}; choose a model of that layout."
        )
    return landmarker


class _Lane:
    """One model on its way over the clip."""

    def __init__(self, name: str, pipeline: Pipeline, labels: Labels, *, moving: bool) -> None:
        self.name = name
        self._pipeline = pipeline
        self._labels = labels
        self._points = np.full_like(labels.points, np.nan)
        self._pose = np.full((len(labels.points), 3), np.nan)
        self._false: list[int] = []
        self._worst = WorstFaces(moving=moving)

    def show(self, frame: Frame, number: int, rows: range, boxes: Sequence[Box]) -> None:
        """Show a frame to the model and note what it says of the labelled faces."""
        faces = self._pipeline.process(frame).faces
        if not self._labels.labelled[number]:
            return
        pairs = match([boxes[row] for row in rows], [Box.around(face.points) for face in faces])
        for place, index in pairs.items():
            self._note(frame, number, rows[place], faces[index])
        self._false.extend([number] * (len(faces) - len(pairs)))

    def _note(self, frame: Frame, number: int, row: int, face: Face) -> None:
        self._points[row] = face.points
        if face.pose is not None:
            self._pose[row] = (face.pose.yaw, face.pose.pitch, face.pose.roll)
        truth = self._labels.points[row]
        error = _quick_nme(face.points, truth, self._labels.layout, frame)
        if not np.isnan(error):
            self._worst.offer(frame, number, row, error, truth, face.points)

    def result(self) -> ModelResult:
        return ModelResult(
            points=self._points,
            pose=self._pose,
            false_frames=np.array(self._false, np.int32),
            worst=self._worst.result(),
        )


def _quick_nme(
    predicted: npt.NDArray[np.float32],
    truth: npt.NDArray[np.float32],
    layout: LandmarkLayout,
    frame: Frame,
) -> float:
    """NME of one face (N, 2) by the functions that measure all of them."""
    counts = inside(truth[None], frame.width, frame.height)
    return float(nme(point_errors(predicted[None], truth[None], layout, counts=counts))[0])
