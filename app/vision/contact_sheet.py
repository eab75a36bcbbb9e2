"""Feature maps and filters as one picture."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.frame import Image
from app.vision.feature_maps import Inside, NetworkInside

_GAP: Final = 2
_GROUND: Final = 24
MOST: Final = 144
"""Maps on one sheet; more would be too small to be seen."""


def inside_sheet(network: NetworkInside, inside: Inside, layer: int | None) -> tuple[Image, str]:
    """The maps of a layer, or the filters of the first one for None, and what to say about them."""
    if layer is None:
        filters = network.filters()
        shape = "×".join(str(side) for side in filters.shape[1:])
        sheet = filters_sheet(filters, rgb=network.card.channels == "rgb")
        return sheet, f"{len(filters)} filters of {shape}; grey is 0."
    maps = inside.layers[layer].maps
    return maps_sheet(maps), f"The first {MOST} of {len(maps)} maps." if len(maps) > MOST else ""


def maps_sheet(maps: npt.NDArray[np.floating[Any]], *, side: int = 720) -> Image:
    """The maps (C, H, W) beside each other, (about side, about side, 3) BGR uint8.

    Each map has a scale of colours of its own, from its least to its largest value; of more than
    `MOST` maps the first are shown.
    """
    shown = maps[:MOST]
    columns = math.ceil(math.sqrt(len(shown)))
    cell = max(side // columns - _GAP, 4)
    tiles = []
    for values in shown:
        grey = _stretched(values)
        size = _fitted(grey.shape[1], grey.shape[0], cell)
        large = cv2.resize(grey, size, interpolation=cv2.INTER_NEAREST)
        tiles.append(np.asarray(cv2.applyColorMap(large, cv2.COLORMAP_VIRIDIS), np.uint8))
    return _tiled(tiles, columns)


def filters_sheet(
    filters: npt.NDArray[np.floating[Any]], *, rgb: bool = False, side: int = 720
) -> Image:
    """The filters (O, I, H, W) beside each other, BGR uint8, all on one scale: grey is 0.

    Args:
        filters: with three inputs they are shown in colours, else by their first input.
        rgb: the inputs are red, green, blue; else blue, green, red.
        side: of the sheet, pixels, about.
    """
    shown = filters[:MOST]
    columns = math.ceil(math.sqrt(len(shown)))
    cell = max(side // columns - _GAP, 4)
    peak = max(float(np.abs(shown).max()), 1e-12)
    tiles = []
    for weights in shown:
        values = weights if len(weights) == 3 else np.repeat(weights[:1], 3, axis=0)
        picture = np.moveaxis(values[::-1] if rgb and len(weights) == 3 else values, 0, -1)
        pixels = np.clip(127.5 * (1 + picture / peak), 0, 255).astype(np.uint8)
        size = _fitted(pixels.shape[1], pixels.shape[0], cell)
        tiles.append(
            np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST), np.uint8)
        )
    return _tiled(tiles, columns)


def _stretched(values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint8]:
    low, high = float(values.min()), float(values.max())
    scale = 255 / (high - low) if high > low else 0.0
    return ((values - low) * scale).astype(np.uint8)


def _fitted(width: int, height: int, cell: int) -> tuple[int, int]:
    zoom = cell / max(width, height)
    return max(round(width * zoom), 1), max(round(height * zoom), 1)


def _tiled(tiles: list[Image], columns: int) -> Image:
    height, width = (max(tile.shape[axis] for tile in tiles) + _GAP for axis in (0, 1))
    rows = math.ceil(len(tiles) / columns)
    sheet = np.full((rows * height, columns * width, 3), _GROUND, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // columns * height, number % columns * width
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return sheet
