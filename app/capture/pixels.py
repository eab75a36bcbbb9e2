"""Arrays of any common kind made into the one kind that the program works on."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.frame import Image

_BITS: Final = (8, 10, 12, 14, 16)
# Values of light, of which 1 is white, rarely go beyond.
_BRIGHTEST: Final = 64.0


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


def scaled_to_bytes(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The values of a still picture as 0..255, scaled by what they hold.

    Cameras and microscopes keep 10, 12 or 14 bits in numbers of 16, which would look black, and
    numbers with a point run to 1, to 255 or to whatever was measured. Of a video no frame may be
    scaled by itself, or it would flicker; see `to_bgr`.

    Args:
        array: (H, W) or (H, W, channels) of any numbers; a last channel of 2 or 4 is alpha.

    Raises:
        ValueError: the array is empty.
    """
    if array.size == 0:
        raise ValueError("a picture must have pixels")
    if array.dtype in (np.uint8, np.bool_):
        return _to_uint8(array)
    if array.ndim == 3 and array.shape[2] in (2, 4):
        colour, alpha = array[..., :-1], array[..., -1:]
        return np.concatenate([scaled_to_bytes(colour), scaled_to_bytes(alpha)], axis=2)
    if array.dtype == np.uint16:
        bits = max(int(array.max()).bit_length(), 8)
        bits = next(known for known in _BITS if bits <= known)
        return np.asarray(array >> (bits - 8), dtype=np.uint8)
    values = array.astype(np.float32)
    known = np.isfinite(values)
    values = np.where(known, values, 0.0)
    low = min(float(values.min()), 0.0)
    values = values - low
    white = _white(values, whole=np.issubdtype(array.dtype, np.integer))
    return np.asarray(np.rint(np.clip(values / white, 0.0, 1.0) * 255.0), dtype=np.uint8)


def _white(values: npt.NDArray[np.float32], *, whole: bool) -> float:
    """The value of white among values from 0 on."""
    most = float(values.max())
    if most <= 1.0 and not whole:
        return 1.0
    if most <= _BRIGHTEST and not whole:  # light as it is, where few things outshine white
        return max(float(np.percentile(values, 99.0)), 1.0)
    return next((float(2**bits - 1) for bits in _BITS if most < 2**bits), most)


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
