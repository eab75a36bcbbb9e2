"""Shut eyes and open mouths: lids and lips of a face mesh moved, and the picture with them."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from app.core.mesh import (
    INNER_LIPS,
    JAW_PAIRS,
    LIP_CORNERS,
    LOWER_LIDS,
    LOWER_LIPS,
    UPPER_LIDS,
    UPPER_LIPS,
)
from models.training.mapping import FACE_VERTICES, LEFT_CORNER, RIGHT_CORNER
from models.training.surface import Surface

Image = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]
Random = np.random.Generator

SKIN_ABOVE: Final = ((247, 30, 29, 27, 28, 56, 190), (414, 286, 258, 257, 259, 260, 467))
"""The next row of the mesh above each inner point of the upper lids."""

LOWER_RISE: Final = 0.15
"""Where the lids of a shut eye meet: share of the eye's height above the lower lid."""

CHIN: Final = (18, 200, 199, 175, 152, 148, 377, 176, 400)
JAW_SHARES: Final = (0.88, 0.72, 0.5, 0.3, 0.12)
"""How far each pair of the outline follows the chin, from the chin to the ears."""
STILL: Final = (
    2, 97, 326, 98, 327, 64, 294, 4, 195, 168, 145, 374, 33, 263, 133, 362, 10, 67, 297, 109,
    338, 127, 356, 234, 454, 93, 323, 50, 280, 205, 425, 116, 345, 132, 361,
)  # fmt: skip
"""Points that a dropping jaw leaves alone."""

GREY: Final = 12
"""A picture whose channels nowhere differ by more has no colour."""


def closed_eyes(
    mesh: npt.NDArray[np.float32], openings: tuple[float, float]
) -> npt.NDArray[np.float32]:
    """The mesh (478, 3) with its eyes opened to a share (0 shut, 1 as they are) of now."""
    moved = mesh.copy()
    for upper, lower, skin, opening in zip(
        UPPER_LIDS, LOWER_LIDS, SKIN_ABOVE, openings, strict=True
    ):
        above, below = mesh[list(upper)], mesh[list(lower)]
        meet = below + LOWER_RISE * (above - below)
        moved[list(upper)] = meet + opening * (above - meet)
        moved[list(lower)] = below + (1 - opening) * LOWER_RISE * (above - below)
        moved[list(skin)] += 0.4 * (moved[list(upper)] - above)[1:-1]
    return moved


class Jaw:
    """How the face follows a dropping jaw.

    Args:
        surface: of all faces.
    """

    def __init__(self, surface: Surface) -> None:
        keys: dict[int, float] = dict.fromkeys(STILL, 0.0)
        for pair, share in zip(JAW_PAIRS, JAW_SHARES, strict=True):
            keys.update(dict.fromkeys(pair, 0.65 * share))
        keys.update(dict.fromkeys(CHIN, 0.65))
        across = np.linspace(-0.9, 0.9, 9)
        bow = np.clip(1 - across**2, 0, 1) ** 0.65
        for row in LOWER_LIPS:
            keys.update(zip(row, (0.35 + 0.65 * bow).tolist(), strict=True))
        for row in UPPER_LIPS:
            keys.update(zip(row, (0.3 - 0.4 * bow).tolist(), strict=True))
        keys.update(dict.fromkeys(LIP_CORNERS, 0.35))
        self._shares = _harmonic(surface.triangles, keys)

    def drop(self, mesh: npt.NDArray[np.float32], way: float) -> npt.NDArray[np.float32]:
        """The mesh (478, 3) with the lower lip `way` eye distances further down."""
        unit = np.linalg.norm(mesh[RIGHT_CORNER] - mesh[LEFT_CORNER])
        down = mesh[152] - mesh[168]
        down = down / np.linalg.norm(down)
        moved = mesh.copy()
        moved[:FACE_VERTICES] += (way * unit * self._shares)[:, None] * down
        lips = list({*LIP_CORNERS, *UPPER_LIPS[0], *UPPER_LIPS[1], *LOWER_LIPS[0], *LOWER_LIPS[1]})
        middle = (mesh[13] + mesh[14]) / 2
        across = mesh[291] - mesh[61]
        across = across / np.linalg.norm(across)
        inward = (mesh[lips] - middle) @ across
        moved[lips] -= (0.35 * way * inward)[:, None] * across
        return moved


