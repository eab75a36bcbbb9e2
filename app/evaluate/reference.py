"""Reference points of the faces of a picture, from FaceMesh: the machine's guess at the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.face import Box
from app.core.frame import Image
from app.core.geometry import roll_of
from app.core.layout import IBUG68
from app.core.mesh import ibug68_from_mesh
from app.evaluate.matching import match
from app.vision.blazeface import BlazeFaceDetector
from app.vision.facemesh import FaceMesh, Mesh

Points = npt.NDArray[np.float64]

# Eyes that tilt so much otherwise than the detector says are no eyes.
_TILT_DEG: Final = 60.0


@dataclass(frozen=True, eq=False, slots=True)
class ReferenceFace:
    """One face as FaceMesh sees it.

    Attributes:
        points: (68, 2) float64 of `ibug68`, frame pixels, mean of picture and mirror image.
        disagreement: mean distance between the two views as a share of the eye distance.
    """

    points: Points
    disagreement: float


class ReferenceFaces:
    """Finds the faces of single pictures with all the care that takes too long for live video.

    FaceMesh looks at the whole picture and at its mirror image. A face that only one of them
    shows, or that only the detector finds, is looked at closely in both; where not both show it
    then, it is none: FaceMesh sees faces in the folds of clothes. It also sees faces on their heads
    as upright ones: where the detector says how a face stands, it is turned for FaceMesh.

    MediaPipe is imported here, which takes seconds.
    """

    def __init__(self, *, max_faces: int) -> None:
        """Start the networks; `max_faces` is the most that one picture may hold."""
        self._max_faces = max_faces
        self._whole = FaceMesh(max_faces=max_faces)
        self._close = FaceMesh(max_faces=1)
        self._detector = BlazeFaceDetector()

    def find(self, image: Image, *, near: Iterable[Box] = ()) -> list[ReferenceFace]:
        """The faces of a picture, the largest first.

        Args:
            image: (H, W, 3) uint8 BGR.
            near: face boxes of a moment ago; a face that is still there is found again.
        """
        mirror = np.ascontiguousarray(image[:, ::-1])
        width = image.shape[1]
        detected = self._detector.detect(image, fresh=True)
        seen = [_points(mesh) for mesh in self._whole.find(image)]
        mirrored = [_back(_points(mesh), width) for mesh in self._whole.find(mirror)]
        pairs = match(_boxes(seen), _boxes(mirrored))
        faces = [_mean(seen[i], mirrored[j]) for i, j in pairs.items()]
        faces = [face for face in faces if _as_tilted(face.points, detected)]
        single = [points for i, points in enumerate(seen) if i not in pairs]
        single += [points for j, points in enumerate(mirrored) if j not in pairs.values()]
        for box in (*detected, *_boxes(single), *near):
            if not match([box], _boxes(face.points for face in faces)):
                found = self._closely(image, mirror, box)
                if found is not None and _as_tilted(found.points, detected):
                    faces.append(found)
        distinct: list[ReferenceFace] = []
        for face in sorted(faces, key=lambda face: -Box.around(face.points).area):
            if not match(_boxes([face.points]), _boxes(other.points for other in distinct)):
                distinct.append(face)
        return distinct[: self._max_faces]

    def close(self) -> None:
        """Free the networks."""
        self._whole.close()
        self._close.close()
        self._detector.close()

    def _closely(self, image: Image, mirror: Image, box: Box) -> ReferenceFace | None:
        """The face in a box, looked at closely; None where not both views show it."""
        turns = round(box.roll / 90) % 4
        if turns:
            turned = np.ascontiguousarray(np.rot90(image, turns))
            back = Box.around(_quarters(np.array(_corners(box)), -turns, image))
            found = self._closely(turned, np.ascontiguousarray(turned[:, ::-1]), back)
            if found is None:
                return None
            return ReferenceFace(_quarters(found.points, turns, turned), found.disagreement)
        width = image.shape[1]
        there = Box(width - 1 - box.x1, box.y0, width - 1 - box.x0, box.y1)
        seen = [_points(mesh) for mesh in self._close.find_in(image, box)]
        mirrored = [_back(_points(mesh), width) for mesh in self._close.find_in(mirror, there)]
        if not seen or not mirrored or not match(_boxes(seen), _boxes(mirrored)):
            return None
        return _mean(seen[0], mirrored[0])


def _as_tilted(points: Points, detected: Sequence[Box]) -> bool:
    """Whether a face stands as the detector says of it, if it says anything."""
    left, right = IBUG68.outer_eye_corners
    roll = roll_of(points[left], points[right])
    place = match(_boxes([points]), detected)
    return not place or abs((detected[place[0]].roll - roll + 180) % 360 - 180) < _TILT_DEG


def _corners(box: Box) -> list[tuple[float, float]]:
    return [(box.x0, box.y0), (box.x1, box.y1)]


def _quarters(points: Points, turns: int, image: Image) -> Points:
    """Points (N, 2) of a picture, where they are once it is turned clockwise by so many quarters,
    anticlockwise if negative.
    """
    height, width = image.shape[:2]
    for _ in range(turns % 4):
        points = np.stack([height - 1 - points[:, 1], points[:, 0]], axis=1)
        height, width = width, height
    return points


def _points(mesh: Mesh) -> Points:
    return ibug68_from_mesh(mesh[:, :2])


def _back(points: Points, width: int) -> Points:
    """Points of the mirror image as those of the picture of `width` pixels."""
    flipped = points[list(IBUG68.mirror)].copy()
    flipped[:, 0] = width - 1 - flipped[:, 0]
    return flipped


def _mean(one: Points, other: Points) -> ReferenceFace:
    mean: Points = (one + other) / 2
    distance = float(np.linalg.norm(one - other, axis=1).mean())
    return ReferenceFace(mean, distance / max(IBUG68.eye_distance(mean), 1e-6))


def _boxes(faces: Iterable[Points]) -> list[Box]:
    return [Box.around(points) for points in faces]
