"""Taking one portrait photograph apart into the layers of a person.

All coordinates are pixels of the portrait ("source pixels"); textures are stored `TEXTURE_SCALE`
times finer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app._opencv import cv2
from app.core.face import HeadPose
from demo_clip.pixels import (
    TEXTURE_SCALE,
    Array,
    Image,
    Points,
    area,
    blur,
    grow,
    resize,
    shrink,
    smooth_fill,
    to_image,
    to_texels,
)

PORTRAIT_POSE = HeadPose(yaw=-1.0, pitch=-2.2, roll=3.3)
"""How the head stands in the portrait: its face mesh aligned with `face_points_68.json`."""

COLLAR_Y = (176.0, 212.0)
"""Rows between which the turning of the head fades out into the shoulders."""

# Outlines in the portrait, traced by eye. The head layer holds hair, face, ears and neck and ends
# inside the black collar, where nothing can be seen of the change to the body layer.
_HEAD_OUTLINE = np.array(
    [
        *[(130, 0), (130, 141), (170, 143), (183, 147), (186, 153), (186, 178), (188, 214)],
        *[(252, 214), (255, 178), (257, 153), (262, 145), (275, 141), (312, 141), (312, 0)],
    ],
    np.float64,
)
_COLLAR_RING = np.array(
    [
        *[(131, 163), (145, 152), (160, 149), (185, 149), (207, 151), (230, 159), (247, 169)],
        *[(258, 177), (272, 186), (290, 208), (280, 230), (140, 230)],
    ],
    np.float64,
)
_RIGHT_OF_NECK = np.s_[: 190 * TEXTURE_SCALE, 186 * TEXTURE_SCALE :]
_CORE_END_Y = 150.0
_EAR_END_Y = 138.0
_HEAD_TOP = np.s_[:512, 194:706]
"""Where the head is in the portrait at double size."""


@dataclass(frozen=True, eq=False)
class Cutout:
    """The portrait taken apart, every array at `TEXTURE_SCALE` and of the size of the portrait.

    Attributes:
        picture: (H, W, 3) uint8 BGR.
        head_alpha: (H, W) float32, opacity of the head layer (hair, face, ears, neck).
        head_core: (H, W) float32, where the head turns as one piece (without the neck).
        body: (H, W, 3) uint8 BGR, the body with what lay behind the head filled in.
        body_alpha: (H, W) float32.
    """

    picture: Image
    head_alpha: Array
    head_core: Array
    body: Image
    body_alpha: Array


def load_portrait() -> Image:
    """The NASA portrait of Eileen Collins that scikit-image carries, (512, 512, 3) BGR."""
    from skimage import data

    return np.ascontiguousarray(data.astronaut()[..., ::-1])


def face_mesh(picture: Image) -> Points:
    """(478, 3) FaceMesh points of the only face of a picture at texture scale, source pixels.

    Raises:
        RuntimeError: no face was found.
    """
    import mediapipe as mp

    with mp.solutions.face_mesh.FaceMesh(
        static_image_mode=True, refine_landmarks=True, max_num_faces=1
    ) as model:
        found = model.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)).multi_face_landmarks
    if not found:
        raise RuntimeError("FaceMesh finds no face in the portrait")
    height, width = picture.shape[:2]
    points = np.array([[p.x * width, p.y * height, p.z * width] for p in found[0].landmark])
    points /= TEXTURE_SCALE
    points[:, :2] -= 0.5  # MediaPipe counts from the corner of the first pixel, not its centre
    return points


def person_matte(portrait: Image) -> Array:
    """(H, W) float32 opacity of the person, at `TEXTURE_SCALE`."""
    twice = (portrait.shape[1] * 2, portrait.shape[0] * 2)
    double = np.asarray(cv2.resize(portrait, twice, interpolation=cv2.INTER_CUBIC), np.uint8)
    guess = _guess_person(double)
    marks = np.where(guess > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    marks[shrink(guess > 0.9, 13) > 0] = cv2.GC_FGD
    marks[grow(guess > 0.1, 21) == 0] = cv2.GC_BGD
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(double, marks, (0, 0, 1, 1), *models, 4, cv2.GC_INIT_WITH_MASK)
    inside = grow(shrink(np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)), 3), 3)
    size = (portrait.shape[1] * TEXTURE_SCALE, portrait.shape[0] * TEXTURE_SCALE)
    return blur(resize(inside, size), 2.0)


def _guess_person(picture: Image) -> Array:
    """(H, W) how likely each pixel of the portrait at double size is the person."""
    import mediapipe as mp

    with mp.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0) as model:

        def look(part: Image) -> Array:
            found = model.process(cv2.cvtColor(part, cv2.COLOR_BGR2RGB)).segmentation_mask
            return np.array(found, np.float32)

        guess = look(picture)
        # the head again, larger: the model sees no more than 256 pixels
        guess[_HEAD_TOP] = look(np.ascontiguousarray(picture[_HEAD_TOP]))
    return guess


def take_apart(portrait: Image, matte: Array) -> Cutout:
    """Head and body layer of the portrait."""
    size = (portrait.shape[1] * TEXTURE_SCALE, portrait.shape[0] * TEXTURE_SCALE)
    large = cv2.resize(portrait, size, interpolation=cv2.INTER_LANCZOS4).astype(np.float32)
    fine = to_image(large + 0.4 * (large - blur(large, 2.5)))  # what enlarging took away
    outline = blur(area(to_texels(_HEAD_OUTLINE), fine.shape), 0.8 * TEXTURE_SCALE)
    rows = (np.arange(fine.shape[0], dtype=np.float32) + 0.5) / TEXTURE_SCALE - 0.5
    fade = np.clip((COLLAR_Y[1] - rows) / 12.0, 0, 1)[:, None]
    colour = _unmix(fine, matte)
    head_alpha = _soften_hair(matte, colour) * outline * fade

    ring = blur(area(to_texels(_COLLAR_RING), fine.shape), 0.7 * TEXTURE_SCALE)
    behind = grow(outline, 7)
    # beside the neck a strand of shadow sticks to the matte: there the ring is the only outline
    matte = matte.copy()
    matte[_RIGHT_OF_NECK] *= ring[_RIGHT_OF_NECK]
    known = ((matte > 0.9) & (behind < 0.1)).astype(np.float32)
    body_alpha = np.maximum(matte * (1 - behind), ring * np.maximum(behind, matte))
    core = _HEAD_OUTLINE.copy()
    core[:, 1] = np.minimum(core[:, 1], _CORE_END_Y)
    return Cutout(
        picture=colour,
        head_alpha=head_alpha.astype(np.float32),
        head_core=blur(area(to_texels(core), fine.shape), 0.8 * TEXTURE_SCALE),
        body=to_image(smooth_fill(colour.astype(np.float32), known)),
        body_alpha=body_alpha.astype(np.float32),
    )


def _soften_hair(matte: Array, picture: Image) -> Array:
    """The matte with a wider, uneven edge above the ears: hair does not end in a line."""
    grey = picture.mean(axis=2)
    strands = (grey - blur(grey, 4.0)) / 60
    wide = blur(matte, 4.0)
    ragged = np.clip((wide - 0.30) / 0.55 + 0.8 * strands * (1 - np.abs(2 * wide - 1)), 0, 1)
    rows = np.arange(matte.shape[0], dtype=np.float32)[:, None] / TEXTURE_SCALE
    hair = np.clip((_EAR_END_Y - rows) / 8, 0, 1)
    return np.asarray(ragged * hair + matte * (1 - hair), np.float32)


def _unmix(picture: Image, alpha: Array) -> Image:
    """The picture with the colour of the foreground carried out over its soft edge.

    Otherwise the old background would show as a halo on a new one.
    """
    solid = (shrink(alpha, 7) > 0.97).astype(np.float32)
    filled = smooth_fill(picture.astype(np.float32), solid)
    keep = blur(solid, 1.2)[..., None]
    return to_image(picture * keep + filled * (1 - keep))