def paint_eyes(
    surface: Surface,
    image: Image,
    mesh: npt.NDArray[np.float32],
    moved: npt.NDArray[np.float32],
    openings: tuple[float, float],
) -> Image:
    """The crop with its lids moved; what stays visible of the eyeball stays where it is."""
    size = image.shape[0]
    painted = _move(surface, image, mesh, moved)
    for upper, lower, opening in zip(UPPER_LIDS, LOWER_LIDS, openings, strict=True):
        if opening >= 1:
            continue
        ring = moved[[*upper, *lower[-2:0:-1]], :2]
        inside = _soft_area(ring, size)
        painted = _mix(painted, image, inside if opening > 0.08 else 0 * inside)
        lashes = moved[list(upper), :2]
        line = np.zeros((size, size), np.uint8)
        fixed = np.round(lashes * 16).astype(np.int32)
        cv2.polylines(line, [fixed], False, 255, 1, cv2.LINE_AA, 4)
        colour = _darkest(image, mesh[list(upper), :2])
        strength = 0.75 * float(np.clip((0.75 - opening) / 0.4, 0, 1))
        soft = cv2.GaussianBlur(line, (0, 0), 0.6).astype(np.float32) / 255
        painted = _mix(painted, np.broadcast_to(colour, image.shape), strength * soft)
    return painted


def paint_mouth(
    surface: Surface,
    image: Image,
    mesh: npt.NDArray[np.float32],
    moved: npt.NDArray[np.float32],
    rng: Random,
) -> Image:
    """The crop with its lips moved, and between them teeth, tongue and darkness."""
    size = image.shape[0]
    painted = _move(surface, image, mesh, moved)
    ring = moved[list(INNER_LIPS), :2]
    inside = _soft_area(ring, size)
    top, bottom = moved[13, :2], moved[14, :2]
    rows, columns = np.indices((size, size), dtype=np.float32)
    depth = bottom - top
    share = ((columns - top[0]) * depth[0] + (rows - top[1]) * depth[1]) / max(
        float(depth @ depth), 1e-6
    )
    light = float(image.mean()) / 110
    dark = np.array([22, 16, 38]) * light * rng.uniform(0.6, 1.4)
    teeth = np.array([180, 195, 205]) * light * rng.uniform(0.6, 1.0)
    tongue = np.array([78, 70, 150]) * light * rng.uniform(0.5, 1.0)
    cavity = np.broadcast_to(dark, image.shape).astype(np.float32)
    if rng.random() < 0.7:
        edge = rng.uniform(0.12, 0.3)
        cavity = _blend(cavity, teeth, np.clip((edge - share) / 0.08, 0, 1))
    if rng.random() < 0.6:
        edge = rng.uniform(0.55, 0.8)
        cavity = _blend(cavity, tongue, np.clip((share - edge) / 0.15, 0, 1))
    if np.ptp(image.astype(np.int16), axis=2).max() < GREY:
        cavity[:] = cavity.mean(axis=2, keepdims=True)
    return _mix(painted, np.clip(cavity, 0, 255).astype(np.uint8), inside)


def _move(
    surface: Surface,
    image: Image,
    mesh: npt.NDArray[np.float32],
    moved: npt.NDArray[np.float32],
) -> Image:
    side = image.shape[0] - 1
    source = surface.vertices(mesh, side=side)
    target = surface.vertices(moved, side=side)
    return surface.paint(image, source, target)


def _soft_area(ring: npt.NDArray[np.floating], size: int) -> npt.NDArray[np.float32]:
    """1 inside a polygon (N, 2), 0 outside, soft over a pixel."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.round(ring * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.5), np.float32) / 255


def _mix(image: Image, other: npt.NDArray[np.uint8], share: npt.NDArray[np.floating]) -> Image:
    mixed = image + share[..., None] * (other.astype(np.float32) - image)
    return np.clip(mixed, 0, 255).astype(np.uint8)


def _blend(
    image: npt.NDArray[np.float32], colour: Points, share: npt.NDArray[np.floating]
) -> npt.NDArray[np.float32]:
    return np.asarray(image + share[..., None] * (colour - image), np.float32)


def _darkest(image: Image, places: npt.NDArray[np.floating]) -> Image:
    """The darkest colour at any of some places (N, 2)."""
    last = image.shape[0] - 1
    column, row = np.clip(np.round(places), 0, last).astype(int).T
    colours = image[row, column]
    return np.asarray(colours[colours.sum(axis=1).argmin()], np.uint8)


def _harmonic(triangles: npt.NDArray[np.int64], keys: dict[int, float]) -> Points:
    """(468,) values that are given at some points of the face and smooth in between."""
    laplacian = np.zeros((FACE_VERTICES, FACE_VERTICES))
    face = triangles[(triangles < FACE_VERTICES).all(axis=1)]
    for a, b in ((0, 1), (1, 2), (2, 0)):
        laplacian[face[:, a], face[:, b]] = laplacian[face[:, b], face[:, a]] = -1
    np.fill_diagonal(laplacian, -laplacian.sum(axis=1))
    fixed = np.array(list(keys))
    free = np.setdiff1d(np.arange(FACE_VERTICES), fixed)
    values = np.zeros(FACE_VERTICES)
    values[fixed] = list(keys.values())
    right = -laplacian[np.ix_(free, fixed)] @ values[fixed]
    values[free] = np.linalg.solve(laplacian[np.ix_(free, free)], right)
    return values
