"""The 52 blendshapes of MediaPipe's Face Landmarker, which bear the names of ARKit's."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

BLENDSHAPES: Final = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft",
    "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft",
    "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen",
    "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip
"""In the order in which the Face Landmarker gives them. Left and right are those of the person."""


def _other_side(name: str) -> str:
    if name.endswith("Left"):
        return name.removesuffix("Left") + "Right"
    return name.removesuffix("Right") + "Left" if name.endswith("Right") else name


BLENDSHAPE_MIRROR: Final = tuple(BLENDSHAPES.index(_other_side(name)) for name in BLENDSHAPES)
"""Index of the blendshape that takes the place of each when a face is mirrored."""


def mirrored_blendshapes(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Blendshapes (..., 52) of a mirrored face."""
    return values[..., list(BLENDSHAPE_MIRROR)]
