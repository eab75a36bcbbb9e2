"""Drawing a textured surface: turning, perspective, z-buffer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.face import HeadPose
from app.core.rotation import pose_to_matrix
from demo_clip.pixels import AnyArray, Array, Points, blur, look_up, resize

FRAME_SIZE = (640, 480)
FINE = 2
"""Surfaces are drawn this much finer than the frame and then reduced: no jagged edges."""

FOCAL_LENGTH = 660.0
"""Pixels; 52 degrees across the picture, an ordinary webcam."""


@dataclass(frozen=True)
class Placement:
    """Where a person is in one frame.

    Attributes:
        pose: the pose of the head in the picture.
        position: (x, y) frame pixel of the pivot in the neck.
        distance: from the camera to the pivot, in source pixels.
        shoulders: degrees that the upper body leans (clockwise in the picture).
    """

    pose: HeadPose
    position: tuple[float, float]
    distance: float
    shoulders: float = 0.0


def turn(
    points: Points, share: Points, placement: Placement, rest: HeadPose, pivot: Points
) -> Points:
    """Points (N, 3) of the portrait in camera coordinates, each turned by its `share` (N,)."""
    relative = pose_to_matrix(placement.pose) @ pose_to_matrix(rest).T
    axis = cv2.Rodrigues(relative)[0].ravel()
    lean = np.array([0.0, 0.0, np.radians(placement.shoulders)])
    rotation = share[:, None] * axis + (1 - share[:, None]) * lean
    angle = np.maximum(np.linalg.norm(rotation, axis=1, keepdims=True), 1e-9)
    unit = rotation / angle
    local = points - pivot
    along = (unit * local).sum(axis=1, keepdims=True)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = local * cos + np.cross(unit, local) * sin + unit * along * (1 - cos)
    depth = placement.distance
    centre = (np.array(FRAME_SIZE) - 1) / 2
    offset = (np.array(placement.position) - centre) * depth / FOCAL_LENGTH
    return np.asarray(turned + np.append(offset, depth))


def project(points: Points) -> Points:
    """Frame pixels (N, 2) of camera coordinates (N, 3)."""
    centre = (np.array(FRAME_SIZE) - 1) / 2
    return np.asarray(points[:, :2] / points[:, 2:] * FOCAL_LENGTH + centre)


@dataclass(frozen=True, eq=False)
class Surface:
    """What `rasterise` drew, `FINE` times finer than the frame, in a part of it.

    Attributes:
        corner: (x, y) frame pixel of the upper left of the part.
        places: (H, W, 2) float32 texture place of each fine pixel, NaN where nothing was drawn.
        depths: (H, W) float32 depth of the nearest surface, infinity where there is none.
    """

    corner: tuple[int, int]
    places: Array
    depths: Array

    @property
    def window(self) -> tuple[slice, slice]:
        """The part as slices of a frame."""
        height, width = self.depths.shape
        x, y = self.corner
        return slice(y, y + height // FINE), slice(x, x + width // FINE)

    def depth_at(self, points: Points) -> npt.NDArray[np.float32]:
        """(N,) depth of the nearest surface at frame pixels (N, 2), infinity outside the part."""
        fine = np.round((points - self.corner + 0.5) * FINE - 0.5).astype(np.int64)
        height, width = self.depths.shape
        known = ((fine >= 0) & (fine < [width, height])).all(axis=1)
        depth = np.full(len(points), np.inf, np.float32)
        depth[known] = self.depths[fine[known, 1], fine[known, 0]]
        return depth


def rasterise(xy: Points, z: Points, places: Points, triangles: npt.NDArray[np.int64]) -> Surface:
    """Draw triangles (T, 3) of vertices with pixel (V, 2), depth (V,) and texture place (V, 2)."""
    used = xy[np.unique(triangles)]
    margin = 3
    start = np.clip(np.floor(used.min(axis=0)).astype(int) - margin, 0, np.array(FRAME_SIZE) - 8)
    stop = np.clip(np.ceil(used.max(axis=0)).astype(int) + margin, start + 8, FRAME_SIZE)
    width, height = ((stop - start) * FINE).tolist()
    corners = ((xy - start + 0.5) * FINE - 0.5)[triangles].astype(np.float32)
    low = np.maximum(np.ceil(corners.min(axis=1)).astype(np.int32), 0)
    high = np.floor(corners.max(axis=1)).astype(np.int32)
    high = np.minimum(high, np.array([width - 1, height - 1], np.int32))
    extent = (high - low).max(axis=1) + 1
    seen = (high - low).min(axis=1) >= 0
    pieces = []
    reach = 0
    for reach_next in (2, 4, 8, 16, 32, 64, 256):
        chosen = np.nonzero(seen & (extent > reach) & (extent <= reach_next))[0]
        reach = reach_next
        if len(chosen):
            boxes = low[chosen], high[chosen]
            pieces.append(_fragments(corners[chosen], *boxes, reach_next, width, chosen))
    depths = np.full(height * width, np.inf, np.float32)
    found = np.full((height * width, 2), np.nan, np.float32)
    if pieces:
        index, first, second, which = (np.concatenate(part) for part in zip(*pieces, strict=True))
        shares = np.stack([first, second, 1 - first - second], axis=1)
        vertices = triangles[which]
        depth = (z[vertices] * shares).sum(axis=1).astype(np.float32)
        # nearest last: of several writes to one pixel the last one stays
        order = np.argsort(-depth, kind="stable")
        index, vertices, shares = index[order], vertices[order], shares[order]
        found[index] = (places[vertices] * shares[..., None]).sum(axis=1)
        depths[index] = depth[order]
    shape = (height, width)
    return Surface((int(start[0]), int(start[1])), found.reshape(*shape, 2), depths.reshape(shape))


def _fragments(
    corners: Array,
    low: npt.NDArray[np.int32],
    high: npt.NDArray[np.int32],
    reach: int,
    width: int,
    numbers: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], Array, Array, npt.NDArray[np.int64]]:
    """The pixels of triangles (T, 3, 2) whose boxes are at most `reach` pixels wide and high.

    Returns:
        For each pixel: its index in a picture of this width, the shares of the first and the
        second corner, and the number of its triangle.
    """
    dy, dx = np.mgrid[:reach, :reach].reshape(2, -1)
    x, y = low[:, :1] + dx, low[:, 1:] + dy
    (ax, ay), (bx, by), (cx, cy) = (corners[:, k].T[..., None] for k in range(3))
    area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
    area = np.where(np.abs(area) < 1e-7, np.nan, area)
    first = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area
    second = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area
    slack = 1e-5
    with np.errstate(invalid="ignore"):
        inside = (first >= -slack) & (second >= -slack) & (first + second <= 1 + slack)
    inside &= (x <= high[:, :1]) & (y <= high[:, 1:])
    owner = np.broadcast_to(numbers[:, None], inside.shape)[inside]
    pixel = (y.astype(np.int64) * width + x)[inside]
    return pixel, first[inside].astype(np.float32), second[inside].astype(np.float32), owner


def blend(
    frame: Array,
    cover: Array,
    surface: Surface,
    picture: AnyArray,
    alpha: Array,
    *,
    edge: float,
) -> None:
    """Put a surface with its texture over the frame and note its opacity in `cover`.

    `edge` is the blur of its outline in frame pixels: it hides the steps that the turned outline
    of a surface of triangles has.
    """
    places = surface.places
    grown = np.nan_to_num(_grow(places, steps=FINE * 2), nan=-10.0)
    at = (grown[..., 0], grown[..., 1])
    opacity = blur(np.isfinite(places[..., 0]), edge * FINE)
    opacity *= look_up(alpha, *at, outside=0.0)
    colour = look_up(picture, *at, outside=0.0) * opacity[..., None]
    window = surface.window
    size = (places.shape[1] // FINE, places.shape[0] // FINE)
    opacity = resize(opacity, size, reduce=True)
    frame[window] *= 1 - opacity[..., None]
    frame[window] += resize(colour, size, reduce=True)
    cover[window] += (1 - cover[window]) * opacity


def _grow(places: Array, *, steps: int) -> Array:
    """Texture places carried outwards into the empty pixels around."""
    grown = places.copy()
    for _ in range(steps):
        empty = ~np.isfinite(grown[..., 0])
        for axis, step in ((1, 1), (0, 1), (1, -1), (0, -1)):
            moved = np.roll(grown, step, axis=axis)
            fill = empty & np.isfinite(moved[..., 0])
            grown[fill] = moved[fill]
            empty &= ~fill
    return grown
