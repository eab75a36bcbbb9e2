"""Opens what the zoo lists."""

from __future__ import annotations

from app.vision.landmarker import Landmarker, OnnxLandmarker
from app.vision.session import load_model
from app.vision.zoo import ZooEntry


def open_landmarker(entry: ZooEntry) -> Landmarker:
    """The model of a zoo entry, warmed up; takes up to seconds, so not for the GUI thread.

    Raises:
        ModelError: it cannot be used.
    """
    if entry.reference:
        from app.vision.mesh_landmarker import MeshLandmarker

        return MeshLandmarker()
    return OnnxLandmarker(load_model(entry.path), entry.label)
