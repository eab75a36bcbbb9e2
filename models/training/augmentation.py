"""Random changes to crops: each a small function of pixels, points and a random generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from app.core.face import Box
from app.core.geometry import Transform, crop_transform, roll_of
from app.core.layout import IBUG68

Image = npt.NDArray[np.uint8]
Random = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Jitter:
    """How far crops stray from the face box; the `[jitter]` table of a recipe.

    Attributes:
        rotation: standard deviation of the turn in the picture, degrees; cut off at 3 times.
        scale: standard deviation of the log of the size; cut off at 2.5 times.
        shift: standard deviation of the shift per axis, share of the box; cut off at 2.5 times.
        stretch: largest change of width against height, as a share.
        followed: share of the crops that are framed as the program frames a face that it follows
            or looks at twice: upright, and with `FOLLOWED` of rotation, scale and shift.
    """

    rotation: float
    scale: float
    shift: float
    stretch: float
    followed: float = 0.0


FOLLOWED: Final = 0.25
"""Jitter of the face box of a followed face, as a share of that of a detected one: what the face
moves between two frames, and what the points of the first look are off."""


OCCLUDED: Final = 0.25
"""Share of the crops, of those that are not clear, of which a part is covered."""


def face_transform(
    points: npt.NDArray[np.float32],
    *,
    size: int,
    crop_scale: float,
    crop_shift: float,
    jitter: Jitter,
    rng: Random,
) -> Transform:
    """A (2, 3) transform from stored pixels to a jittered crop of `size`, in turned pixels.

    The face turns first and its box is taken afterwards, as a detector would see it: the jitter
    is what detectors add, not what the turn does to the box.
    """
    followed = rng.random() < jitter.followed
    wide = FOLLOWED if followed else 1.0
    turn = np.radians(_normal(rng, jitter.rotation * wide, 3.0))
    if followed:
        left, right = IBUG68.outer_eye_corners
        turn -= np.radians(roll_of(points[left], points[right]))
    stretch = 1 + rng.uniform(-jitter.stretch, jitter.stretch)
    c, s = np.cos(turn), np.sin(turn)
    linear = np.array([[c, -s], [s, c]]) @ np.diag([np.sqrt(stretch), 1 / np.sqrt(stretch)])
    box = Box.around(points @ linear.T)
    factor = float(np.exp(_normal(rng, jitter.scale * wide, 2.5)))
    dx, dy = (_normal(rng, jitter.shift * wide, 2.5) * box.side for _ in range(2))
    return box_transform(
        linear, box, factor=factor, shift=(dx, dy), size=size, crop_scale=crop_scale,
        crop_shift=crop_shift,
    )  # fmt: skip


def box_transform(
    linear: npt.NDArray[np.float64],
    box: Box,
    *,
    factor: float,
    shift: tuple[float, float],
    size: int,
    crop_scale: float,
    crop_shift: float,
) -> Transform:
    """The crop of a face box that was enlarged by `factor` and shifted, after a linear map."""
    cx, cy = box.centre[0] + shift[0], box.centre[1] + shift[1]
    half = box.side * factor / 2
    moved = Box(cx - half, cy - half, cx + half, cy + half)
    crop = crop_transform(moved, scale=crop_scale, shift=crop_shift, size=size)
    return np.concatenate([crop[:, :2] @ linear, crop[:, 2:]], axis=1)


def badly_framed_transform(
    points: npt.NDArray[np.float32], *, size: int, crop_scale: float, rng: Random
) -> Transform:
    """A crop that no detector should have given: off by half a face and more, or of a size
    twice or half what it should be and less.
    """
    return _framed_otherwise(
        points, size=size, crop_scale=crop_scale, rng=rng, shifts=(0.5, 0.9),
        larger=(2.0, 2.6), smaller=(0.25, 0.5), turns=(0.0, 0.0),
    )  # fmt: skip


def spoilt_transform(
    points: npt.NDArray[np.float32], *, size: int, crop_scale: float, rng: Random
) -> Transform:
    """A crop between a good one and one that nobody should have given: displaced, too large or too
    small, or turned, up to upside down. How far its points can be believed is to be learned.
    """
    return _framed_otherwise(
        points, size=size, crop_scale=crop_scale, rng=rng, shifts=(0.1, 0.8),
        larger=(1.2, 2.4), smaller=(0.3, 0.8), turns=(30.0, 180.0),
    )  # fmt: skip


def _framed_otherwise(
    points: npt.NDArray[np.float32],
    *,
    size: int,
    crop_scale: float,
    rng: Random,
    shifts: tuple[float, float],
    larger: tuple[float, float],
    smaller: tuple[float, float],
    turns: tuple[float, float],
) -> Transform:
    """A crop that is shifted (share of the box), too large, too small, or turned (degrees)."""
    factor, shift, linear = 1.0, (0.0, 0.0), np.eye(2)
    kind = rng.integers(4 if turns[1] else 3)
    if kind == 3:
        turn = np.radians(rng.choice([-1, 1]) * rng.uniform(*turns))
        c, s = np.cos(turn), np.sin(turn)
        linear = np.array([[c, -s], [s, c]])
    box = Box.around(points @ linear.T)
    if kind == 0:
        angle, way = rng.uniform(0, 2 * np.pi), rng.uniform(*shifts) * box.side
        shift = (float(way * np.cos(angle)), float(way * np.sin(angle)))
    elif kind == 1:
        factor = float(rng.uniform(*larger))
    elif kind == 2:
        factor = float(rng.uniform(*smaller))
        shift = tuple(float(v) for v in rng.uniform(-0.2, 0.2, 2) * box.side)  # type: ignore[assignment]
    return box_transform(
        linear, box, factor=factor, shift=shift, size=size, crop_scale=crop_scale,
        crop_shift=0.0,
    )  # fmt: skip


def change_pixels(image: Image, other: Image, rng: Random) -> tuple[Image, npt.NDArray[np.float32]]:
    """One crop as another camera, another light or another moment would show it, and what is
    covered in it, (N, N) in 0..1.

    Args:
        image: (N, N, 3) uint8.
        other: a second crop, whose texture may cover parts of the first.
        rng: decides which changes apply.
    """
    cover = np.zeros(image.shape[:2], np.float32)
    if rng.random() < OCCLUDED:
        image, cover = occlude(image, other, rng)
    changes: tuple[tuple[float, Callable[[], Image]], ...] = (
        (0.8, lambda: recolour(image, rng)),
        (0.2, lambda: side_light(image, rng)),
        (0.07, lambda: low_light(image, rng)),
        (0.15, lambda: to_grey(image)),
        (0.15, lambda: low_resolution(image, rng)),
        (0.12, lambda: soft_blur(image, rng)),
        (0.12, lambda: sharpen(image, rng)),
        (0.10, lambda: motion_blur(image, rng)),
        (0.25, lambda: sensor_noise(image, rng)),
        (0.25, lambda: jpeg(image, rng)),
    )
    for chance, change in changes:
        if rng.random() < chance:
            image = change()
    return image, cover


def change_light(image: Image, rng: Random) -> Image:
    """One crop (N, N, 3) uint8 in another light, with everything in it still to be seen."""
    if rng.random() < 0.8:
        image = recolour(image, rng)
    if rng.random() < 0.15:
        image = to_grey(image)
    return image


def recolour(image: Image, rng: Random) -> Image:
    """Gamma, contrast, brightness and white balance, by one table per channel."""
    ramp = np.linspace(0.0, 1.0, 256)
    gamma = np.exp(rng.normal(0.0, 0.3))
    contrast = np.exp(rng.normal(0.0, 0.2))
    offset = rng.normal(0.0, 0.08)
    gains = np.exp(rng.normal(0.0, 0.08, 3))
    table = (ramp[:, None] ** gamma - 0.5) * contrast + 0.5 + offset
    table = np.clip(table * gains * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]), dtype=np.uint8)


def side_light(image: Image, rng: Random) -> Image:
    """A lamp from one side: brightness falls across the crop."""
    size = image.shape[0]
    angle = rng.uniform(0, 2 * np.pi)
    ramp = np.linspace(-1.0, 1.0, size)
    fall = np.cos(angle) * ramp[None, :] + np.sin(angle) * ramp[:, None]
    gain = np.exp(fall * rng.uniform(0.2, 0.8)).astype(np.float32)
    return np.clip(image * gain[..., None], 0, 255).astype(np.uint8)


def low_light(image: Image, rng: Random) -> Image:
    """As in a dark room: little light, and noise that the camera's gain has raised."""
    gain = rng.uniform(0.12, 0.45)
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.uniform(2.0, 8.0))
    return np.clip(image * gain + noise, 0, 255).astype(np.uint8)


