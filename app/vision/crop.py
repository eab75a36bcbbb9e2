"""Cuts the square that a landmark network sees out of a frame."""

from __future__ import annotations

import numpy as np

from app._opencv import cv2
from app.core.frame import Image
from app.core.geometry import Transform, points_from_unit, zoom_of

# Bilinear sampling leaves out pixels below one half; down to here no face shows it, and shrinking
# first would cost a third of the landmark stage.
_LEAST_ZOOM = 0.4


def cut_crop(image: Image, transform: Transform, size: int) -> Image:
    """Sample the crop, (size, size, 3) uint8; what lies outside the frame is black.

    A face much larger than the crop is shrunk first, or it would alias.

    Args:
        image: (H, W, 3) uint8.
        transform: from pixels of the image to those of the crop, see `crop_transform`.
        size: side of the crop in its own pixels.
    """
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
