"""Which pose is better, the network's own or the one fitted to its points: run by hand.

    python tests/bench/pose_sources.py models/pfld-0.5x-int8.onnx runs/labels/labels-v2.npz DATA

Both against the rotation of FaceMesh's 3D mesh on the val faces, in degrees of mean absolute
error over faces with |yaw| < 45 degrees. DATA is the folder with p1/ and faces/.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from app._opencv import cv2
from app.core.face import Box
from app.core.geometry import face_box, roll_of
from app.core.rotation import matrix_to_pose
from app.vision.landmarker import OnnxLandmarker
from app.vision.pose import PoseEstimator
from app.vision.session import load_model

FIELD_OF_VIEW_DEG = 60.0


def main() -> None:
    """Print one line per source of the pose."""
    model, labels_file, data = (Path(argument) for argument in sys.argv[1:4])
    landmarker = OnnxLandmarker(load_model(model))
    estimator = PoseEstimator(landmarker.layout)
    with np.load(labels_file) as labels:
        rows = np.flatnonzero((labels["split"] == "val") & (labels["squeeze"] == 1.0))
        paths, points = labels["paths"][rows], labels["points"][rows]
        truth = [matrix_to_pose(rotation) for rotation in labels["rotations"][rows]]
    angles = {"network": [], "points": []}
    for path, face in zip(paths, points, strict=True):
        image, corner = _as_if_in_a_frame(cv2.imread(str(data / str(path))), face)
        box = face_box(face - corner, roll=roll_of(face[36], face[45]))
        found = landmarker.locate(image, box)
        fitted = estimator.estimate(
            found.points,
            width=image.shape[1],
            height=image.shape[0],
            field_of_view_deg=FIELD_OF_VIEW_DEG,
        )
        for name, pose in (("network", found.pose), ("points", fitted)):
            unknown = (np.nan,) * 3
            angles[name].append(unknown if pose is None else (pose.yaw, pose.pitch, pose.roll))
    true = np.array([(p.yaw, p.pitch, p.roll) for p in truth])
    steady = np.abs(true[:, 0]) < 45
    for name, values in angles.items():
        error = np.nanmean(np.abs(np.array(values) - true)[steady], axis=0)
        slope = [np.polyfit(true[steady, i], np.array(values)[steady, i], 1)[0] for i in range(3)]
        print(
            f"{name:<8} "
            + "  ".join(
                f"{axis} {e:.2f} (slope {s:.2f})"
                for axis, e, s in zip(("yaw", "pitch", "roll"), error, slope, strict=True)
            )
        )


def _as_if_in_a_frame(image: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A frame of which the face fills a third, with the face in its middle, and its corner."""
    box = Box.around(face)
    side = int(3 * box.side)
    corner = np.round(np.array(box.centre) - side / 2)
    matrix = np.array([[1.0, 0.0, -corner[0]], [0.0, 1.0, -corner[1]]])
    return cv2.warpAffine(image, matrix, (side, side)), corner.astype(np.float32)


if __name__ == "__main__":
    main()
