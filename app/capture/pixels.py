"""Arrays of any common kind made into the one kind that the program works on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.frame import Image


def to_bgr(array: npt.NDArray[Any]) -> Image:
    """Make a picture (H, W, 3) uint8 BGR.

    Args:
        array: (H, W), (H, W, 1), (H, W, 2) grey with alpha, (H, W, 3) BGR or (H, W, 4) BGRA;
            uint8, uint16 (its upper 8 bits are kept), float (0..1) or bool. What is transparent
            is laid on white, because the colours under full transparency are arbitrary.

    Raises:
        ValueError: the array is empty or of another kind.
    """
    if array.ndim not in (2, 3) or array.size == 0:
        raise ValueError(f"a picture must be (H, W) or (H, W, channels), got {array.shape}")
    array = _to_uint8(array)
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    channels = array.shape[2]
    if channels == 1:
        return np.repeat(array, 3, axis=2)
    if channels == 3:
        return np.ascontiguousarray(array)
    if channels == 2:
        return _on_white(np.repeat(array[:, :, :1], 3, axis=2), array[:, :, 1])
    if channels == 4:
        return _on_white(np.ascontiguousarray(array[:, :, :3]), array[:, :, 3])
    raise ValueError(f"a picture must have 1 to 4 channels, got {channels}")


def _to_uint8(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return np.asarray(array >> 8, dtype=np.uint8)
    if array.dtype == np.bool_:
        return np.where(array, np.uint8(255), np.uint8(0))
    if np.issubdtype(array.dtype, np.floating):
        # Not nan_to_num, which warns in threads where subnormal numbers are switched off.
        known = np.where(np.isnan(array), 0.0, np.clip(array, 0.0, 1.0))
        return np.asarray(np.rint(known * 255.0), dtype=np.uint8)
    raise ValueError(f"a picture must be of uint8, uint16, float or bool, got {array.dtype}")


def _on_white(colour: Image, alpha: npt.NDArray[np.uint8]) -> Image:
    if int(alpha.min()) == 255:
        return colour
    weight = cv2.merge([alpha, alpha, alpha])
    laid = cv2.multiply(colour, weight, scale=1 / 255)
    return np.asarray(cv2.add(laid, cv2.bitwise_not(weight)), dtype=np.uint8)
