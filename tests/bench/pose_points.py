"""Which points make the best pose: run by hand, after `python -m models.training labels`.

    python tests/bench/pose_points.py runs/labels/labels-v3.npz

Compares solvePnP on FaceMesh's 2D points of the val faces with the rotation of its 3D mesh, for
several choices of points, in degrees of mean absolute error over faces with |yaw| < 45 degrees.
"""

from __future__ import annotations

import sys
from unittest import mock

import numpy as np

from app.core.layout import IBUG68
from app.core.rotation import matrix_to_pose
from app.vision import pose

NOSE, CORNERS, BROWS = tuple(range(27, 36)), (36, 39, 42, 45), tuple(range(17, 27))
CHOICES = {
    "program": pose._RIGID,
    "jaw ends, nose, eye corners": (*range(5), *range(12, 17), *NOSE, *CORNERS),
    "jaw, nose, eye corners, brows": (*range(2, 15), *NOSE, *CORNERS, *BROWS),
    "nose, eye corners": (*NOSE, *CORNERS),
    "all": tuple(range(68)),
}


def main() -> None:
    """Print one line per choice."""
    with np.load(sys.argv[1]) as labels:
        val = labels["split"] == "val"
        faces, rotations = labels["points"][val], labels["rotations"][val]
    truth = np.array([[p.yaw, p.pitch, p.roll] for p in map(matrix_to_pose, rotations)])
    steady = np.abs(truth[:, 0]) < 45
    for name, points in CHOICES.items():
        with mock.patch.object(pose, "_RIGID", points):
            estimator = pose.PoseEstimator(IBUG68)
            found = np.array([_angles(estimator, face) for face in faces])
        error = np.nanmean(np.abs(found - truth)[steady], axis=0)
        print(f"{name:<32} yaw {error[0]:.2f}  pitch {error[1]:.2f}  roll {error[2]:.2f}")


def _angles(estimator: pose.PoseEstimator, face: np.ndarray) -> tuple[float, float, float]:
    """As if the face filled a third of a picture around it."""
    low, high = face.min(axis=0), face.max(axis=0)
    side = int(3 * (high - low).max())
    points = (face - (low + high) / 2 + side / 2).astype(np.float32)
    found = estimator.estimate(points, width=side, height=side, field_of_view_deg=60.0)
    return (np.nan,) * 3 if found is None else (found.yaw, found.pitch, found.roll)


if __name__ == "__main__":
    main()
