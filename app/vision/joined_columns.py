"""Networks whose first convolution reads several pixels of a row as one of more channels, for the
sake of the runtime (`models/training/columns.py`): what they stand for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def separate_kernel(kernel: Array, depth: int) -> Array:
    """The kernel (O, depth, H, 3) in steps of two pixels that a kernel (O r, 2 r depth, H, 2) for
    2 r columns joined stands for; another one comes back as it is.

    Args:
        kernel: of the first convolution.
        depth: channels of the crop.
    """
    columns = kernel.shape[1] // depth
    cells = columns // 2
    if cells == 0 or kernel.shape[1] != 2 * cells * depth or kernel.shape[0] % cells:
        return kernel
    # The left cell alone reads from all three columns at known places.
    left = kernel[: kernel.shape[0] // cells]
    by_column = left.reshape(len(left), columns, depth, *kernel.shape[2:])
    read = by_column[:, -1, ..., 0], by_column[:, 0, ..., 1], by_column[:, 1, ..., 1]
    return np.stack(read, axis=-1)


def separate_maps(maps: Array) -> Array:
    """Square maps (C, H, H) of maps (C r, H, H / r) that hold r cells of a row side by side as
    channels; others come back as they are.
    """
    count, height, width = maps.shape
    cells = height // max(width, 1)
    if cells <= 1 or height != cells * width or count % cells:
        return maps
    apart = maps.reshape(cells, count // cells, height, width)
    return np.ascontiguousarray(np.moveaxis(apart, 0, -1)).reshape(-1, height, height)
