"""The face of a portrait with an expression, before it is turned in space.

Lids and lips displace the picture, so that skin stretches like skin, and they move the face mesh
along, so that the labels stay true.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_clip.lids import Lids
from demo_clip.mouth import Mouth
from demo_clip.person import Person
from demo_clip.pixels import (
    TEXTURE_SCALE,
    Array,
    Image,
    Points,
    blur,
    look_up,
    resize,
    slopes,
    to_image,
    to_source_scale,
)


@dataclass(frozen=True)
class Expression:
    """0..1 each: opening of the eyes (1: as in the portrait), jaw drop, smile (1: the portrait)."""

    left_eye: float = 1.0
    right_eye: float = 1.0
    jaw: float = 0.0
    smile: float = 0.0


@dataclass(frozen=True, eq=False)
class Shown:
    """A portrait with an expression.

    Attributes:
        picture, head_alpha: as in `Cutout`, over the part that holds the head only.
        depth: (h, w) float32 at source resolution.
        mesh_xy: (478, 2) the face mesh in source pixels, moved.
    """

    picture: Image
    head_alpha: Array
    depth: Array
    mesh_xy: Points


class Face:
    """The face of a person, ready to show any expression."""

    def __init__(self, person: Person) -> None:
        self.person = person
        x0, y0 = person.origin
        height, width = person.depth.shape
        k = TEXTURE_SCALE
        part = np.s_[y0 * k : (y0 + height) * k, x0 * k : (x0 + width) * k]
        self.alpha = np.ascontiguousarray(person.cutout.head_alpha[part])
        self.mesh = person.mesh[:, :2] - [x0, y0]
        rows, columns = np.mgrid[: height * k, : width * k].astype(np.float32)
        self.x, self.y = (columns + 0.5) / k - 0.5, (rows + 0.5) / k - 0.5
        self.picture = self._calm_cheeks(np.ascontiguousarray(person.cutout.picture[part]))
        self.lids = Lids(self.mesh, self.x, self.y)
        self.mouth = Mouth(self.mesh, self.picture, self.x, self.y)

    def _calm_cheeks(self, picture: Image) -> Image:
        """The picture without grain where the face curves away.

        A turn stretches these few texels across the whole cheek, and grain would become streaks.
        """
        slope = resize(
            blur(np.abs(slopes(self.person.depth)[0]), 1.5), (picture.shape[1], picture.shape[0])
        )
        below_hair = np.clip((self.y - self.mesh[[98, 327], 1].mean() - 4) / 6, 0, 1)
        share = np.clip((slope - 0.9) / 1.2, 0, 1) * below_hair
        calm = blur(picture, 1.5, 10.0)
        return to_image(picture + (calm - picture) * share[..., None])

    def show(self, expression: Expression) -> Shown:
        """The portrait with an expression."""
        openings = (expression.left_eye, expression.right_eye)
        mesh = self.mouth.move(expression.jaw, expression.smile)
        dx, dy = self.mouth.displace(mesh)
        mesh, lid_dy = self.lids.close(openings, mesh)
        k = TEXTURE_SCALE
        texels = ((self.x + dx + 0.5) * k - 0.5, (self.y + dy + lid_dy + 0.5) * k - 0.5)
        picture = to_image(look_up(self.picture, *texels, cubic=True))
        picture = self.mouth.draw_inside(picture, mesh, expression.jaw)
        return Shown(
            picture=self.lids.draw_lashes(picture, openings, mesh),
            head_alpha=look_up(self.alpha, *texels),
            depth=look_up(
                self.person.depth, to_source_scale(self.x + dx), to_source_scale(self.y + dy)
            ),
            mesh_xy=mesh + self.person.origin,
        )
