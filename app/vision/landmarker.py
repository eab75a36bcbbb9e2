"""From a frame and a face box to landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.card import ModelCard
from app.core.face import Box, HeadPose, Points
from app.core.frame import Image
from app.core.geometry import Transform, crop_transform, points_from_unit, zoom_of
from app.core.layout import LandmarkLayout
from app.vision.session import OnnxModel

# Bilinear sampling leaves out pixels below one half; down to here no face shows it, and shrinking
# first would cost a third of the landmark stage.
_LEAST_ZOOM = 0.4


@dataclass(frozen=True, eq=False, slots=True)
class Landmarks:
    """What a landmark model says of one face box.

    Attributes:
        points: (N, 2) float32, frame pixels.
        trust: probability 0..1 that the box held a well-framed face; None where the model has
            no opinion.
        point_trust: (N,) float32 in 0..1, or None.
        pose: where the head points as the model itself says, seen by a camera that looks
            straight at the face, in the axes of the frame; None where the points tell it better.
    """

    points: Points
    trust: float | None
    point_trust: npt.NDArray[np.float32] | None = None
    pose: HeadPose | None = None


class Landmarker(Protocol):
    """A model that finds the landmarks of a face whose box is known."""

    @property
    def label(self) -> str:
        """Name of the model for people."""

    @property
    def layout(self) -> LandmarkLayout:
        """What the points mean."""

    def locate(self, image: Image, box: Box) -> Landmarks:
        """Landmarks of the face in a face box of a BGR image (H, W, 3) uint8."""


class OnnxLandmarker:
    """A `Landmarker` that runs an ONNX file as its card says."""

    def __init__(self, model: OnnxModel, label: str | None = None) -> None:
        self._model = model
        self._label = label or model.card.label
        self._gain = (1.0 / np.array(model.card.std, np.float32)).reshape(-1, 1, 1)

    @property
    def label(self) -> str:
        """Name and precision."""
        return self._label

    @property
    def layout(self) -> LandmarkLayout:
        """What the points mean."""
        return self._model.card.landmark_layout

    def locate(self, image: Image, box: Box) -> Landmarks:
        """Landmarks of a face; see `Landmarker`."""
        card = self._model.card
        size = card.input_size
        transform = crop_transform(box, scale=card.crop_scale, shift=card.crop_shift, size=size)
        crop = _cut(image, transform, size)
        if card.channels == "grey":
            crop = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
        # Several times faster than the same in numpy; the mean is in the order of the network.
        centred = cv2.dnn.blobFromImage(crop, mean=card.mean, swapRB=card.channels == "rgb")
        outputs = self._model.run(np.asarray(centred, np.float32) * self._gain)
        values = outputs[card.points_output].reshape(-1, 2)
        trust = None
        if card.trust_output is not None:
            trust = float(outputs[card.trust_output].reshape(()))
        pose = None
        if card.pose_source == "network" and card.pose_output is not None:
            pose = _pose_in_frame(outputs[card.pose_output], box)
        points = points_from_unit(_to_unit(values, card), transform, size=size)
        return Landmarks(points, trust, pose=pose)


def _pose_in_frame(angles: npt.NDArray[np.float32], box: Box) -> HeadPose | None:
    """Angles (.., 3) seen in a crop that was turned upright, as the frame shows them."""
    if not np.isfinite(angles).all():
        return None
    yaw, pitch, roll = (float(angle) for angle in angles.reshape(3))
    # Turning a picture changes the roll alone: see `app.core.rotation`.
    return HeadPose(yaw, pitch, (roll + box.roll + 180) % 360 - 180)


def _to_unit(values: npt.NDArray[np.float32], card: ModelCard) -> npt.NDArray[np.float32]:
    if card.coordinates == "symmetric":
        return (values + np.float32(1)) / np.float32(2)
    if card.coordinates == "pixels":
        return values / np.float32(card.input_size)
    return values


def _cut(image: Image, transform: Transform, size: int) -> Image:
    """Sample the crop; a face much larger than the crop is shrunk first, or it would alias."""
    zoom = zoom_of(transform)
    if zoom < _LEAST_ZOOM:
        image, transform = _shrunk_window(
            image, transform, size, 2 ** int(np.floor(np.log2(1 / zoom)))
        )
    cut = cv2.warpAffine(
        image,
        transform,
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(0, 0, 0),
    )
    return np.asarray(cut, dtype=np.uint8)


def _shrunk_window(
    image: Image, transform: Transform, size: int, factor: int
) -> tuple[Image, Transform]:
    """The part of the image that the crop covers, averaged over factor x factor pixels, and the
    transform from there.
    """
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)
    outline = points_from_unit(corners, transform, size=size)
    low = np.maximum(np.floor(outline.min(axis=0)).astype(int), 0)
    # Up to the end of the last block, so that only the frame's own edge is padded.
    blocks = np.ceil((outline.max(axis=0) + 2 - low) / factor).astype(int)
    high = np.minimum(low + blocks * factor, image.shape[1::-1])
    if (high <= low).any():
        return image, transform
    window = image[low[1] : high[1], low[0] : high[0]]
    short_y, short_x = (-n % factor for n in window.shape[:2])
    if short_x or short_y:
        # Whole blocks of factor x factor; beyond the frame it is black, as in the crop itself.
        window = np.asarray(
            cv2.copyMakeBorder(window, 0, short_y, 0, short_x, cv2.BORDER_CONSTANT), np.uint8
        )
    small = cv2.resize(window, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    # Small pixel u has its centre at full pixel low + factor * (u + 0.5) - 0.5.
    moved = transform.copy()
    moved[:, 2] += transform[:, :2] @ (low + (factor - 1) / 2)
    moved[:, :2] *= factor
    return np.asarray(small, dtype=np.uint8), moved
