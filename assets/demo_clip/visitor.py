"""The second person: the same portrait made into somebody else.

Mirrored, with a broader jaw and nose and less hair, dark hair and heavy brows, tanned skin with a
shadow of beard, and a blue suit. FaceMesh runs on the result again, so its points are its own.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app._opencv import cv2
from app.core.mesh import OUTER_LIPS
from demo_clip.pixels import (
    TEXTURE_SCALE,
    AnyArray,
    Array,
    Image,
    Points,
    area,
    blur,
    hull,
    look_up,
    stroke,
    to_image,
    to_texels,
)
from demo_clip.portrait import Cutout

_FACE_X = 511 - 224.0
"""Column of the middle of the face in the mirrored portrait."""

_GREY = np.array([0.114, 0.587, 0.299], np.float32)
_HAIR_TINT = np.array([0.30, 0.33, 0.37], np.float32)
_TAN_GAMMA = np.array([1.5, 1.36, 1.2], np.float32)
_SUIT_TINT = np.array([0.62, 0.40, 0.27], np.float32)

_BEARD = (
    *(132, 58, 172, 136, 150, 149, 152, 378, 379, 365, 397, 288, 361),
    *(425, 327, 2, 98, 205),
)


def reshape_cutout(cutout: Cutout) -> Cutout:
    """The layers mirrored and with other proportions."""
    height, width = cutout.head_alpha.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x = (columns + 0.5) / TEXTURE_SCALE - 0.5
    y = (rows + 0.5) / TEXTURE_SCALE - 0.5
    source_x, source_y = _before(x, y)
    map_x = (source_x + 0.5) * TEXTURE_SCALE - 0.5
    map_y = (source_y + 0.5) * TEXTURE_SCALE - 0.5

    def moved(layer: AnyArray) -> Array:
        return look_up(np.ascontiguousarray(layer[:, ::-1]), map_x, map_y)

    return Cutout(
        picture=to_image(moved(cutout.picture)),
        head_alpha=moved(cutout.head_alpha),
        head_core=moved(cutout.head_core),
        body=to_image(moved(cutout.body)),
        body_alpha=moved(cutout.body_alpha),
    )


def _before(x: Array, y: Array) -> tuple[Array, Array]:
    """Where a point of the new person lies in the mirrored portrait."""
    dx = x - _FACE_X
    near = np.exp(-(((y - 125) / 75.0) ** 4))  # the collar keeps its place
    jaw = 1 / (1 + np.exp(-(y - 138) / 9.0))
    scale = 1 - near * (0.07 * jaw)  # < 1: broader than before
    beyond = np.clip((np.abs(dx) - 44) / 30, 0, 1)
    less_hair = 1 / (1 + np.exp((y - 132) / 6.0))
    new_dx = dx * scale + np.sign(dx) * beyond * less_hair * near * 13
    above = np.clip((78 - y) / 60, 0, 1)
    new_y = y - above * 9 * np.exp(-((dx / 90) ** 4))
    new_y = new_y - near * 3.0 * np.exp(-(((y - 152) / 14) ** 2)) * np.exp(-((dx / 45) ** 4))
    nose_x, nose_y = dx / 15, (y - 122) / 17
    nose = np.exp(-(nose_x**2 + nose_y**2))
    new_dx = new_dx * (1 - 0.17 * nose)
    return (_FACE_X + new_dx).astype(np.float32), new_y.astype(np.float32)


def recolour(cutout: Cutout, mesh: Points) -> Cutout:
    """Other hair, brows, skin and suit. `mesh` (478, 3) is that of the reshaped picture."""
    old = cutout.picture.astype(np.float32)
    skin = _skin(cutout.picture, mesh)[..., None]
    hair = (old @ _GREY)[..., None] * _HAIR_TINT + 3
    tanned = 255 * (old / 255) ** _TAN_GAMMA * 0.93
    picture = tanned * skin + hair * (1 - skin)

    brows = np.zeros(old.shape[:2], np.float32)
    for brow in ((70, 63, 105, 66, 107), (336, 296, 334, 293, 300)):
        line = to_texels(mesh[list(brow), :2] + [0, 1.2])
        brows = np.maximum(brows, stroke(line, 3 * TEXTURE_SCALE, old.shape))
    grain = blur(np.random.default_rng(3).standard_normal(old.shape[:2]), 1.0)
    beard = _beard(old.shape, mesh) * np.clip(0.85 + 0.5 * grain, 0, 1.3)
    for cover, colour in (
        (0.75 * blur(brows, 1.1 * TEXTURE_SCALE), (26, 32, 40)),
        (0.38 * beard, (48, 52, 58)),
    ):
        picture += (np.array(colour) - picture) * np.clip(cover, 0, 1)[..., None]

    hue, saturation, _ = np.moveaxis(cv2.cvtColor(cutout.body, cv2.COLOR_BGR2HSV), 2, 0)
    orange = ((hue < 22) | (hue > 172)) & (saturation > 90)
    soft = blur(orange, 2.0)[..., None]
    blue = cutout.body.max(axis=2)[..., None] * _SUIT_TINT
    return replace(
        cutout,
        picture=to_image(picture),
        body=to_image(cutout.body * (1 - soft) + blue * soft),
    )


def _skin(picture: Image, mesh: Points) -> Array:
    """0..1 where the head is skin, eye, mouth or collar, and 0 where it is hair."""
    lab = cv2.cvtColor(to_image(blur(picture, 2.0)), cv2.COLOR_BGR2LAB).astype(np.float32)
    reddish = np.clip((lab[..., 1] - 128 - 5) / 5, 0, 1) * np.clip((lab[..., 0] - 80) / 40, 0, 1)
    brow = float(mesh[[105, 334], 1].min()) - 5
    face = np.column_stack([mesh[:468, 0], np.maximum(mesh[:468, 1], brow)])
    middle = face.mean(axis=0)
    inner = hull(to_texels(middle + (face - middle) * [0.93, 1.0]), reddish.shape)
    rows = np.arange(reddish.shape[0])[:, None] / TEXTURE_SCALE
    inner = np.maximum(inner, (rows > mesh[152, 1] - 18).astype(np.float32))
    near = np.clip((rows - brow + 8) / 6, 0, 1)
    return np.maximum(blur(inner, 2.0 * TEXTURE_SCALE), blur(reddish * near, 1.5))


def _beard(shape: tuple[int, ...], mesh: Points) -> Array:
    """0..1 where a beard grows."""
    grown = blur(area(to_texels(mesh[list(_BEARD), :2]), shape), 3.0 * TEXTURE_SCALE)
    lips = blur(area(to_texels(mesh[list(OUTER_LIPS), :2]), shape), 0.6 * TEXTURE_SCALE)
    return np.asarray(grown * (1 - lips), np.float32)
