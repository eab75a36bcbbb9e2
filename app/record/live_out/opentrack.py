"""opentrack's "UDP over network" input: six doubles for one head.

Layout: x, y, z in centimetres, yaw, pitch, roll in degrees, little-endian float64, 48 bytes
(opentrack, tracker-udp). The signs are those of opentrack's own camera tracker
(tracker-neuralnet): x to the right of the picture, y up, z away from the camera; yaw > 0 turns
to the left edge of the un-mirrored picture, pitch > 0 looks up, roll > 0 tilts clockwise; roll
turns about the nose.
"""

from __future__ import annotations

import math
import struct

from app.core.face import HeadPose
from app.core.rotation import pose_to_matrix
from app.record.live_out.moment import Moment

_PACKET = struct.Struct("<6d")


def encode(moment: Moment) -> list[bytes]:
    """The largest face; nothing while its pose and place are not known."""
    face = moment.main_face
    if face is None or face.pose is None or face.pose.position_cm is None:
        return []
    x, y, z = face.pose.position_cm
    values = (x, -y, z, *head_angles(face.pose))
    return [_PACKET.pack(*values)] if all(math.isfinite(v) for v in values) else []


def head_angles(pose: HeadPose) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees as opentrack has them."""
    right, down, back = pose_to_matrix(pose).T  # axes of the face in those of the camera
    yaw = math.atan2(back[0], back[2])
    pitch = math.atan2(back[1], math.hypot(back[0], back[2]))
    roll = math.atan2(-down[0], right[0])
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)
