"""Pictures as arrays: the few operations of OpenCV that the clip needs, with exact types.

Sizes are (width, height) and coordinates (x, y), as OpenCV has them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from app._opencv import cv2

Image = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
AnyArray = npt.NDArray[np.floating[Any]] | npt.NDArray[np.integer[Any]] | Mask

TEXTURE_SCALE = 3
"""Texels per source pixel: the face fills the frame at about two frame pixels per source pixel."""

_SUBPIXEL_BITS = 4


def to_texels(points: Points) -> Points:
    """Source pixels to texels; the centre of the first pixel is 0 in both."""
    return np.asarray((points + 0.5) * TEXTURE_SCALE - 0.5)


def to_image(array: AnyArray) -> Image:
    """Grey levels cut off at 0 and 255."""
    return np.clip(array, 0, 255).astype(np.uint8)


def blur(array: AnyArray, sigma: float, sigma_y: float = 0.0) -> Array:
    """Gaussian blur, the same in both directions unless `sigma_y` is given."""
    values = array.astype(np.float32)
    border = cv2.BORDER_REPLICATE
    return np.asarray(
        cv2.GaussianBlur(values, (0, 0), sigma, sigmaY=sigma_y, borderType=border), np.float32
    )


def resize(array: AnyArray, size: tuple[int, int], *, reduce: bool = False) -> Array:
    """Another size, linear, or by averaging where it is reduced."""
    how = cv2.INTER_AREA if reduce else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(array.astype(np.float32), size, interpolation=how), np.float32)


def to_source_scale(field: Array) -> Array:
    """A field at texture scale, averaged to source pixels."""
    height, width = field.shape[:2]
    return resize(field, (width // TEXTURE_SCALE, height // TEXTURE_SCALE), reduce=True)


def look_up(
    array: AnyArray, x: AnyArray, y: AnyArray, *, cubic: bool = False, outside: float | None = None
) -> Array:
    """The values of an array at columns x and rows y (H, W).

    Beyond the edge the array goes on as it ends, unless there is a value for `outside`.
    """
    values = cv2.remap(
        array.astype(np.float32),
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT,
        borderValue=[outside or 0.0] * 4,
    )
    return np.asarray(values, np.float32)


def grow(array: AnyArray, size: int) -> Array:
    """The largest value within a square of `size` pixels."""
    square = np.ones((size, size), np.uint8)
    return np.asarray(cv2.dilate(array.astype(np.float32), square), np.float32)


def shrink(array: AnyArray, size: int) -> Array:
    """The smallest value within a square of `size` pixels."""
    square = np.ones((size, size), np.uint8)
    return np.asarray(cv2.erode(array.astype(np.float32), square), np.float32)


def area(outline: Points, shape: tuple[int, ...]) -> Array:
    """(H, W) 1 within an outline (N, 2) in pixels of the result, with smooth edges."""
    mask = np.zeros(shape[:2], np.float32)
    fixed = np.round(outline * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], (1.0,), cv2.LINE_AA, _SUBPIXEL_BITS)
    return mask


def hull(points: Points, shape: tuple[int, ...]) -> Array:
    """(H, W) 1 within the convex hull of points (N, 2) in pixels of the result."""
    outline = cv2.convexHull(points.astype(np.float32))
    return area(np.asarray(outline, np.float64).reshape(-1, 2), shape)


def stroke(points: Points, width: int, shape: tuple[int, ...]) -> Array:
    """(H, W) 1 along a line through points (N, 2) in pixels of the result."""
    mask = np.zeros(shape[:2], np.float32)
    fixed = np.round(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.polylines(mask, [fixed], False, (1.0,), width, cv2.LINE_AA, _SUBPIXEL_BITS)
    return mask


def slopes(field: Array) -> tuple[Array, Array]:
    """Change of a field per pixel, to the right and down."""
    across, down = cv2.Sobel(field, cv2.CV_32F, 1, 0), cv2.Sobel(field, cv2.CV_32F, 0, 1)
    return np.asarray(across / 8, np.float32), np.asarray(down / 8, np.float32)


def smooth_fill(picture: Array, known: Array) -> Array:
    """A picture whose unknown part is filled smoothly from the known one, coarse to fine.

    Args:
        picture: (H, W, 3).
        known: (H, W), 1 where the picture counts and 0 where it is to be filled.
    """
    colour = picture * known[..., None]
    if min(picture.shape[:2]) <= 2:
        mean = colour.sum(axis=(0, 1)) / max(float(known.sum()), 1e-6)
        return np.broadcast_to(mean, picture.shape).astype(np.float32)
    height, width = picture.shape[:2]
    half = ((width + 1) // 2, (height + 1) // 2)
    weight = resize(known, half, reduce=True)
    small = resize(colour, half, reduce=True) / np.maximum(weight, 1e-6)[..., None]
    coarse = smooth_fill(small.astype(np.float32), np.minimum(weight * 4, 1))
    back = resize(coarse, (width, height))
    return np.asarray(colour + back * (1 - known[..., None]), np.float32)
