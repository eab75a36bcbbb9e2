"""Contact sheets: many faces with their points on one picture, for the eye."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from app.core.face import Box
from app.core.geometry import crop_transform
from app.core.layout import IBUG68
from models.training.crops import Crops
from models.training.labels import Labels

TILE = 224
"""Side of one face on the sheet, pixels."""

POINT_COLOUR = (90, 255, 90)
LINE_COLOUR = (230, 150, 40)

COLUMNS = 7
STRONG_YAW = 35.0
"""Degrees; the last row shows faces turned by more."""


def draw_face(
    image: npt.NDArray[np.uint8], points: npt.NDArray[np.float32]
) -> npt.NDArray[np.uint8]:
    """One tile: the face of the points (68, 2), in pixels of the picture, with its points."""
    matrix = crop_transform(Box.around(points), scale=1.4, shift=0.0, size=TILE)
    tile = cv2.warpAffine(image, matrix, (TILE, TILE), flags=cv2.INTER_LINEAR)
    placed = points @ matrix[:, :2].T + matrix[:, 2]
    fixed = np.round(placed * 16).astype(int)  # four bits after the point, for smooth lines
    for a, b in IBUG68.edges:
        cv2.line(tile, fixed[a].tolist(), fixed[b].tolist(), LINE_COLOUR, 1, cv2.LINE_AA, 4)
    for point in fixed:
        cv2.circle(tile, point.tolist(), 20, POINT_COLOUR, -1, cv2.LINE_AA, 4)
    return np.asarray(tile, dtype=np.uint8)


def contact_sheet(tiles: Sequence[npt.NDArray[np.uint8]], *, columns: int) -> npt.NDArray[np.uint8]:
    """Tiles of one size, row by row; the last row is filled up with black."""
    blank = np.zeros_like(tiles[0])
    missing = -len(tiles) % columns
    filled = [*tiles, *[blank] * missing]
    rows = [np.hstack(filled[i : i + columns]) for i in range(0, len(filled), columns)]
    return np.vstack(rows)


def label_sheet(labels: Labels, crops: Crops, output: Path, seed: int) -> None:
    """Draw the labels of a row of random faces of every source, and of turned faces, on their
    stored crops.
    """
    rng = np.random.default_rng(seed)
    groups = [labels.source == source for source in np.unique(labels.source)]
    groups.append(np.abs(labels.angles()[:, 0]) > STRONG_YAW)
    tiles = []
    for group in groups:
        rows = rng.permutation(np.flatnonzero(group))[:COLUMNS]
        tiles += [draw_face(crops.image(row), crops.points[row]) for row in rows]
    cv2.imwrite(str(output), contact_sheet(tiles, columns=COLUMNS))
