"""What people wear or hold before their face, drawn over a crop: glasses, masks, hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Points = npt.NDArray[np.floating[Any]]
Random = np.random.Generator

CHANCE: Final = 0.2
"""Share of the crops that get one of the accessories."""

_BITS: Final = 4
"""Fractional bits of coordinates, for smooth edges."""


class Worn(NamedTuple):
    """A crop (N, N, 3) with something before its face, and how much of each pixel that hides,
    (N, N) float32 in 0..1.
    """

    image: Image
    cover: npt.NDArray[np.float32]


def wear_something(image: Image, points: Points, rng: Random) -> Worn:
    """Now and then a crop with an accessory.

    Args:
        image: (N, N, 3) uint8.
        points: (68, 2) `ibug68`, pixels of the crop.
        rng: decides whether, and which one.
    """
    if rng.random() >= CHANCE:
        return Worn(image, np.zeros(image.shape[:2], np.float32))
    kinds: tuple[Callable[[Image, Points, Random], Worn], ...] = (
        sunglasses, glasses, face_mask, hand,
    )  # fmt: skip
    return kinds[rng.integers(len(kinds))](image, points, rng)


def sunglasses(image: Image, points: Points, rng: Random) -> Worn:
    """Dark lenses that let a little through."""
    lenses, bridge, width = _lenses(points, rng)
    mask = np.zeros(image.shape[:2], np.uint8)
    for lens in lenses:
        cv2.fillPoly(mask, [_fixed(lens)], 255, cv2.LINE_AA, _BITS)
    cv2.polylines(mask, [_fixed(bridge)], False, 255, width, cv2.LINE_AA, _BITS)
    colour = rng.uniform(0, 60, 3)
    opacity = float(rng.uniform(0.75, 1.0))
    return Worn(_mix(image, colour, mask, opacity), _cover(mask, opacity))


def glasses(image: Image, points: Points, rng: Random) -> Worn:
    """Frames, with a glint now and then."""
    lenses, bridge, width = _lenses(points, rng)
    mask = np.zeros(image.shape[:2], np.uint8)
    lines = [_fixed(lens) for lens in lenses]
    cv2.polylines(mask, lines, True, 255, width, cv2.LINE_AA, _BITS)
    cv2.polylines(mask, [_fixed(bridge)], False, 255, width, cv2.LINE_AA, _BITS)
    image = _mix(image, rng.uniform(0, 110, 3), mask, float(rng.uniform(0.7, 1.0)))
    if rng.random() < 0.3:
        glint = np.zeros(image.shape[:2], np.uint8)
        middle = lenses[rng.integers(2)].mean(axis=0)
        size = np.linalg.norm(points[45] - points[36]) * rng.uniform(0.04, 0.12, 2)
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(glint, (middle.tolist(), (2 * size).tolist(), angle), 255, -1, cv2.LINE_AA)
        image = _mix(image, np.full(3, 255.0), glint, float(rng.uniform(0.3, 0.8)))
    return Worn(image, _cover(mask, 0.0))


def face_mask(image: Image, points: Points, rng: Random) -> Worn:
    """Cloth over nose, mouth and chin, with folds and the shading of a ball."""
    nose = points[27] + (points[30] - points[27]) * rng.uniform(0.15, 0.7)
    jaw = points[2:15] + (points[8] - points[27]) * 0.04
    outline = np.concatenate([jaw, nose[None]])
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [_fixed(outline)], 255, cv2.LINE_AA, _BITS)
    colours = ((225, 205, 170), (235, 235, 235), (40, 40, 40), tuple(rng.uniform(0, 255, 3)))
    colour = np.array(colours[rng.integers(len(colours))], np.float64) * rng.uniform(0.5, 1.05)
    rows, columns = np.indices(image.shape[:2], dtype=np.float32)
    down = (points[8] - points[27]) / max(float(np.linalg.norm(points[8] - points[27])), 1e-6)
    across = np.array([down[1], -down[0]])
    middle = outline.mean(axis=0)
    side = ((columns - middle[0]) * across[0] + (rows - middle[1]) * across[1]) / max(
        float(np.ptp(jaw @ across)), 1e-6
    )
    along = (columns - middle[0]) * down[0] + (rows - middle[1]) * down[1]
    period = float(np.linalg.norm(points[8] - points[27])) * rng.uniform(0.1, 0.25)
    shade = 1 - 0.9 * side**2 + rng.uniform(0.0, 0.06) * np.sin(2 * np.pi * along / max(period, 1))
    cloth = np.clip(shade[..., None] * colour, 0, 255)
    return Worn(_mix(image, cloth, mask, 1.0), _cover(mask, 1.0))


def hand(image: Image, points: Points, rng: Random) -> Worn:
    """Fingers and a palm in the colour of the face, from below or from a side."""
    unit = float(np.linalg.norm(points[45] - points[36]))
    cheek = np.clip(np.round(points[[2, 14, 33]].mean(axis=0)), 0, image.shape[0] - 1).astype(int)
    skin = image[cheek[1], cheek[0]].astype(np.float64) * rng.uniform(0.75, 1.2)
    tip = points[rng.integers(0, 68)] + rng.normal(0, 0.15, 2) * unit
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    width = unit * float(rng.uniform(0.13, 0.2))
    mask = np.zeros(image.shape[:2], np.uint8)
    edges = np.zeros_like(mask)
    for finger in range(int(rng.integers(1, 5))):
        start = tip + across * finger * width * 1.05 + along * rng.uniform(-0.15, 0.15) * unit
        line = _fixed(np.stack([start, start + along * 3 * unit]))
        cv2.polylines(mask, [line], False, 255, max(round(width), 1), cv2.LINE_AA, _BITS)
        border = _fixed(np.stack([start, start + along * 3 * unit]) + across * width / 2)
        cv2.polylines(edges, [border], False, 255, 1, cv2.LINE_AA, _BITS)
    image = _mix(image, np.clip(skin, 0, 255), mask, 1.0)
    image = _mix(image, np.clip(skin * 0.6, 0, 255), np.minimum(edges, mask), 0.7)
    return Worn(image, _cover(mask, 1.0))


def _lenses(points: Points, rng: Random) -> tuple[list[Points], Points, int]:
    """Outlines of two lenses (24, 2), the bridge between them (2, 2), and the frame's width."""
    unit = float(np.linalg.norm(points[45] - points[36]))
    along = (points[45] - points[36]) / max(unit, 1e-6)
    down = np.array([-along[1], along[0]])
    width, height = unit * rng.uniform(0.23, 0.32), unit * rng.uniform(0.15, 0.26)
    power = float(rng.uniform(0.5, 1.0))  # 1: an ellipse, less: nearer to a rectangle
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power * width
    y = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power * height
    lower = down * unit * rng.uniform(-0.02, 0.08)
    lenses = []
    for eye in (points[36:42], points[42:48]):
        # A lens of a turned face is as narrow as its eye.
        narrow = float(np.clip(np.ptp(eye @ along) / (0.3 * unit), 0.5, 1.1))
        lenses.append(eye.mean(axis=0) + lower + np.outer(x * narrow, along) + np.outer(y, down))
    bridge = np.stack([points[39], points[42]]) + lower
    return lenses, bridge, max(round(unit * float(rng.uniform(0.015, 0.05))), 1)


def _fixed(points: Points) -> npt.NDArray[np.int32]:
    return np.asarray(np.round(points * (1 << _BITS)), np.int32)


def _cover(mask: Image, opacity: float) -> npt.NDArray[np.float32]:
    return np.asarray(mask, np.float32) * np.float32(opacity / 255)


def _mix(image: Image, colour: npt.NDArray[np.floating[Any]], mask: Image, opacity: float) -> Image:
    share = (mask.astype(np.float32) / 255 * opacity)[..., None]
    return np.clip(image + share * (colour - image), 0, 255).astype(np.uint8)
