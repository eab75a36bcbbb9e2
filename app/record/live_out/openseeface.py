"""The packet of OpenSeeFace, which VSeeFace, VTube Studio and others understand.

1785 bytes for each face, little-endian, all faces of a frame in one datagram (OpenSeeFace,
facetracker.py, and its receiver Unity/OpenSee.cs):

| field | type | here |
|---|---|---|
| time | f64 | seconds since the first frame that was sent |
| id | i32 | of the face |
| width, height | 2 f32 | of the picture |
| right, left eye open | 2 f32 | 0 shut, 1 open; right and left of the person |
| success | u8 | whether the pose is known |
| fit error | f32 | of the 3D points, pixels |
| quaternion | 4 f32 | x, y, z, w |
| Euler angles | 3 f32 | degrees |
| translation | 3 f32 | of the nose tip |
| confidence | 68 f32 | per point |
| points | 68 · 2 f32 | x, y in pixels |
| 3D points | 70 · 3 f32 | of the face, pose taken out; then the centres of the eyeballs |
| features | 14 f32 | left and right eye, 6 of the brows, 4 of the mouth corners, mouth open, wide |

Its points are those of iBUG-68 without the inner mouth corners, then the pupils. Its axes differ
from ours: the face has x to the left of the picture, y up, z to the camera; the camera looks to -z
and has rows upwards first, then columns to the left; the outer eye corners lie 0.632 apart. Of what
this program does not measure, gaze looks straight ahead with confidence 0, and brows and mouth
corners are at rest.
"""

from __future__ import annotations

import math
import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.face import OUTER_EYE_CM, Face, HeadPose
from app.core.frame import Frame
from app.core.layout import IBUG68, point_map
from app.core.openings import Openings, face_openings
from app.core.quantity import Quantity
from app.core.rotation import pose_to_matrix
from app.record.live_out.moment import Moment
from app.vision.pose import mean_face

SHUT_EYE = Quantity(
    name="Shut eye",
    default=0.16,
    low=0.0,
    high=0.25,
    step=0.01,
    unit="",
    decimals=2,
    help="Eye aspect ratio that is sent as shut.",
    source="the shipped model on the shut eyes of the demo clip (median 0.155)",
)
OPEN_EYE = Quantity(
    name="Open eye",
    default=0.30,
    low=0.2,
    high=0.6,
    step=0.01,
    unit="",
    decimals=2,
    help="Eye aspect ratio that is sent as open.",
    source="the shipped model on the open eyes of the demo clip (nine in ten lie above 0.307)",
)
OPEN_MOUTH = Quantity(
    name="Open mouth",
    default=0.7,
    low=0.2,
    high=2.0,
    step=0.05,
    unit="",
    decimals=2,
    help="Height over width of the inner lips that is sent as wide open.",
    source="between speech (0.3) and a yawn (above 1)",
)

EYE_UNITS: Final = 0.632
"""Distance between the outer eye corners of OpenSeeFace's face."""

MOST_FACES: Final = 36
"""More do not fit into one datagram."""

# Outer and inner lips share their corners.
_FROM_IBUG: Final = (*range(48), *range(49, 54), *range(55, 60), 60, 61, 62, 63, 64, 65, 66, 67)
_EYES: Final = (IBUG68.left_eye, IBUG68.right_eye)  # of the picture: right and left of the person
_NOSE_TIP: Final = 30
_EYEBALL: Final = 0.385
"""Radius of an eyeball over the width of its eye (12.5 mm and 32 mm, OpenSeeFace)."""

_PACKET: Final = struct.Struct("<di2f2fBf4f3f3f68f136f210f14f")
_BEHIND: Final = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, -1]])
"""From our axes to those of OpenSeeFace's camera."""

Array = npt.NDArray[np.float64]


def encode(moment: Moment) -> list[bytes]:
    """One datagram with all faces; nothing for a frame without."""
    faces = moment.result.faces[:MOST_FACES]
    packets = [_pack(face, moment.result.frame, moment.time_ns / 1e9) for face in faces]
    return [b"".join(packets)] if packets else []


def eye_open(ratio: float) -> float:
    """How far an eye is open, 0..1, from its aspect ratio; open where that is not known."""
    if not math.isfinite(ratio):
        return 1.0
    low, high = SHUT_EYE.default, OPEN_EYE.default
    return min(max((ratio - low) / (high - low), 0.0), 1.0)


