"""A card, held by a gloved hand, that passes in front of the face."""

from __future__ import annotations

import numpy as np

from app._opencv import cv2
from demo_clip.pixels import AnyArray, Array, Points, blur
from demo_clip.render import FRAME_SIZE

_CARD = (230, 150)
"""Width and height of the card in frame pixels."""

_GLOVE = (
    (40, 230, 22, 90, 50, 44),
    (-14, 92, -22, 36, 19, 16),
    (12, 90, 6, 28, 20, 17),
    (38, 92, 34, 30, 19, 16),
    (62, 98, 62, 42, 17, 14),
    (-12, 118, -66, 50, 22, 17),
)
"""Wrist and palm, four fingers over the lower edge of the card and the thumb beside them: round
rods by both ends and the radius there, pixels from the middle of the picture."""

_SHADOW = np.array([[0, 0, -14], [0, 0, 16]])
"""Where the shadow falls: to the left and down, pixels."""

_SIZE = (420, 420)
_FINE = 2


class Occluder:
    """The picture of hand and card, drawn once, and its way through the frame."""

    def __init__(self) -> None:
        self.picture, self.alpha = _draw()

    def cover(self, frame: Array, progress: float, *, shutter: float = 0.012) -> Array:
        """Draw it over a frame (H, W, 3) in place; returns its opacity (H, W).

        It comes from the lower left, covers mouth and chin and leaves to the right. `shutter` is
        the share of its way that passes while the frame is exposed.
        """
        total = np.zeros(frame.shape[:2], np.float32)
        light = np.zeros_like(frame)
        shade = np.zeros(frame.shape[:2], np.float32)
        samples = 8
        for part in range(samples):
            matrix = _way(progress + shutter * part / samples)
            alpha = _moved(self.alpha, matrix)
            total += alpha / samples
            light += _moved(self.picture, matrix) * alpha[..., None] / samples
            shade += _moved(self.alpha, matrix + _SHADOW) / samples
        frame *= 1 - 0.28 * blur(shade, 11.0)[..., None]
        frame *= 1 - total[..., None]
        frame += light
        return total


def _moved(layer: Array, matrix: Points) -> Array:
    """A layer in the frame."""
    return np.asarray(cv2.warpAffine(layer, matrix, FRAME_SIZE), np.float32)


def _way(progress: float) -> Points:
    """Texture -> frame."""
    share = min(max(progress, 0.0), 1.2)
    x = -210 + 1060 * share
    y = 500 - 440 * share * (1 - share)
    angle = np.radians(-16 + 34 * share)
    cos, sin = np.cos(angle) / _FINE, np.sin(angle) / _FINE
    centre = np.array(_SIZE) / 2 * _FINE
    rotation = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([rotation, np.array([x, y]) - rotation @ centre])


def _draw() -> tuple[Array, Array]:
    width, height = _SIZE[0] * _FINE, _SIZE[1] * _FINE
    picture = np.zeros((height, width, 3), np.float32)
    alpha = np.zeros((height, width), np.float32)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = columns / _FINE - _SIZE[0] / 2, rows / _FINE - _SIZE[1] / 2

    paper = _rounded(x, y + 40, _CARD[0] / 2, _CARD[1] / 2, 9)
    light = 1 - 0.0009 * (x + 60) - 0.0012 * (y + 40)
    _paint(picture, alpha, paper, np.dstack([light * 224, light * 232, light * 236]))
    head = _rounded(x, y + 40 + _CARD[1] / 2 - 21, _CARD[0] / 2 - 8, 13, 4)
    _paint(picture, alpha, head, np.dstack([light * 128, light * 74, light * 38]))
    rng = np.random.default_rng(5)
    for row in range(6):
        length = float(rng.uniform(0.45, 0.95)) * (_CARD[0] / 2 - 20)
        line = _rounded(x + (_CARD[0] / 2 - 20) - length, y + 76 - 16 * row, length, 2.2, 2)
        _paint(picture, alpha, line * 0.75, np.dstack([light * 120, light * 116, light * 110]))

    for x0, y0, x1, y1, r0, r1 in _GLOVE:
        cover, light = _finger(x, y, (x0, y0), (x1, y1), r0, r1)
        _paint(picture, alpha, cover, light[..., None] * np.array((196, 190, 182), np.float32))
    return picture, blur(alpha, 0.8 * _FINE)


def _rounded(x: Array, y: Array, half_w: float, half_h: float, radius: float) -> Array:
    """0..1 inside a rounded rectangle round the origin."""
    dx = np.maximum(np.abs(x) - half_w + radius, 0)
    dy = np.maximum(np.abs(y) - half_h + radius, 0)
    return np.clip(radius - np.hypot(dx, dy) + 0.5, 0, 1).astype(np.float32)


def _finger(
    x: Array, y: Array, start: tuple[float, float], end: tuple[float, float], r0: float, r1: float
) -> tuple[Array, Array]:
    """Coverage of a round rod that tapers from r0 to r1, and how brightly it is lit."""
    way = np.subtract(end, start)
    along = np.clip(((x - start[0]) * way[0] + (y - start[1]) * way[1]) / float(way @ way), 0, 1)
    dx, dy = x - start[0] - along * way[0], y - start[1] - along * way[1]
    radius = r0 + (r1 - r0) * along
    depth = np.sqrt(np.clip(1 - (dx**2 + dy**2) / radius**2, 0, 1))
    light = 0.36 + 0.46 * depth - 0.20 * dy / radius - 0.12 * dx / radius
    cover = np.clip(radius - np.hypot(dx, dy) + 0.5, 0, 1)
    return cover.astype(np.float32), np.clip(light, 0.2, 1.05).astype(np.float32)


def _paint(picture: Array, alpha: Array, cover: Array, colour: AnyArray) -> None:
    picture += (colour - picture) * cover[..., None]
    np.maximum(alpha, cover, out=alpha)
