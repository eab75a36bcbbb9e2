"""The room behind the persons."""

from __future__ import annotations

import numpy as np

from demo_clip.pixels import Array, Image, blur, grow, resize, smooth_fill, to_source_scale

SIZE = (680, 500)
"""Width and height: larger than a frame, so that the camera can move."""

_FLAG_RIGHT = 104
"""Column of the portrait where the flag ends."""

_WALL_END_Y = 250
"""Row of the portrait below which the person takes up all of it."""

_ROWS = 376
"""Rows of the portrait that are shown."""


def background(portrait: Image, matte: Array) -> Array:
    """(500, 680, 3) float32: the studio of the portrait without its person, out of focus."""
    free = (grow(to_source_scale(matte), 11) < 0.02).astype(np.float32)
    free[_WALL_END_Y:] = 0
    wall = free.copy()
    wall[:, :_FLAG_RIGHT] = 0  # its red would run into the part that is filled
    filled = smooth_fill(portrait.astype(np.float32), wall)
    keep = blur(free, 2.0)
    keep[:, _FLAG_RIGHT:] = free[:, _FLAG_RIGHT:]
    filled += (portrait - filled) * keep[..., None]
    return blur(resize(filled[:_ROWS], SIZE), 4.0)