def _pack(face: Face, frame: Frame, time_s: float) -> bytes:
    points, confidence = _points(face)
    openings = face_openings(face)
    pose: tuple[float, ...] = (0.0,) * 10
    error, solid = 0.0, np.zeros((70, 3))
    known = face.pose is not None and face.pose.position_cm is not None
    if known and face.pose is not None:
        pose = _pose(face.pose)
        solid, error = _solid(face.pose, points, confidence > 0, frame)
    pupils = np.array([points[list(eye)].mean(axis=0) for eye in _EYES])
    sent = np.concatenate([points[list(_FROM_IBUG)], pupils])
    trust = [*confidence[list(_FROM_IBUG)], 0.0, 0.0]
    right, left = eye_open(openings.left_eye), eye_open(openings.right_eye)
    return _PACKET.pack(
        *(time_s, face.id, frame.width, frame.height, right, left, known, error),
        *pose,
        *trust,
        *sent.ravel(),
        *(solid * [1, -1, -1]).ravel(),
        *_features(openings, right=right, left=left),
    )


def _points(face: Face) -> tuple[Array, Array]:
    """Points (68, 2) of iBUG-68 in pixels and their confidence (68,), both 0 where unknown."""
    way = point_map(face.layout, IBUG68)
    points: Array = way.weights @ face.points.astype(np.float64)
    trust = np.full(face.layout.count, face.trust)
    if face.point_trust is not None:
        trust = face.point_trust.astype(np.float64)
    confidence: Array = way.weights @ trust
    unknown = ~np.isfinite(points).all(axis=1)
    points[unknown], confidence[unknown] = 0.0, 0.0
    return points, np.where(np.isfinite(confidence), confidence, 0.0)


def _pose(pose: HeadPose) -> tuple[float, ...]:
    """Quaternion, Euler angles and translation: ten numbers."""
    # OpenSeeFace lets solvePnP start behind the camera, where it stays: a frontal face has the
    # Euler angles 180, 0, 90 and a negative z, and its receivers count on that.
    rotation = pose_to_matrix(pose)
    turned = _BEHIND @ rotation
    euler = cv2.RQDecomp3x3(turned)[0]
    nose = _shift(pose) + rotation @ mean_face()[_NOSE_TIP]
    return (*_quaternion(turned), *euler, *(-EYE_UNITS * nose[[1, 0, 2]]))


def _shift(pose: HeadPose) -> Array:
    """Where the head is, in outer eye distances."""
    return np.array(pose.position_cm, np.float64) / OUTER_EYE_CM


def _quaternion(rotation: Array) -> Array:
    """x, y, z, w of the inverse rotation, which is the one that OpenSeeFace sends."""
    axis = cv2.Rodrigues(rotation.T)[0].ravel()
    angle = float(np.linalg.norm(axis))
    half: Array = axis * (math.sin(angle / 2) / angle if angle else 0.5)
    return np.array([*half, math.cos(angle / 2)])


def _solid(
    pose: HeadPose, points: Array, known: npt.NDArray[np.bool_], frame: Frame
) -> tuple[Array, float]:
    """The points lifted to the depth of the mean face, pose taken out.

    Returns:
        (70, 3) in OpenSeeFace's axes and units, and how far the mean face lies from the points,
        root mean square in pixels.
    """
    rotation, shift = pose_to_matrix(pose), _shift(pose)
    mean = mean_face() @ rotation.T + shift
    middle = np.array([(frame.width - 1) / 2, (frame.height - 1) / 2])
    rays, seen = mean[:, :2] / mean[:, 2:], points - middle
    # The field of view is not known here; the focal length that fits best is the one of the pose.
    focal = float((rays[known] * seen[known]).sum() / max((rays[known] ** 2).sum(), 1e-12))
    if not known.any() or focal <= 0:
        return np.zeros((70, 3)), 0.0
    error = float(np.sqrt(((focal * rays - seen)[known] ** 2).mean()))
    lifted = np.column_stack([seen / focal, np.ones(68)]) * mean[:, 2:]
    own = (lifted - shift) @ rotation
    own[~known] = mean_face()[~known]
    face: Array = -EYE_UNITS * (own - mean_face()[_NOSE_TIP])
    pupils, balls = [], []
    for eye in _EYES:
        width = float(np.linalg.norm(face[eye[0]] - face[eye[3]]))
        pupils.append(face[list(eye)].mean(axis=0))
        balls.append((face[eye[0]] + face[eye[3]]) / 2 - [0, 0, _EYEBALL * width])
    return np.concatenate([face[list(_FROM_IBUG)], pupils, balls]), error


def _features(openings: Openings, *, right: float, left: float) -> list[float]:
    """14 features; eyes are 0 open and -1 shut, the mouth 0 shut and 1 open."""
    features: list[Any] = [0.0] * 14
    features[0], features[1] = left - 1, right - 1
    if math.isfinite(openings.mouth):
        features[12] = min(max(openings.mouth / OPEN_MOUTH.default, 0.0), 1.0)
    return features
