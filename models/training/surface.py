"""The face in a crop as a surface that can be bent and turned, with the picture on it.

The surface is the face mesh, rings around it that stand for ears, hair and neck, and the border
of the crop, which never moves: so every pixel lies on a triangle.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from models.training.mapping import FACE_VERTICES, LEFT_CORNER, RIGHT_CORNER

Image = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Mesh points along the outline of the face."""

RINGS: Final = ((1.22, 0.9, 0.12), (1.6, 0.4, 0.3))
"""Rings around the outline: size as a multiple of the outline, share of the turn that they
follow, and depth behind the outline in eye distances."""

BORDER_STEPS: Final = 4
"""Points per side of the crop."""


class Surface:
    """The triangles of every face, and who follows the head by how much.

    Args:
        shape: (478, 3) mean face, unit eye distance.
    """

    def __init__(self, shape: Points) -> None:
        flat = self.vertices(shape, side=6.0, corner=-3.0)[:, :2]
        self.triangles = _triangulate(flat)
        follow = [np.ones(FACE_VERTICES)]
        follow += [np.full(len(OVAL), share) for _, share, _ in RINGS]
        follow.append(np.zeros(4 * BORDER_STEPS))
        self.follow = np.concatenate(follow)

    @staticmethod
    def vertices(mesh: npt.NDArray[np.floating], *, side: float, corner: float = 0.0) -> Points:
        """(V, 3) points of the surface of a face mesh (478, 3) in a square of a side."""
        face = mesh[:FACE_VERTICES].astype(np.float64)
        eyes = np.linalg.norm(face[RIGHT_CORNER] - face[LEFT_CORNER])
        oval = face[list(OVAL)]
        centre = oval.mean(axis=0)
        parts = [face]
        for size, _, depth in RINGS:
            ring = centre + (oval - centre) * [size, size, 1.0]
            ring[:, 2] = oval[:, 2] + depth * eyes
            parts.append(ring)
        run = np.arange(BORDER_STEPS) / BORDER_STEPS * side
        zero, full = np.zeros(BORDER_STEPS), np.full(BORDER_STEPS, side)
        x = np.concatenate([run, full, side - run, zero]) + corner
        y = np.concatenate([zero, run, full, side - run]) + corner
        back = np.full(len(x), parts[-1][:, 2].max() + eyes)
        return np.concatenate([*parts, np.stack([x, y, back], axis=1)])

    def turned(self, vertices: Points, rotation: Points) -> Points:
        """The vertices after a turn (3, 3) of the head about its middle, seen from far away."""
        ears = vertices[[234, 454]].mean(axis=0)
        eyes = np.linalg.norm(vertices[RIGHT_CORNER] - vertices[LEFT_CORNER])
        pivot = ears + np.array([0.0, 0.0, 0.3 * eyes])
        moved: Points = pivot + (vertices - pivot) @ rotation.T
        return vertices + (moved - vertices) * self.follow[:, None]

    def paint(self, image: Image, source: Points, target: Points) -> Image:
        """The picture (N, N, 3) with its surface moved from `source` to `target`, both (V, 3)."""
        size = image.shape[0]
        # Pixels of a triangle that looks away, or lies behind another one, are not seen.
        corners = target[self.triangles]
        a, b, c = (corners[:, i, :2] for i in range(3))
        was = source[self.triangles][..., :2]
        seen = np.sign(_area(a, b, c)) == np.sign(_area(was[:, 0], was[:, 1], was[:, 2]))
        order = np.flatnonzero(seen)[np.argsort(-corners[seen, :, 2].mean(axis=1), kind="stable")]
        owner = np.full((size, size), -1, np.int32)
        fixed = np.round(corners[..., :2] * 256).astype(np.int32)
        for index in order.tolist():
            cv2.fillConvexPoly(owner, fixed[index], index, cv2.LINE_8, 8)
        ones = np.ones((len(corners), 3, 1))
        # Singular triangles own no pixel; they must not stop the others.
        flat = np.concatenate([corners[..., :2], ones], axis=2)
        flat[np.abs(np.linalg.det(flat)) < 1e-6] = np.eye(3)
        maps = np.linalg.solve(flat, was)  # (T, 3, 2): target x, y, 1 to source x, y
        rows, columns = np.indices((size, size), dtype=np.float64)
        here = np.stack([columns, rows, np.ones_like(rows)], axis=2)
        places = np.einsum("hwk,hwkd->hwd", here, maps[owner])
        places[owner < 0] = here[owner < 0][:, :2]
        x, y = places[..., 0], places[..., 1]
        painted = cv2.remap(
            image, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return np.asarray(painted, dtype=np.uint8)


def _area(a: Points, b: Points, c: Points) -> Points:
    """Twice the signed area of triangles, (T,)."""
    ab, ac = b - a, c - a
    area: Points = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    return area


def _triangulate(points: Points) -> npt.NDArray[np.int64]:
    """(T, 3) Delaunay triangles of points (V, 2)."""
    low, high = points.min(axis=0) - 1, points.max(axis=0) + 1
    scale = 1000.0  # Subdiv2D keeps single precision
    moved = ((points - low) * scale).astype(np.float32)
    extent = np.ceil((high - low) * scale).astype(int)
    division = cv2.Subdiv2D((0, 0, int(extent[0]), int(extent[1])))
    number = {}
    for index, point in enumerate(moved):
        number[division.insert(point.tolist())] = index
    triangles = []
    for triangle in division.getTriangleList().reshape(-1, 3, 2):
        found = [division.findNearest(corner.tolist())[0] for corner in triangle]
        if all(vertex in number for vertex in found):
            triangles.append([number[vertex] for vertex in found])
    return np.array(triangles, dtype=np.int64)
