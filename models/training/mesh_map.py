"""From the meshes of the teachers to the 68 points as people place them.

FaceMesh has its own idea of a jaw, a brow and a lid. Fitted on faces whose 68 points people
checked (300-W), each point becomes a linear function of the mesh points around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.core.layout import IBUG68, MESH478
from models.training.mapping import FACE_VERTICES, LEFT_CORNER, RIGHT_CORNER

Points = npt.NDArray[np.float64]

NEIGHBOURS: Final = 24
"""Mesh points of each teacher that a point depends on: those that lie nearest to it on average."""

DAMPING: Final = 0.01
"""Weight of the squared coefficients of the fit, in the frame of the mesh."""

LABEL_SHIFT: Final = 0.0096
"""How far the labels of 300-W lie to the right of where their mirror images would put them, share
of the distance between the outer eye corners (measured by `python -m models.training map`)."""

GAPS: Final = (
    ((37, 41), (38, 40), (43, 47), (44, 46)),
    ((61, 67), (62, 66), (63, 65)),
)
"""Points of the lids and of the inner lips that face each other."""


@dataclass(frozen=True, eq=False, slots=True)
class MeshMap:
    """A fitted map.

    Attributes:
        vertices: (68, T, NEIGHBOURS) int, for each point and each of T teachers.
        weights: (68, 2 T NEIGHBOURS, 2), to the point from its vertices, all in the frame.
        offsets: (68, 2), likewise.
        gaps: (2, 2) slope and intercept by which the map sees the gaps of lids and of lips,
            against what people marked, in eye distances. A fit shrinks what it cannot tell, so
            eyes that are shut come out half open; dividing by the slope undoes that.
    """

    vertices: npt.NDArray[np.int64]
    weights: Points
    offsets: Points
    gaps: Points

    def __call__(self, *meshes: npt.NDArray[np.floating[Any]]) -> Points:
        """The 68 points (M, 68, 2) of the meshes (M, 478, 3) of each teacher, in their pixels."""
        frame = _Frame.of(meshes[0])
        return self._widen(frame.back(self._linear([frame(mesh) for mesh in meshes])))

    def _linear(self, placed: list[Points]) -> Points:
        points = np.empty((len(placed[0]), IBUG68.count, 2))
        for k in range(IBUG68.count):
            near = [
                p[:, v].reshape(len(p), -1) for p, v in zip(placed, self.vertices[k], strict=True)
            ]
            points[:, k] = np.concatenate(near, axis=1) @ self.weights[k] + self.offsets[k]
        return points

    def _widen(self, points: Points) -> Points:
        """Points with their gaps as wide as people mark them."""
        unit = _eyes(points)[:, None]
        moved = points.copy()
        for pairs, (slope, intercept) in zip(GAPS, self.gaps, strict=True):
            for upper, lower in pairs:
                way = points[:, lower] - points[:, upper]
                length = np.linalg.norm(way, axis=1, keepdims=True)
                wanted = np.maximum((length - intercept * unit) / slope, 0.0)
                step = (wanted / np.maximum(length, 1e-6) - 1) / 2 * way
                moved[:, upper] -= step
                moved[:, lower] += step
        return moved


def fit_mesh_map(
    truth: npt.NDArray[np.floating[Any]], *meshes: npt.NDArray[np.floating[Any]]
) -> MeshMap:
    """Fit the map on faces whose points people checked.

    Each face counts twice, as it is and mirrored: the map treats left and right alike.

    Args:
        truth: (M, 68, 2), pixels.
        meshes: (M, 478, 3) of each teacher, in the same pixels.
    """
    frame = _Frame.of(meshes[0])
    wanted, placed = frame(truth), [frame(mesh) for mesh in meshes]
    shift = 2 * LABEL_SHIFT * _eyes(wanted)[:, None]
    mirrored = _flipped(wanted, IBUG68.mirror)
    mirrored[..., 0] += shift
    both = np.concatenate([wanted, mirrored])
    sides = [np.concatenate([p, _flipped(p, MESH478.mirror[:FACE_VERTICES])]) for p in placed]
    vertices, weights, offsets = [], [], []
    for k in range(IBUG68.count):
        near = [
            np.linalg.norm(side - both[:, None, k], axis=2).mean(axis=0).argsort()[:NEIGHBOURS]
            for side in sides
        ]
        seen = np.concatenate(
            [side[:, v].reshape(len(side), -1) for side, v in zip(sides, near, strict=True)], axis=1
        )
        middle, goal = seen.mean(axis=0), both[:, k].mean(axis=0)
        centred = seen - middle
        square = centred.T @ centred + DAMPING * np.eye(centred.shape[1])
        found = np.linalg.solve(square, centred.T @ (both[:, k] - goal))
        vertices.append(near)
        weights.append(found)
        offsets.append(goal - middle @ found)
    plain = MeshMap(
        np.array(vertices), np.array(weights), np.array(offsets), np.array([[1.0, 0.0]] * 2)
    )
    points = frame.back(plain._linear(placed))
    lines = [gap_line(points, truth, pairs) for pairs in GAPS]
    return MeshMap(plain.vertices, plain.weights, plain.offsets, np.array(lines))


def gap_line(
    points: npt.NDArray[np.floating[Any]],
    truth: npt.NDArray[np.floating[Any]],
    pairs: tuple[tuple[int, int], ...],
) -> tuple[float, float]:
    """Slope and intercept of the gaps between pairs of points against those of the truth, both
    (M, 68, 2), in distances between the true outer eye corners.
    """
    unit = _eyes(np.asarray(truth, np.float64))
    seen, true = (
        np.stack([np.linalg.norm(p[:, b] - p[:, a], axis=1) / unit for a, b in pairs]).ravel()
        for p in (points, truth)
    )
    slope, intercept = np.polyfit(true, seen, 1)
    return float(slope), float(intercept)


@dataclass(frozen=True, eq=False, slots=True)
class _Frame:
    """Upright, centred and as large as 1: what a map sees of a mesh. `turns` (M, 2, 2) and
    `middles` (M, 2).
    """

    turns: Points
    middles: Points

    @classmethod
    def of(cls, meshes: npt.NDArray[np.floating[Any]]) -> _Frame:
        """The frame of the face of each mesh (M, 478, 3)."""
        face = np.asarray(meshes[:, :FACE_VERTICES, :2], np.float64)
        middles = face.mean(axis=1)
        size = np.sqrt(((face - middles[:, None]) ** 2).sum(axis=2).mean(axis=1))
        way = face[:, RIGHT_CORNER] - face[:, LEFT_CORNER]
        c, s = (way / np.linalg.norm(way, axis=1, keepdims=True)).T
        turns = np.stack([np.stack([c, s], axis=1), np.stack([-s, c], axis=1)], axis=1)
        return cls(turns / size[:, None, None], middles)

    def __call__(self, points: npt.NDArray[np.floating[Any]]) -> Points:
        """Points (M, K, 2 or 3) of the picture, without their depth; of a mesh the face alone."""
        flat = np.asarray(points[:, :FACE_VERTICES, :2], np.float64) - self.middles[:, None]
        return np.asarray(np.einsum("nij,nkj->nki", self.turns, flat))

    def back(self, points: Points) -> Points:
        """Points (M, K, 2) of the frame in the picture."""
        turned = np.einsum("nij,nkj->nki", np.linalg.inv(self.turns), points)
        return np.asarray(turned + self.middles[:, None])


def _flipped(points: Points, order: tuple[int, ...]) -> Points:
    flipped = points[:, list(order)].copy()
    flipped[..., 0] *= -1
    return flipped


def _eyes(points: Points) -> Points:
    left, right = IBUG68.outer_eye_corners
    return np.asarray(np.linalg.norm(points[:, right] - points[:, left], axis=1))
