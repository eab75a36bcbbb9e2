"""From a frame and a face box to landmarks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.card import ModelCard
from app.core.errors import ModelError
from app.core.face import Box, HeadPose, Points, Visibility
from app.core.frame import Image
from app.core.geometry import Transform, crop_transform, points_from_unit
from app.core.layout import LandmarkLayout
from app.vision.crop import cut_crop
from app.vision.session import OnnxModel


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
        visibility: of the eyes and the mouth, or None where the model does not tell.
        expression: blendshape -> 0..1, or None likewise.
    """

    points: Points
    trust: float | None
    point_trust: npt.NDArray[np.float32] | None = None
    pose: HeadPose | None = None
    visibility: Visibility | None = None
    expression: Mapping[str, float] | None = None


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

    def close(self) -> None:
        """Free what the model holds; it is not used again."""


class OnnxLandmarker:
    """A `Landmarker` that runs an ONNX file as its card says."""

    def __init__(self, model: OnnxModel, label: str | None = None) -> None:
        self._model = model
        self._label = label or model.card.label

    @property
    def label(self) -> str:
        """Name and precision."""
        return self._label

    @property
    def layout(self) -> LandmarkLayout:
        """What the points mean."""
        return self._model.card.landmark_layout

    def locate(self, image: Image, box: Box) -> Landmarks:
        """Landmarks of a face; see `Landmarker`.

        Raises:
            ModelError: the network fails on it.
        """
        card = self._model.card
        size = card.input_size
        crop, transform = crop_of(image, box, card)
        outputs = self._model.run(network_input(crop, card))
        values = outputs[card.points_output].reshape(-1, 2)
        trust = None
        if card.trust_output is not None:
            trust = float(outputs[card.trust_output].reshape(()))
        # What is no number would pass for a face that was not found.
        if not (np.isfinite(values).all() and (trust is None or math.isfinite(trust))):
            raise ModelError(
                f"The model {card.label} gives points that are not numbers; choose another one."
            )
        pose = None
        if card.pose_source == "network" and card.pose_output is not None:
            pose = _pose_in_frame(outputs[card.pose_output], box)
        visibility = expression = None
        if card.visibility_output is not None:
            visibility = Visibility(*outputs[card.visibility_output].ravel().tolist())
        if card.expression_output is not None:
            told = outputs[card.expression_output].ravel().tolist()
            expression = dict(zip(card.expressions, told, strict=True))
        points = points_from_unit(_to_unit(values, card), transform, size=size)
        return Landmarks(points, trust, pose=pose, visibility=visibility, expression=expression)

    def close(self) -> None:
        """Nothing to do: the session goes with its last reference."""


def crop_of(image: Image, box: Box, card: ModelCard) -> tuple[Image, Transform]:
    """The crop (size, size, 3) BGR or (size, size) grey that a card asks for, and the transform
    from pixels of the image to its own.
    """
    size = card.input_size
    transform = crop_transform(box, scale=card.crop_scale, shift=card.crop_shift, size=size)
    crop = cut_crop(image, transform, size)
    if card.channels == "grey":
        crop = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    return crop, transform


def network_input(crop: Image, card: ModelCard) -> npt.NDArray[np.float32]:
    """(1, C, size, size) float32 of a crop, normalised as the card says."""
    # Several times faster than the same in numpy; the mean is in the order of the network.
    alike = len(set(card.std)) == 1
    blob = cv2.dnn.blobFromImage(
        crop,
        scalefactor=1.0 / card.std[0] if alike else 1.0,
        mean=card.mean,
        swapRB=card.channels == "rgb",
    )
    values = np.asarray(blob, np.float32)
    return values if alike else values / np.array(card.std, np.float32).reshape(-1, 1, 1)


def _pose_in_frame(angles: npt.NDArray[np.float32], box: Box) -> HeadPose | None:
    """Angles (.., 3) seen in a crop that was turned upright, as the frame shows them."""
    yaw, pitch, roll = angles.reshape(3).tolist()
    if not math.isfinite(yaw + pitch + roll):
        return None
    # Turning a picture changes the roll alone: see `app.core.rotation`.
    return HeadPose(yaw, pitch, (roll + box.roll + 180) % 360 - 180)


def _to_unit(values: npt.NDArray[np.float32], card: ModelCard) -> npt.NDArray[np.float32]:
    if card.coordinates == "symmetric":
        return (values + np.float32(1)) / np.float32(2)
    if card.coordinates == "pixels":
        return values / np.float32(card.input_size)
    return values
