"""Landmarks and symmetry of the 478 points of FaceMesh."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

LEFT_CORNER: Final = 33
RIGHT_CORNER: Final = 263
"""Mesh points of the outer eye corners."""

FACE_VERTICES: Final = 468
"""The mesh without the irises."""

MIRROR_SEEDS: Final = (
    (33, 263), (133, 362), (61, 291), (234, 454), (127, 356),
    (10, 10), (152, 152), (1, 1), (168, 168),
)  # fmt: skip
"""Mesh points known to swap places, or to stay, when a face is mirrored."""


def mesh_mirror(mean: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Index of the mesh point that takes the place of each when a face is mirrored.

    Args:
        mean: (478, 3) mean face, so nearly symmetric.

    Raises:
        ValueError: the nearest points of the mirrored face do not pair up.
    """
    here = [a for a, b in MIRROR_SEEDS] + [b for a, b in MIRROR_SEEDS]
    there = [b for a, b in MIRROR_SEEDS] + [a for a, b in MIRROR_SEEDS]
    flipped = mean * [-1.0, 1.0, 1.0]
    source, target = flipped[here].mean(axis=0), mean[there].mean(axis=0)
    u, _, vt = np.linalg.svd((flipped[here] - source).T @ (mean[there] - target))
    turn = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    placed = (flipped - source) @ (u @ turn @ vt) + target
    mirror = np.linalg.norm(placed[:, None] - mean[None], axis=2).argmin(axis=1)
    if not np.array_equal(mirror[mirror], np.arange(len(mean))):
        raise ValueError("the mesh points of the mirrored mean face do not pair up")
    return mirror
