"""Head angles and rotation matrices: the one definition of yaw, pitch and roll.

Axes of the camera: x to the right of the picture, y down, z away from the camera. The axes of
a face that looks straight into the camera are the same, so its nose points to -z.

R = Rz(roll) · Ry(-yaw) · Rx(-pitch) in these axes: pitch is applied first, about the face's own
ear-to-ear axis, roll last, in the picture. Turning the picture therefore changes roll alone,
and the product is unique for |yaw| < 90 degrees.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.core.face import HeadPose

Matrix = npt.NDArray[np.float64]


def pose_to_matrix(pose: HeadPose) -> Matrix:
    """(3, 3) rotation that takes face axes to camera axes."""
    yaw, pitch, roll = np.radians([pose.yaw, pose.pitch, pose.roll])
    cy, sy = np.cos(yaw), np.sin(yaw)
    cp, sp = np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x, dtype=np.float64)


def matrix_to_pose(rotation: Matrix) -> HeadPose:
    """The angles of a (3, 3) rotation, the inverse of `pose_to_matrix`.

    yaw lies in -90..90, pitch and roll in -180..180. At |yaw| = 90 pitch and roll turn about
    the same axis; roll is then reported as 0.
    """
    sin_yaw = float(np.clip(rotation[2, 0], -1.0, 1.0))
    yaw = np.arcsin(sin_yaw)
    if abs(sin_yaw) < 1 - 1e-9:
        pitch = np.arctan2(-rotation[2, 1], rotation[2, 2])
        roll = np.arctan2(rotation[1, 0], rotation[0, 0])
    else:
        pitch = np.arctan2(rotation[1, 2], rotation[1, 1])
        roll = 0.0
    return HeadPose(*(float(a) for a in np.degrees([yaw, pitch, roll])))
