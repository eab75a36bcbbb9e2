"""Models measured the way the program runs them: through its landmarker, its second look, its
estimator of the pose. Run by hand:

    python -m tests.bench.in_program DATA models/pfld-0.5x-int8.onnx …

DATA is the folder with p1/ and faces/. Prints tables for models/pfld/RESULTS.md: the pose of the
network and the one fitted to its points against the rotation of FaceMesh's mesh; the error around
the boxes of the program's detectors with one look and with two, on val and on the photographs
labelled by hand; how far the points of a still face wander under a camera's noise.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from app.core.card import PoseSource
from app.core.face import Box, HeadPose
from app.core.geometry import face_box, roll_of
from app.core.layout import IBUG68
from app.evaluate.metrics import nme, point_errors
from app.vision.face_extent import FaceExtent
from app.vision.framing import look_twice
from app.vision.landmarker import Landmarks, OnnxLandmarker
from app.vision.pose import PoseEstimator
from app.vision.session import load_model
from models.training.comparison import Shown, errors_of, hand_faces
from models.training.detector_boxes import detect_faces, program_box
from models.training.labels import Labels, label_file
from models.training.sources import Picture, read_picture

Angles = tuple[float, float, float]
"""Yaw, pitch and roll."""

STEADY_YAW: Final = 45.0
"""Degrees; FaceMesh compresses what turns further."""

FIELD_OF_VIEW_DEG: Final = 60.0
FRAME_SIDES: Final = 3.0
"""Side of the frame that a picture is placed in, as a multiple of its face box: the camera's
field of view means something only in a whole frame."""

STILL_FACES: Final = 20
STILL_FRAMES: Final = 100
CAMERA_NOISE: Final = 3.0
"""Standard deviation of a webcam's noise in a lit room, of 255."""


@dataclass(frozen=True, slots=True)
class Pose:
    """How well one source knows where heads point, on val faces with |yaw| < `STEADY_YAW`.

    Attributes:
        error: mean absolute error against the geometry of FaceMesh, degrees.
        slope: of what it says over the truth; below 1 turns are read too small.
    """

    error: Angles
    slope: Angles


@dataclass(frozen=True, eq=False, slots=True)
class Looks:
    """What was found in the boxes of one detector.

    Attributes:
        rows: (F,) of the labels.
        first: (F, K, 2) points of the first look, pixels of the picture.
        second: the same with a second look where the box framed the face badly.
        again: (F,) bool, whether there was one.
    """

    rows: npt.NDArray[np.int64]
    first: npt.NDArray[np.float32]
    second: npt.NDArray[np.float32]
    again: npt.NDArray[np.bool_]


def measure_pose(path: Path, data: Path, labels: Labels) -> dict[PoseSource, Pose]:
    """Where heads point on val by each source that a file has: its own output, its points."""
    model = load_model(path)
    if model.card.pose_output is not None:
        model = replace(model, card=replace(model.card, pose_source="network"))
    landmarker = OnnxLandmarker(model)
    estimator = PoseEstimator(landmarker.layout)
    rows = [row for row in labels.of("val") if labels.squeeze[row] == 1.0]
    said: dict[PoseSource, list[Angles]] = {"points": [], "network": []}
    for row in rows:
        frame, face = _in_a_frame(_picture(data, labels, row), labels.points[row])
        box = face_box(face, roll=roll_of(face[36], face[45]))
        found = landmarker.locate(frame, box)
        fitted = estimator.estimate(
            found.points,
            width=frame.shape[1],
            height=frame.shape[0],
            field_of_view_deg=FIELD_OF_VIEW_DEG,
        )
        said["points"].append(_angles(fitted))
        if model.card.pose_output is not None:
            said["network"].append(_angles(found.pose))
    truth = labels.angles()[rows]
    steady = np.abs(truth[:, 0]) < STEADY_YAW
    return {
        source: _pose(np.array(values)[steady], truth[steady])
        for source, values in said.items()
        if values
    }


def look_at_boxes(path: Path, data: Path, labels: Labels, boxes: Mapping[int, Box]) -> Looks:
    """What a model finds in face boxes (row of the labels -> box) that a detector gave."""
    landmarker = OnnxLandmarker(load_model(path))
    extent = FaceExtent(landmarker.layout)
    first, second, again = [], [], []
    for row, box in boxes.items():
        image = _picture(data, labels, row)
        height, width = image.shape[:2]
        looks: list[npt.NDArray[np.float32]] = []

        def look(
            box: Box, image: npt.NDArray[np.uint8] = image, looks: list[Any] = looks
        ) -> Landmarks:
            found = landmarker.locate(image, box)
            looks.append(found.points)
            return found

        look_twice(look, extent, box, width=width, height=height)
        first.append(looks[0])
        second.append(looks[-1])
        again.append(len(looks) > 1)
    return Looks(np.array(list(boxes)), np.stack(first), np.stack(second), np.array(again))


def _mean(errors: npt.NDArray[np.float64]) -> float:
    return float(np.nanmean(errors))


