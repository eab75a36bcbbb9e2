"""Head angles and rotation matrices: the one definition of yaw, pitch and roll.

Axes of the camera: x to the right of the picture, y down, z away from the camera. The axes of
a face that looks straight into the camera are the same, so its nose points to -z.

R = Rz(roll) · Ry(-yaw) · Rx(-pitch) in these axes: pitch is applied first, about the face's own
ear-to-ear axis, roll last, in the picture. Turning the picture therefore changes roll alone,
and the product is unique for |yaw| < 90 degrees.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from app.core.face import HeadPose

Matrix = npt.NDArray[np.float64]


def pose_to_matrix(pose: HeadPose) -> Matrix:
    """(3, 3) rotation that takes face axes to camera axes."""
    # The product written out, and no arrays before the last: this runs for each face and frame.
    yaw, pitch, roll = math.radians(pose.yaw), math.radians(pose.pitch), math.radians(pose.roll)
    cy, sy = math.cos(yaw), math.sin(yaw)
    cp, sp = math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    return np.array(
        [
            [cr * cy, cr * sy * sp - sr * cp, -cr * sy * cp - sr * sp],
            [sr * cy, sr * sy * sp + cr * cp, -sr * sy * cp + cr * sp],
            [sy, -cy * sp, cy * cp],
        ]
    )


def matrix_to_pose(rotation: Matrix) -> HeadPose:
    """The angles of a (3, 3) rotation, the inverse of `pose_to_matrix`.

    yaw lies in -90..90, pitch and roll in -180..180. At |yaw| = 90 pitch and roll turn about
    the same axis; roll is then reported as 0.
    """
    (r00, _, _), (r10, r11, r12), (r20, r21, r22) = rotation.tolist()
    yaw = math.asin(min(max(r20, -1.0), 1.0))
    if abs(r20) < 1 - 1e-9:
        pitch, roll = math.atan2(-r21, r22), math.atan2(r10, r00)
    else:
        pitch, roll = math.atan2(r12, r11), 0.0
    return HeadPose(math.degrees(yaw), math.degrees(pitch), math.degrees(roll))
