"""Lips and jaw: closing the smile of the portrait, and opening the mouth wide."""

from __future__ import annotations

import numpy as np

from app.core.mesh import INNER_LIPS, JAW_PAIRS, LIP_CORNERS, LOWER_LIPS, UPPER_LIPS
from demo_clip.pixels import (
    TEXTURE_SCALE,
    Array,
    Image,
    Points,
    area,
    blur,
    look_up,
    to_image,
    to_texels,
)

_LIPS = (*LIP_CORNERS, *UPPER_LIPS[0], *UPPER_LIPS[1], *LOWER_LIPS[0], *LOWER_LIPS[1])
_CHIN = (
    *(18, 83, 313, 200, 201, 421, 199, 208, 428, 175, 171, 396),
    *(152, 148, 377, 176, 400),
)
_JAW_SHARES = (0.88, 0.72, 0.5, 0.3, 0.12)
"""How far each pair of the jaw's outline follows the chin, from the chin to the ears."""

_STILL = (
    *(2, 97, 326, 98, 327, 64, 294, 4, 195, 168, 145, 374, 33, 263, 133, 362, 10, 67, 297, 109),
    *(338, 127, 356, 234, 454, 93, 323, 50, 280, 205, 425, 116, 345, 117, 346, 132, 361),
)
"""Points that hold the rest of the face in place."""

_PORTRAIT_EYE_DISTANCE = 60.6
"""Between the outer corners of the eyes; all lengths below are pixels of such a face."""

_CHIN_DROP = 15.0
_DARK = (22, 16, 38)
_TONGUE = (78, 70, 150)
_STEP = 3
"""Source pixels between the points at which the displacement is computed."""


