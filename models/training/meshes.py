"""The teacher: MediaPipe FaceMesh with attention, on each picture and its mirror image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from models.training.sources import Picture, read_picture

MESH_POINTS = 478
PADDINGS = (0.4, 0.0)
"""Borders to try, as shares of the longer side. Tight crops need one to look like a face in a
picture; in a crowd the face that fills the frame is found without."""

Mesh = npt.NDArray[np.float32]


class MeshTeacher:
    """FaceMesh on single pictures: no tracking, so no memory between calls."""

    def __init__(self) -> None:
        import mediapipe as mp  # takes seconds and is needed by this command alone

        self._mesh: Any = mp.solutions.face_mesh.FaceMesh(
            static_image_mode=True, max_num_faces=1, refine_landmarks=True
        )

    def find(self, image: npt.NDArray[np.uint8]) -> Mesh | None:
        """(478, 3) float32: x, y in pixels of the picture, z in the same unit, away from the
        camera; None where no face is found.
        """
        for padding in PADDINGS:
            height, width = image.shape[:2]
            side = round((1 + 2 * padding) * max(height, width))
            left, top = (side - width) // 2, (side - height) // 2
            # Square: FaceMesh maps its points back wrongly from other shapes.
            padded = cv2.copyMakeBorder(
                image, top, side - height - top, left, side - width - left, cv2.BORDER_REPLICATE
            )
            result = self._mesh.process(cv2.cvtColor(padded, cv2.COLOR_BGR2RGB))
            if result.multi_face_landmarks:
                points = result.multi_face_landmarks[0].landmark
                mesh = np.array([[p.x, p.y, p.z] for p in points], dtype=np.float32)
                # Shares run from the left edge of the first pixel, whose centre is 0 here.
                mesh *= side
                mesh[:, :2] -= np.array([left, top], dtype=np.float32) + 0.5
                return mesh
        return None


def extract_meshes(
    data: Path,
    pictures: Sequence[Picture],
    cache: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the meshes of all pictures and their mirror images to `cache` (.npz).

    Arrays: `paths` (M,), `meshes` and `mirrored` (M, 478, 3) float32, NaN where no face was
    found. `mirrored` is what the teacher saw in the mirror image, still in its pixels and its
    point order. Pictures that the cache holds already are not seen again.
    """
    known: dict[str, tuple[Mesh, Mesh]] = {}
    if cache.is_file():
        known = {p: (a, b) for p, a, b in zip(*load_meshes(cache), strict=True)}
    missing = [p for p in pictures if p.path not in known]
    if missing:
        teacher = MeshTeacher()
        nothing = np.full((MESH_POINTS, 3), np.nan, dtype=np.float32)
        for done, picture in enumerate(missing, start=1):
            image = read_picture(data, picture)
            mesh = teacher.find(image)
            mirrored = teacher.find(np.ascontiguousarray(image[:, ::-1]))
            known[picture.path] = (
                nothing if mesh is None else mesh,
                nothing if mirrored is None else mirrored,
            )
            if progress and (done % 100 == 0 or done == len(missing)):
                progress(done, len(missing))
    cache.parent.mkdir(parents=True, exist_ok=True)
    partial = cache.with_suffix(".partial.npz")
    np.savez(
        partial,
        paths=np.array([p.path for p in pictures]),
        meshes=np.stack([known[p.path][0] for p in pictures]),
        mirrored=np.stack([known[p.path][1] for p in pictures]),
    )
    partial.replace(cache)


def load_meshes(cache: Path) -> tuple[npt.NDArray[np.str_], Mesh, Mesh]:
    """`paths`, `meshes` and `mirrored` of a cache that `extract_meshes` wrote."""
    with np.load(cache) as arrays:
        return arrays["paths"], arrays["meshes"], arrays["mirrored"]
