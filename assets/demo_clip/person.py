"""The shape of a person: a depth for every pixel of the head.

Depth is in source pixels, positive away from the camera as in `app.core.rotation`, with the zero
of FaceMesh (the middle of the face).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import LinearNDInterpolator
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from app.core.face import HeadPose
from demo_clip.pixels import TEXTURE_SCALE, Array, Mask, Points, area, blur, grow, shrink
from demo_clip.pixels import to_source_scale as reduced
from demo_clip.portrait import COLLAR_Y, Cutout

NECK_DEPTH = 25.0
"""Depth of the front of the neck and of the flat body layer."""

_DEPTH_FACTOR = 1.104
"""FaceMesh draws faces too flat by this much, as measured for `face_points_68.json`."""

_AXIS_DEPTH = 48.0
"""Depth of the axis of the skull: between the ears."""

_BULGE = 2.6
"""Roundness of the head, see `_inflate`: 2 b² (1/a² + 1/c²) for an ellipsoid with the half axes of
this head, hair included: a = 74 across, c = 72 high, b = 59 deep."""

_HAIR_END_Y = 134
"""Row below which nothing but face and neck is left of the head."""

_CHIN_BESIDE_NECK = 1.0
"""Columns by which the chin of the tilted head lies beside the middle of the neck."""

_NECK_HALF_WIDTH = 35.0
_PIVOT_Y, _PIVOT_DEPTH = 162.0, 44.0
"""The head turns about a point of the neck below the ears."""

_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""Outline of the face mesh."""


@dataclass(frozen=True, eq=False)
class Person:
    """One person: layers, depth and face mesh, the latter three at source resolution.

    Attributes:
        cutout: the layers.
        origin: (x, y) source pixel of the first element of `depth`.
        depth: (h, w) float32, depth of the front of the head.
        back_depth: (h, w) float32, depth of the back of the head.
        turn_share: (h, w) float32 in 0..1, how far a point follows the head (0: shoulders).
        mesh: (478, 3) float64, FaceMesh in source pixels.
        rest_pose: the pose that the portrait shows.
        pivot: (3,) the point of the neck about which the head turns.
    """

    cutout: Cutout
    origin: tuple[int, int]
    depth: Array
    back_depth: Array
    turn_share: Array
    mesh: Points
    rest_pose: HeadPose
    pivot: Points


def build_person(cutout: Cutout, mesh: Points, pose: HeadPose) -> Person:
    """Depth for the layers, from the face mesh (478, 3) and the outline of the head."""
    mesh = mesh * [1, 1, _DEPTH_FACTOR]
    x0, y0, x1, y1 = _domain(cutout.head_alpha)
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float64)
    opaque = reduced(cutout.head_alpha)[y0:y1, x0:x1]
    core = reduced(cutout.head_core)[y0:y1, x0:x1] > 0.5
    oval = area(mesh[list(_OVAL), :2] - [x0, y0], x.shape) > 0.5
    head = (shrink(opaque, 3) > 0.6) & (core | oval)
    neck_x = float(mesh[152, 0]) - _CHIN_BESIDE_NECK * float(np.sign(pose.roll))
    over_neck = (y > _HAIR_END_Y) & (np.abs(x - neck_x) < _NECK_HALF_WIDTH - 7)

    face = LinearNDInterpolator(mesh[:468, :2], mesh[:468, 2])(x, y)
    # towards hair and ears the skull takes over before the mesh ends; the jaw is an edge
    fixed = ((shrink(oval, 5) > 0) | (oval & over_neck)) & np.isfinite(face)
    thickness: Points = np.where(fixed, _AXIS_DEPTH - np.nan_to_num(face), 0.0)
    front = _AXIS_DEPTH - np.sqrt(_inflate(head, fixed, thickness**2))
    back = _AXIS_DEPTH + np.sqrt(_inflate(head, np.zeros_like(fixed), thickness))

    # the jaw keeps its depth a little beyond its outline, before it drops back to the neck
    jaw = over_neck & ~head
    front = np.where(jaw, shrink(np.where(head, front, 1e3), 5), front)
    head |= jaw & (grow(head, 5) > 0)
    front = np.where(head, front, _AXIS_DEPTH)

    side = np.clip(np.abs(x - neck_x) / _NECK_HALF_WIDTH, 0, 1)
    neck = NECK_DEPTH + 33.0 * (1 - np.sqrt(1 - 0.98 * side**2))
    low = np.clip((y - 140) / 12, 0, 1)
    neck_share = np.minimum(1 - blur(head, 0.8), low)
    depth = front * (1 - neck_share) + neck * neck_share
    flat = np.clip((y - 190) / 18, 0, 1)
    depth = depth * (1 - flat) + NECK_DEPTH * flat
    end = COLLAR_Y[1] - 4
    fall = np.clip((end - y) / (end - COLLAR_Y[0]), 0, 1)
    share = np.where(head, 1.0, fall * fall * (3 - 2 * fall))
    return Person(
        cutout=cutout,
        origin=(x0, y0),
        depth=blur(depth, 1.1),
        back_depth=blur(back, 1.0),
        turn_share=blur(share, 2.0),
        mesh=mesh,
        rest_pose=pose,
        pivot=np.array([neck_x, _PIVOT_Y, _PIVOT_DEPTH]),
    )


def _domain(alpha: Array) -> tuple[int, int, int, int]:
    """Source pixels x0, y0, x1, y1 of a box around what is opaque, with a margin."""
    rows, columns = np.nonzero(alpha > 0.004)
    low = np.array([columns.min(), rows.min()]) // TEXTURE_SCALE - 4
    high = np.array([columns.max(), rows.max()]) // TEXTURE_SCALE + 5
    low = np.maximum(low, 0)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _inflate(region: Mask, fixed: Mask, values: Array | Points) -> npt.NDArray[np.float64]:
    """Squared thickness of a rounded body over a region: the Poisson equation -Δh = bulge.

    h is 0 at the edge of the region and equals `values` where `fixed`. The square of the
    thickness of an ellipsoid solves exactly this equation, so hair and skull become round.
    """
    free = region & ~fixed
    count = int(free.sum())
    number = np.full(region.shape, -1)
    number[free] = np.arange(count)
    rows, columns = np.nonzero(free)
    right_side = np.full(count, _BULGE)
    row_of, column_of, entries = [np.arange(count)], [np.arange(count)], [np.full(count, 4.0)]
    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        ny = np.clip(rows + dy, 0, region.shape[0] - 1)
        nx = np.clip(columns + dx, 0, region.shape[1] - 1)
        other = number[ny, nx]
        linked = other >= 0
        row_of.append(np.nonzero(linked)[0])
        column_of.append(other[linked])
        entries.append(np.full(int(linked.sum()), -1.0))
        known = ~linked & fixed[ny, nx]
        right_side[known] += values[ny, nx][known]
    places = (np.concatenate(row_of), np.concatenate(column_of))
    system = coo_matrix((np.concatenate(entries), places)).tocsc()
    solution = np.where(fixed, values, 0.0)
    solution[free] = spsolve(system, right_side)
    return np.maximum(solution, 0.0)
