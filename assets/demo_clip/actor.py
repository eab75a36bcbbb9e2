"""A person in a frame: the textured surface of the head on a flat body."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.mesh import ibug68_from_mesh
from app.core.rotation import pose_to_matrix
from demo_clip.expression import Expression, Face, Shown
from demo_clip.labels import Truth
from demo_clip.person import NECK_DEPTH, Person
from demo_clip.pixels import (
    TEXTURE_SCALE,
    Array,
    Image,
    Points,
    blur,
    grow,
    hull,
    look_up,
    resize,
    slopes,
    smooth_fill,
    to_image,
    to_source_scale,
    to_texels,
)
from demo_clip.render import (
    FRAME_SIZE,
    Placement,
    Surface,
    blend,
    project,
    rasterise,
    turn,
)

_GRID = 2
"""Source pixels between the corners of the surface."""

_NAPE_Y = 150
"""Row of the portrait where the back of the head ends and the collar begins."""

_BACK_LIGHT = 0.8
"""The back of the head lies in the shade."""

_HIDDEN_DEPTH = 6.0
"""Source pixels that a point must lie behind the nearest surface to count as turned away."""

_LIGHT = np.array([-0.35, -0.55, -0.75]) / np.linalg.norm([-0.35, -0.55, -0.75])
"""Direction to the lamp of the studio, camera axes."""

_LIGHT_CHANGE = 0.4
"""How much brighter a surface gets that turns from the edge of the light into it."""


class Actor:
    """A person that can be drawn."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.face = Face(person)
        rows, columns = np.mgrid[
            0 : person.depth.shape[0] : _GRID, 0 : person.depth.shape[1] : _GRID
        ]
        self.shape = rows.shape
        self.grid = np.column_stack([columns.ravel(), rows.ravel()]).astype(np.float64)
        self.texels = to_texels(self.grid)
        index = np.arange(rows.size).reshape(rows.shape)
        a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
        halves = [np.stack(half, axis=-1).reshape(-1, 3) for half in ((a, b, d), (a, d, c))]
        self.triangles = np.concatenate(halves)
        self.share = self._at(person.turn_share)
        self.back = self._at(person.back_depth)
        self.back_picture = self._hair_only()
        # without the soft fringe, which would hide what curves behind it
        solid = self._at(to_source_scale(self.face.alpha)) > 0.55
        above_neck = self.grid[:, 1] + person.origin[1] < _NAPE_Y
        self.back_triangles = self.triangles[(solid & above_neck)[self.triangles].all(axis=1)]

    def _at(self, field: Array) -> Points:
        """A field at source scale at the corners of the surface, (V,)."""
        x, y = self.grid.T.reshape(2, *self.shape)
        return look_up(field, x, y).ravel().astype(np.float64)

    def _hair_only(self) -> Image:
        """The head without a face: what its back looks like."""
        face = self.face
        front = grow(hull(to_texels(face.mesh[:468]), face.x.shape), 25)
        known = (face.alpha > 0.9) * (1 - front)
        known[round((face.mesh[:, 1].mean() + 12) * TEXTURE_SCALE) :] = 0  # ears and neck
        return to_image(smooth_fill(face.picture.astype(np.float32), known.astype(np.float32)))

    def draw(
        self, frame: Array, placement: Placement, expression: Expression
    ) -> tuple[Truth, Array]:
        """Draw the person over a frame (480, 640, 3) in place.

        Returns:
            The truth about the face (as person 0) and the opacity (480, 640) of what was drawn.
        """
        cover = self._draw_body(frame, placement)
        shown = self.face.show(expression)
        shade = self._shading(shown.depth, placement)
        self._draw_back(frame, cover, placement, shade)
        front = np.column_stack([self.grid + self.person.origin, self._at(shown.depth)])
        world = self._turn(front, self.share, placement)
        triangles = self.triangles[self._touching(shown.head_alpha)]
        surface = rasterise(project(world), world[:, 2], self.texels, triangles)
        blend(frame, cover, surface, shown.picture * shade[..., None], shown.head_alpha, edge=0.5)
        return self._truth(shown, placement, expression, surface), cover

    def _draw_back(self, frame: Array, cover: Array, placement: Placement, shade: Array) -> None:
        """The back of the head, of which a strip shows when the head turns."""
        back = np.column_stack([self.grid + self.person.origin, self.back])
        world = self._turn(back, np.ones(len(back)), placement)
        surface = rasterise(project(world), world[:, 2], self.texels, self.back_triangles)
        picture = self.back_picture * (_BACK_LIGHT * np.minimum(shade, 1))[..., None]
        blend(frame, cover, surface, picture, np.ones_like(shade), edge=1.6)

    def _turn(self, points: Points, share: Points, placement: Placement) -> Points:
        return turn(points, share, placement, self.person.rest_pose, self.person.pivot)

    def _truth(
        self, shown: Shown, placement: Placement, expression: Expression, surface: Surface
    ) -> Truth:
        points = np.column_stack([shown.mesh_xy, self.person.mesh[:, 2]])
        world = ibug68_from_mesh(self._turn(points, np.ones(len(points)), placement))
        xy = project(world)
        corner, other, upper, lower = points[[78, 308, 13, 14]]
        gap = float(np.linalg.norm(lower - upper) / np.linalg.norm(other - corner))
        return Truth(
            person=0,
            points=xy,
            turned_away=world[:, 2] > surface.depth_at(xy) + _HIDDEN_DEPTH,
            pose=placement.pose,
            expression=expression,
            mouth_open=min(gap, 1.0),
        )

    def _touching(self, alpha: Array) -> npt.NDArray[np.bool_]:
        """(T,) which triangles have any opacity (texture scale)."""
        opaque = self._at(to_source_scale(grow(alpha, 7))) > 0.004
        return np.asarray(opaque[self.triangles].any(axis=1))

    def _shading(self, depth: Array, placement: Placement) -> Array:
        """How the light on each texel changes by the turn, as a factor."""
        across, down = slopes(blur(depth, 3.0))
        normal = np.dstack([across, down, -np.ones_like(across)])
        normal /= np.linalg.norm(normal, axis=2, keepdims=True)
        turned = pose_to_matrix(placement.pose) @ pose_to_matrix(self.person.rest_pose).T
        change = normal @ (turned.T @ _LIGHT) - normal @ _LIGHT
        shade = np.clip(1 + _LIGHT_CHANGE * change * self.person.turn_share, 0.45, 1.35)
        return resize(shade, (self.face.x.shape[1], self.face.x.shape[0]))

    def _draw_body(self, frame: Array, placement: Placement) -> Array:
        """Draw the body as a flat picture; returns its opacity."""
        cutout = self.person.cutout
        height, width = (size // TEXTURE_SCALE for size in cutout.body_alpha.shape)
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
        flat = np.column_stack([corners, np.full(4, NECK_DEPTH)])
        places = project(self._turn(flat, np.zeros(4), placement))
        matrix = cv2.getPerspectiveTransform(
            to_texels(corners).astype(np.float32), places.astype(np.float32)
        )
        body = cv2.warpPerspective(cutout.body, matrix, FRAME_SIZE)
        alpha = np.asarray(cv2.warpPerspective(cutout.body_alpha, matrix, FRAME_SIZE), np.float32)
        frame += (body - frame) * alpha[..., None]
        return alpha
