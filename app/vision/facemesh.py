"""MediaPipe FaceMesh with attention on single pictures: 478 points per face, with depth."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.c_numbers import use_c_numbers
from app.core.face import Box
from app.core.frame import Image
from app.core.native_noise import native_stderr_silenced
from app.vision.light_import import without_plots

Mesh = npt.NDArray[np.float32]
"""(478, 3) points of the layout `mesh478`: x, y in frame pixels, z in the same unit, away from
the camera, 0 in the middle of the head."""

CLOSE_UP: Final = 2.0
"""Side of the part of a picture that holds one face, in sides of its face box: as much around it
as FaceMesh's own search for a face wants to see."""


class FaceMesh:
    """Finds the meshes of faces without memory of earlier pictures.

    MediaPipe is imported here, which takes seconds: make this object on a worker thread, and use
    it on one thread.
    """

    def __init__(self, *, max_faces: int = 1) -> None:
        """Start the networks.

        Args:
            max_faces: faces at most in one picture.
        """
        with native_stderr_silenced():  # it greets before its log levels can be set
            with without_plots():
                from mediapipe.python.solutions import face_mesh

            use_c_numbers()  # its graph is text
            self._networks: Any = face_mesh.FaceMesh(
                static_image_mode=True, max_num_faces=max_faces, refine_landmarks=True
            )
            self._silent = True
            self.find(np.zeros((64, 64, 3), np.uint8))  # the first run builds the graph

    def find(self, image: Image) -> list[Mesh]:
        """The meshes of the faces of a BGR picture (H, W, 3) uint8.

        FaceMesh looks for faces with the short-range BlazeFace, which misses small ones.
        """
        height, width = image.shape[:2]
        side = max(height, width)
        left, top = (side - width) // 2, (side - height) // 2
        if height != width:  # from other shapes FaceMesh maps its points back wrongly
            image = np.asarray(
                cv2.copyMakeBorder(
                    image,
                    *(top, side - height - top, left, side - width - left),
                    cv2.BORDER_REPLICATE,
                ),
                np.uint8,
            )
        # It has one more thing to say about its own graph when it sees the first face.
        with native_stderr_silenced() if self._silent else nullcontext():
            found = self._networks.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        self._silent = self._silent and not found.multi_face_landmarks
        meshes = []
        for face in found.multi_face_landmarks or ():
            mesh = np.array([[p.x, p.y, p.z] for p in face.landmark], np.float32)
            # Shares run from the left edge of the first pixel, whose centre is 0 here.
            mesh *= side
            mesh[:, :2] -= np.array([left, top], np.float32) + 0.5
            meshes.append(mesh)
        return meshes

    def find_in(self, image: Image, box: Box) -> list[Mesh]:
        """The meshes of the faces in and around a face box, in pixels of the whole picture."""
        side = max(round(box.side * CLOSE_UP), 2)
        left, top = (round(c - side / 2) for c in box.centre)
        height, width = image.shape[:2]
        part = image[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)]
        if not part.size:
            return []
        bare = (
            -min(top, 0),
            max(top + side - height, 0),
            -min(left, 0),
            max(left + side - width, 0),
        )
        padded = cv2.copyMakeBorder(part, *bare, cv2.BORDER_REPLICATE)
        meshes = self.find(np.asarray(padded, np.uint8))
        for mesh in meshes:
            mesh[:, :2] += np.array([left, top], np.float32)
        return meshes

    def close(self) -> None:
        """Free the networks."""
        self._networks.close()