def to_grey(image: Image) -> Image:
    """The crop without colour."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def low_resolution(image: Image, rng: Random) -> Image:
    """As from a face with a third to three quarters of the pixels."""
    size = image.shape[0]
    small = round(size * rng.uniform(0.33, 0.75))
    shrunken = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    back = cv2.resize(shrunken, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(back, dtype=np.uint8)


def soft_blur(image: Image, rng: Random) -> Image:
    """Out of focus."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.6)), dtype=np.uint8)


def sharpen(image: Image, rng: Random) -> Image:
    """As cameras do it: edges raised, with a halo."""
    blurred = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.6, 1.5))
    amount = float(rng.uniform(0.3, 1.5))
    return np.asarray(cv2.addWeighted(image, 1 + amount, blurred, -amount, 0), dtype=np.uint8)


def motion_blur(image: Image, rng: Random) -> Image:
    """Smeared along one direction by 3 to 9 pixels."""
    length = int(rng.integers(3, 10)) | 1
    kernel = np.zeros((length, length), np.float32)
    angle, middle = rng.uniform(0, np.pi), length // 2
    end = np.round(middle * np.array([np.cos(angle), np.sin(angle)])).astype(int)
    cv2.line(kernel, (middle - end).tolist(), (middle + end).tolist(), 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), dtype=np.uint8)


