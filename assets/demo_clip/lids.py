"""Closing eyes: the skin above an eye is drawn down over it, as a lid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.mesh import LOWER_LIDS, UPPER_LIDS
from demo_clip.pixels import Array, Image, Points, blur, stroke, to_image, to_texels

_LOWER_RISE = 0.15
"""Share of the eye's height by which the lower lid comes up when the eye is shut."""

_LASHES = 0.4
"""Height of the dark line of the upper lid, as a share of the eye's height."""

_BARE_SKIN = 0.85
"""Height of the skin between lashes and brow that can be drawn down, likewise."""

_CHEEK_BELOW = 6.0
"""Source pixels of skin below the eye that give when the lower lid rises."""

_LASH_COLOUR = (44, 50, 66)


@dataclass(frozen=True, eq=False)
class _Eye:
    """Outline of an open eye by column of texels, source pixels."""

    upper: tuple[int, ...]
    lower: tuple[int, ...]
    lid: Array
    under: Array
    gap: Array
    size: float

    @property
    def shape(self) -> Array:
        """0..1, 0 at the corners and 1 in the middle."""
        return np.minimum(self.gap / self.size * 1.4, 1.0)


class Lids:
    """Both eyes of a face mesh (478, 2) within a picture whose texels lie at rows `y`."""

    def __init__(self, mesh: Points, x: Array, y: Array) -> None:
        self.mesh, self.x, self.y = mesh, x, y
        self.eyes = [self._outline(*lids) for lids in zip(UPPER_LIDS, LOWER_LIDS, strict=True)]

    def _outline(self, upper: tuple[int, ...], lower: tuple[int, ...]) -> _Eye:
        top, bottom = self.mesh[list(upper)], self.mesh[list(lower)]
        columns = np.clip(self.x[0], top[0, 0], top[-1, 0])
        lid = _smooth(np.interp(columns, top[:, 0], top[:, 1]))
        under = _smooth(np.interp(columns, bottom[:, 0], bottom[:, 1]))
        gap = _smooth(np.maximum(under - lid, 0))
        return _Eye(upper, lower, lid, under, gap, float(gap.max()))

    def close(self, openings: tuple[float, float], mesh: Points) -> tuple[Points, Array]:
        """Move the lids of a mesh (478, 2) to the openings (0..1, left and right in the picture).

        Returns:
            The mesh and, for every texel, how many source pixels further down its colour comes
            from.
        """
        moved = mesh.copy()
        shift = np.zeros_like(self.x)
        for eye, opening in zip(self.eyes, openings, strict=True):
            shut = 1 - opening
            if shut > 0:
                shift = self._displace(eye, shut, shift)
                self._move_mesh(eye, shut, moved)
        return moved, blur(shift, 0.9)

    def _displace(self, eye: _Eye, shut: float, shift: Array) -> Array:
        y, shape = self.y, eye.shape
        rise = _LOWER_RISE * eye.gap * shut
        edge = eye.lid + 0.5 * shape  # the lower edge of the lashes
        lash = eye.lid - _LASHES * eye.size * shape
        brow = lash - _BARE_SKIN * eye.size * shape
        # past the lower lid by a hair: no white may stay visible
        goal = edge + shut * np.maximum(eye.under - rise + 1.1 * shape - edge, 0)
        goal_lash = goal - (edge - lash) * (1 - 0.4 * shut)
        skin = brow + (lash - brow) * (y - brow) / np.maximum(goal_lash - brow, 1e-3)
        band = lash + (edge - lash) * (y - goal_lash) / np.maximum(goal - goal_lash, 1e-3)
        source = np.where(y < goal_lash, skin, band)
        shift = np.where((y > brow) & (y <= goal), source - y, shift)
        bottom = eye.under + _CHEEK_BELOW
        fade = np.clip((bottom - y) / (_CHEEK_BELOW + rise), 0, 1)
        cheek = (y > goal) & (y > eye.under - rise) & (y < bottom)
        return np.where(cheek, rise * fade, shift).astype(np.float32)

    def _move_mesh(self, eye: _Eye, shut: float, moved: Points) -> None:
        for index in eye.upper[1:-1]:
            x, y = self.mesh[index]
            gap, under = self._at(eye.gap, x), self._at(eye.under, x)
            goal = under - (_LOWER_RISE * shut + 0.04) * gap
            moved[index, 1] += shut * (goal - y)
        for index in eye.lower[1:-1]:
            moved[index, 1] -= _LOWER_RISE * shut * self._at(eye.gap, self.mesh[index, 0])

    def _at(self, row: Array, x: float) -> float:
        return float(np.interp(x, self.x[0], row))

    def draw_lashes(self, picture: Image, openings: tuple[float, float], mesh: Points) -> Image:
        """Lashes along the lids of a mesh that are nearly shut, over a picture at texture scale."""
        line = np.zeros(self.x.shape, np.float32)
        for eye, opening in zip(self.eyes, openings, strict=True):
            strength = np.clip((0.7 - opening) / 0.5, 0, 1)
            if strength > 0:
                points = _through(to_texels(mesh[list(eye.upper)] + [0, 0.2]))
                line = np.maximum(line, stroke(points, 4, line.shape) * float(strength))
        if not line.any():
            return picture
        opacity = 0.65 * blur(line, 1.2)[..., None]
        return to_image(picture + opacity * (np.array(_LASH_COLOUR, np.float32) - picture))


def _smooth(values: Points) -> Array:
    return np.asarray(blur(values[None], 1.5)[0])


def _through(points: Points) -> Points:
    """A smooth curve through points (N, 2) that go from left to right, (60, 2)."""
    x = np.linspace(points[0, 0], points[-1, 0], 60)
    curve: Points = np.polyval(np.polyfit(points[:, 0], points[:, 1], 4), x)
    return np.column_stack([x, curve])