class Mouth:
    """The mouth of a face mesh (478, 2) in a picture whose texels lie at columns x and rows y."""

    def __init__(self, mesh: Points, picture: Image, x: Array, y: Array) -> None:
        self.mesh, self.picture, self.x, self.y = mesh, picture, x, y
        self.unit = float(np.linalg.norm(mesh[263] - mesh[33])) / _PORTRAIT_EYE_DISTANCE
        self.teeth = blur(self._fill(mesh), 1.0)

    def move(self, jaw: float, smile: float) -> Points:
        """(478, 2) the mesh with the jaw dropped and the smile of the portrait kept (0..1 each)."""
        moved = self.mesh.copy()
        left, right = self.mesh[61], self.mesh[291]
        across = (right - left) / np.linalg.norm(right - left)
        down = np.array([-across[1], across[0]])
        half = float(np.linalg.norm(right - left)) / 2
        lips = list(_LIPS)
        centre = (self.mesh[13] + self.mesh[14]) / 2
        inward = -((self.mesh[lips] - centre) @ across) / half
        rest = 1 - smile

        # at rest the lower lip does most of the way to close the gap, and the corners come in
        sink = rest * self._gap() * [_CLOSING.get(index, 0.0) for index in _LIPS]
        sink += rest * 0.8 * self.unit * np.isin(_LIPS, LIP_CORNERS)
        inwards = rest * 1.8 * self.unit * inward
        chin = -1.2 * rest * self.unit

        # a dropping jaw: the lower lip and the chin sink, the corners follow half the way
        bow = np.clip(1 - np.clip(np.abs(inward), 0, 1) ** 2, 0, 1) ** 0.65
        is_lower = np.isin(_LIPS, LOWER_LIPS[1] + LOWER_LIPS[0])
        is_corner = np.isin(_LIPS, LIP_CORNERS)
        drop = np.where(is_lower, 9 + 14 * bow, np.where(is_corner, 9.0, 9 - 12 * bow))
        sink += jaw * self.unit * drop
        inwards += jaw * 4.6 * self.unit * inward
        chin += jaw * _CHIN_DROP * self.unit

        moved[lips] += np.outer(inwards, across) + np.outer(sink, down)
        moved[list(_CHIN)] += chin * down
        for pair, share in zip(JAW_PAIRS, _JAW_SHARES, strict=True):
            moved[list(pair)] += jaw * _CHIN_DROP * self.unit * share * down
        return moved

    def _gap(self) -> Points:
        """How far apart the lips of the portrait are at each point of `_LIPS`."""
        upper = self.mesh[[61, 78, *UPPER_LIPS[1], 308, 291]]
        lower = self.mesh[[61, 78, *LOWER_LIPS[1], 308, 291]]
        x = self.mesh[list(_LIPS), 0]
        gap = np.interp(x, lower[:, 0], lower[:, 1]) - np.interp(x, upper[:, 0], upper[:, 1])
        return np.maximum(gap, 0)

    def displace(self, target: Points) -> tuple[Array, Array]:
        """For every texel how far away its colour lies when the mesh moves to `target` (x, y).

        What is above the line between the lips follows the upper lip, what is below the lower.
        """
        jaw = tuple(index for pair in JAW_PAIRS for index in pair)
        upper = self._spread(
            target, (*LIP_CORNERS, *UPPER_LIPS[0], *UPPER_LIPS[1], *jaw, 152, 148, 377)
        )
        lower = self._spread(target, (*LIP_CORNERS, *LOWER_LIPS[0], *LOWER_LIPS[1], *_CHIN, *jaw))
        line = self._lip_line(target)
        left, right = target[61, 0], target[291, 0]
        outside = np.abs(self.x[0] - (left + right) / 2) - (right - left) / 2
        softness = np.clip(outside, 0.25, 8.0)  # the cheeks have no line
        below = np.clip((self.y - line) / (2 * softness) + 0.5, 0, 1)
        dx = upper[0] * (1 - below) + lower[0] * below
        dy = upper[1] * (1 - below) + lower[1] * below
        return dx.astype(np.float32), dy.astype(np.float32)

    def _spread(self, target: Points, indices: tuple[int, ...]) -> tuple[Array, Array]:
        keys = list(indices) + list(_STILL)
        height, width = (size // TEXTURE_SCALE for size in self.x.shape)
        frame = np.array([(x, y) for x in (0, width / 2, width) for y in np.linspace(0, height, 4)])
        source = self.mesh[keys]
        # a little inside the red of the lips, so that no tooth shows where they meet
        source[np.isin(keys, UPPER_LIPS[1]), 1] -= 0.35
        source[np.isin(keys, LOWER_LIPS[1]), 1] += 0.35
        places = np.vstack([target[keys], frame])
        offsets = np.vstack([source - target[keys], np.zeros_like(frame)])
        rows, columns = np.mgrid[0 : height + _STEP : _STEP, 0 : width + _STEP : _STEP]
        grid = np.column_stack([columns.ravel(), rows.ravel()])
        values = thin_plate(places, offsets, grid).reshape(*rows.shape, 2).astype(np.float32)
        at = (self.x / _STEP, self.y / _STEP)
        return look_up(values[..., 0], *at, cubic=True), look_up(values[..., 1], *at, cubic=True)

    def _lip_line(self, mesh: Points) -> Array:
        """Row of the middle between the lips for every column of texels."""
        upper = mesh[[61, 78, *UPPER_LIPS[1], 308, 291]]
        lower = mesh[[61, 78, *LOWER_LIPS[1], 308, 291]]
        middle = (upper + lower) / 2
        return np.interp(self.x[0], middle[:, 0], middle[:, 1]).astype(np.float32)

    def _fill(self, mesh: Points) -> Array:
        """1 between the lips of a mesh, with smooth edges."""
        return area(to_texels(mesh[list(INNER_LIPS)]), self.x.shape)

    def draw_inside(self, picture: Image, mesh: Points, jaw: float) -> Image:
        """Teeth, tongue and darkness between the lips of a mesh, over a picture (texture scale)."""
        mask = blur(self._fill(mesh), 0.8)
        ring = to_texels(mesh[list(INNER_LIPS)])
        low, high = ring.min(axis=0), ring.max(axis=0)
        middle, size = (low + high) / 2, np.maximum(high - low, 1.0)
        x = (np.arange(mask.shape[1]) - middle[0]) / (size[0] / 2)
        y = (np.arange(mask.shape[0])[:, None] - low[1]) / size[1]
        inside = np.broadcast_to(np.array(_DARK, np.float32), (*mask.shape, 3))
        tongue = np.clip(1.25 - (x / 0.75) ** 2 - ((y - 1) / 0.42) ** 2, 0, 1)
        inside = inside + 0.8 * blur(tongue, 4.0)[..., None] * (
            np.array(_TONGUE, np.float32) - inside
        )
        # the teeth belong to the skull and stay where the portrait shows them
        gap = float(mesh[14, 1] - mesh[13, 1])
        teeth = self.teeth[..., None] * np.clip((gap - 0.8) / 2.0, 0, 1)
        inside = inside + teeth * (self.picture * (1 - 0.35 * jaw) - inside)
        return to_image(picture + mask[..., None] * (inside - picture))


_CLOSING = {
    **dict.fromkeys(UPPER_LIPS[1], 0.32),
    **dict.fromkeys(UPPER_LIPS[0], 0.16),
    **dict.fromkeys(LOWER_LIPS[1], -0.66),
    **dict.fromkeys(LOWER_LIPS[0], -0.52),
}
"""Share of the gap by which each point of the lips sinks to close it."""


def thin_plate(places: Points, values: Points, at: Points) -> Points:
    """Smooth interpolation of values (N, 2) at places (N, 2), evaluated at (M, 2).

    A thin-plate spline (Bookstein, 1989), relaxed a little.
    """

    def kernel(a: Points, b: Points) -> Points:
        square = ((a[:, None] - b[None]) ** 2).sum(axis=2)
        return np.asarray(0.5 * square * np.log(square + 1e-9))

    count = len(places)
    affine = np.column_stack([np.ones(count), places])
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = kernel(places, places) + 0.02 * np.eye(count)
    system[:count, count:], system[count:, :count] = affine, affine.T
    weights = np.linalg.solve(system, np.vstack([values, np.zeros((3, 2))]))
    flat = np.column_stack([np.ones(len(at)), at]) @ weights[count:]
    return np.asarray(kernel(at, places) @ weights[:count] + flat)
