"""A first convolution in steps of two that reads four pixels of a row as one of twelve channels.

In int8 the runtime is slow at three channels and fast at twelve. Four pixels of a row lie side by
side in memory, so it costs nothing to read them as one; the weights are those of before among
zeros. `models/training/columns.py` rewrites a network so.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

COLUMNS: Final = 4
"""Columns that become one. Measured: two gain nothing, eight no more than four."""

CELLS: Final = COLUMNS // 2
"""Cells of the answer that lie side by side in one of them."""

_SIDE = 3  # of the kernel that is joined


def joined_kernel(kernel: Array) -> Array:
    """A kernel (O, I, 3, 3) that goes in steps of two, for joined columns: (2 O, 4 I, 3, 2), in
    steps of two rows and one column, its answers those of two cells side by side.
    """
    outputs, inputs = kernel.shape[:2]
    joined = np.zeros((CELLS, outputs, COLUMNS, inputs, _SIDE, 2), np.float32)
    for cell in range(CELLS):
        for column in range(_SIDE):
            # The first column that a cell reads lies to the left of it, for the first cell in the
            # joined column before.
            group, place = divmod(COLUMNS + 2 * cell + column - 1, COLUMNS)
            joined[cell, :, place, ..., group] = kernel[..., column]
    return joined.reshape(CELLS * outputs, COLUMNS * inputs, _SIDE, 2)


def separate_kernel(kernel: Array, depth: int) -> Array | None:
    """The kernel (O, depth, 3, 3) that a joined one stands for, or None if it is no such kernel.

    Args:
        kernel: of the first convolution.
        depth: channels of the crop.
    """
    outputs = len(kernel) // CELLS
    if kernel.shape != (CELLS * outputs, COLUMNS * depth, _SIDE, 2):
        return None
    # The last cell reads the last three of its own columns.
    last = kernel[-outputs:].reshape(outputs, COLUMNS, depth, _SIDE, 2)
    own = np.ascontiguousarray(np.moveaxis(last[:, -_SIDE:, ..., 1], 1, -1))
    return own if np.array_equal(joined_kernel(own), kernel) else None


def separate_maps(maps: Array) -> Array:
    """The maps (C, H, H) that a joined convolution's maps (2 C, H, H / 2) stand for."""
    count, height, _ = maps.shape
    apart = maps.reshape(CELLS, count // CELLS, height, -1)
    return np.moveaxis(apart, 0, -1).reshape(count // CELLS, height, -1)