def sensor_noise(image: Image, rng: Random) -> Image:
    """Independent noise per pixel, up to that of a webcam in a dark room."""
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.uniform(2.0, 14.0))
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def jpeg(image: Image, rng: Random) -> Image:
    """Blocks and ringing of a strong compression."""
    _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 80))])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), dtype=np.uint8)


def occlude(image: Image, other: Image, rng: Random) -> tuple[Image, npt.NDArray[np.float32]]:
    """Cover a part with an ellipse, a bar or a half plane of a colour or another texture; the crop
    and what is covered, (N, N), 0 or 1.
    """
    size = image.shape[0]
    mask = np.zeros((size, size), np.uint8)
    centre = rng.uniform(0.1, 0.9, 2) * size
    kind = rng.integers(3)
    if kind == 0:  # a hand, a microphone
        axes = rng.uniform(0.06, 0.28, 2) * size
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(mask, (centre.tolist(), (2 * axes).tolist(), angle), 255, -1)
    elif kind == 1:  # a strand of hair, a bar, sunglasses
        extent = np.array([rng.uniform(0.3, 1.2), rng.uniform(0.05, 0.2)]) * size
        angle = float(rng.uniform(0, 180))
        corners = cv2.boxPoints((centre.tolist(), extent.tolist(), angle))
        cv2.fillConvexPoly(mask, corners.astype(np.int32), 255)
    else:  # something that reaches in from the side, the edge of a frame
        edge = round(size * rng.uniform(0.08, 0.3))
        mask[:edge] = 255
        mask = np.ascontiguousarray(np.rot90(mask, int(rng.integers(4))))
    if rng.random() < 0.5:
        filling = np.broadcast_to(rng.integers(0, 256, 3).astype(np.uint8), image.shape)
    else:
        filling = other
    return np.where(mask[..., None] > 0, filling, image), (mask > 0).astype(np.float32)


def _normal(rng: Random, spread: float, limit: float) -> float:
    return float(np.clip(rng.normal(0.0, 1.0), -limit, limit) * spread)