def in_photographs(path: Path, faces: Sequence[Shown]) -> tuple[float, float]:
    """The error over the 68 points on photographs labelled by hand with one look and with two,
    share of the eye distance.
    """
    landmarker = OnnxLandmarker(load_model(path))
    extent = FaceExtent(landmarker.layout)

    def once(shown: Shown) -> npt.NDArray[np.float32]:
        return landmarker.locate(shown.image, shown.box).points

    def twice(shown: Shown) -> npt.NDArray[np.float32]:
        def look(box: Box) -> Landmarks:
            return landmarker.locate(shown.image, box)

        height, width = shown.image.shape[:2]
        found = look_twice(look, extent, shown.box, width=width, height=height)
        return found.landmarks.points

    return _mean(errors_of(once, faces).all), _mean(errors_of(twice, faces).all)


def measure_unrest(path: Path, data: Path, labels: Labels) -> float:
    """Standard deviation of the points of a still face under a camera's noise, before smoothing:
    the mean over points and `STILL_FACES` val faces, as a share of the eye distance.
    """
    landmarker = OnnxLandmarker(load_model(path))
    rng = np.random.default_rng(0)
    rows = rng.permutation([r for r in labels.of("val") if labels.squeeze[r] == 1.0])
    spreads = []
    for row in rows[:STILL_FACES]:
        frame, face = _in_a_frame(_picture(data, labels, row), labels.points[row])
        box = face_box(face, roll=roll_of(face[36], face[45]))
        # Windows of one large field: as good as new noise for each frame, and much faster.
        side = len(frame)
        field = rng.standard_normal((side + 64, side + 64, 3), np.float32) * CAMERA_NOISE
        seen = []
        for x, y in rng.integers(0, 64, (STILL_FRAMES, 2)):
            noisy = np.clip(frame + field[y : y + side, x : x + side], 0, 255).astype(np.uint8)
            seen.append(landmarker.locate(noisy, box).points)
        spread = np.sqrt(np.stack(seen).astype(np.float64).var(axis=0).sum(axis=1)).mean()
        spreads.append(spread / float(np.hypot(*(face[45] - face[36]))))
    return float(np.mean(spreads))


def _picture(data: Path, labels: Labels, row: int) -> npt.NDArray[np.uint8]:
    squeeze = float(labels.squeeze[row])
    return read_picture(data, Picture(str(labels.paths[row]), "val", "", squeeze=squeeze))


def _in_a_frame(
    image: npt.NDArray[np.uint8], face: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """The picture in a larger frame with its face in the middle, and the points there."""
    box = Box.around(face)
    side = int(FRAME_SIDES * box.side)
    corner = np.round(np.array(box.centre) - side / 2)
    matrix = np.array([[1.0, 0.0, -corner[0]], [0.0, 1.0, -corner[1]]])
    frame = np.asarray(cv2.warpAffine(image, matrix, (side, side)), np.uint8)
    return frame, (face - corner).astype(np.float32)


def _angles(pose: HeadPose | None) -> Angles:
    return (np.nan,) * 3 if pose is None else (pose.yaw, pose.pitch, pose.roll)


def _pose(said: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> Pose:
    known = np.isfinite(said).all(axis=1)
    said, truth = said[known], truth[known]
    error = np.abs((said - truth + 180) % 360 - 180).mean(axis=0).tolist()
    slope = [float(np.polyfit(truth[:, i], said[:, i], 1)[0]) for i in range(3)]
    return Pose((error[0], error[1], error[2]), (slope[0], slope[1], slope[2]))


def main() -> None:
    """Print the tables."""
    data, *models = (Path(argument) for argument in sys.argv[1:])
    labels = Labels.load(label_file(Path("runs")))
    rows = labels.of("val")
    truth, counts = labels.points[rows], (labels.counts & labels.inside)[rows]
    place = {int(row): i for i, row in enumerate(rows)}
    boxes = {
        name: {row: program_box(name, detection) for row, detection in found}
        for name, found in detect_faces(data, labels, rows).items()
    }
    true_boxes = {
        int(row): face_box(p, roll=roll_of(p[36], p[45]))
        for row, p in zip(rows, truth, strict=True)
    }

    def error(rows: npt.NDArray[np.int64], points: npt.NDArray[np.float32]) -> float:
        here = [place[int(row)] for row in rows]
        return 100 * float(
            np.nanmean(nme(point_errors(points, truth[here], IBUG68, counts=counts[here])))
        )

    photographs = hand_faces(data)
    for model in models:
        print(f"{model.name}: unrest {100 * measure_unrest(model, data, labels):.2f} %")
        for source, pose in measure_pose(model, data, labels).items():
            print(
                f"  pose by the {source}: yaw {pose.error[0]:.2f} (slope {pose.slope[0]:.2f}), "
                f"pitch {pose.error[1]:.2f} ({pose.slope[1]:.2f}), roll {pose.error[2]:.2f}"
            )
        for name, found in {"true": true_boxes, **boxes}.items():
            looks = look_at_boxes(model, data, labels, found)
            print(
                f"  {name} boxes: {error(looks.rows, looks.first):.2f} with one look, "
                f"{error(looks.rows, looks.second):.2f} with two ({looks.again.mean():.0%})"
            )
        one, two = in_photographs(model, photographs)
        print(f"  labelled by hand: {100 * one:.2f} with one look, {100 * two:.2f} with two")


if __name__ == "__main__":
    main()
