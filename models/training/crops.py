"""Face crops with a margin, cut once: what training reads instead of the pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from app.core.card import Channels
from app.core.errors import SourceError
from app.core.face import Box
from app.core.geometry import Transform, crop_transform, face_box, roll_of, zoom_of
from app.core.layout import IBUG68
from models.training.labels import LABELS_VERSION, Labels
from models.training.sources import Picture, read_picture

Image = npt.NDArray[np.uint8]

CROPS_VERSION: Final = LABELS_VERSION * 100 + 5

STORED_SIDE: Final = 296
STORED_SCALE: Final = 2.2
"""Crops are stored with this side (pixels) and this multiple of the face box: room for every
rotation, scale and shift of the augmentation, at the resolution of a 160 pixel input that shows
1.2 times the face box."""

BACKGROUND_TRIES: Final = 6
LARGEST_OVERLAP: Final = 0.05
"""A background square overlaps the face box by at most this share (IoU)."""

SQUARES_OF_THINGS: Final = 2
"""Backgrounds of each picture without a face."""

SMALLEST_BACKGROUND: Final = 32
"""Side in pixels."""


def crop_folder(runs: Path) -> Path:
    """Where the crops lie in the folder of all runs."""
    return runs / "labels" / f"crops-v{CROPS_VERSION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """What a crop is to the network; the `[crop]` table of a recipe.

    Attributes:
        size: side of the input, pixels.
        scale: side of the crop as a multiple of the face box.
        shift: downward shift of its centre as a share of the face box's longer side.
        mean: of each channel, 0..255.
        std: of each channel, 0..255.
        channels: order of the colours, or `grey`.
    """

    size: int
    scale: float
    shift: float
    mean: float
    std: float
    channels: Channels = "bgr"


@dataclass(frozen=True, eq=False, slots=True)
class Crops:
    """Stored crops of the faces of `Labels`, in the same order, and squares without a face.

    Attributes:
        images: (R, STORED_SIDE, STORED_SIDE, 3) uint8 BGR of the R faces of pictures, mapped from
            their file, so that several processes share them (5 GB).
        synthetic: (M - R, STORED_SIDE, STORED_SIDE, 3), likewise, of the faces made from them.
        points: (M, 68, 2) float32, pixels of the stored crop.
        meshes: (M, 478, 3) float32, likewise.
        backgrounds: (K, STORED_SIDE, STORED_SIDE, 3) uint8 BGR.
    """

    images: Image
    synthetic: Image
    points: npt.NDArray[np.float32]
    meshes: npt.NDArray[np.float32]
    backgrounds: Image

    def image(self, row: int) -> Image:
        """The stored crop of a face (STORED_SIDE, STORED_SIDE, 3), read-only."""
        real = len(self.images)
        return self.images[row] if row < real else self.synthetic[row - real]


def true_box(points: npt.NDArray[np.float32]) -> Box:
    """The face box of points (68, 2), as tilted as the line between the outer eye corners."""
    left, right = IBUG68.outer_eye_corners
    return face_box(points, roll=roll_of(points[left], points[right]))


def warp(image: Image, transform: Transform, size: int, border: int) -> Image:
    """Sample a picture on the square that a transform (picture to square) describes.

    A picture much larger than the square is averaged down first, as the program does with large
    faces, since bilinear sampling would skip pixels.
    """
    zoom = float(np.hypot(transform[0, 0], transform[1, 0]))
    if zoom < 0.5:
        factor = 1 / np.floor(1 / zoom)
        image = np.asarray(
            cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA),
            dtype=np.uint8,
        )
        # Pixel centres move by half a pixel of either size.
        back = np.array(
            [[1 / factor, 0, 0.5 / factor - 0.5], [0, 1 / factor, 0.5 / factor - 0.5], [0, 0, 1]]
        )
        transform = transform @ back
    cut = cv2.warpAffine(image, transform, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(cut, dtype=np.uint8)


def in_channels(image: npt.NDArray[np.uint8], channels: Channels) -> npt.NDArray[np.uint8]:
    """A BGR image (N, N, 3) as (N, N, C), made grey or turned round as the program does it."""
    if channels == "grey":
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)[..., None]
    return image[..., ::-1] if channels == "rgb" else image


def build_crops(
    data: Path,
    labels: Labels,
    folder: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Cut and store the crops of the faces of pictures, and background squares of training ones.

    What lies outside a picture is black, as in the program, or continues the picture by
    repeating or reflecting its border, by chance: a tight picture's edge would else tell where
    the face ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    shape = (len(labels), STORED_SIDE, STORED_SIDE, 3)
    images = np.lib.format.open_memmap(
        folder / "images.npy", mode="w+", dtype=np.uint8, shape=shape
    )
    points, meshes = np.zeros_like(labels.points), np.zeros_like(labels.meshes)
    backgrounds = []
    borders = (cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT_101)
    for row in range(len(labels)):
        picture = Picture(str(labels.paths[row]), "train", "", squeeze=float(labels.squeeze[row]))
        image = read_picture(data, picture)
        face = Box.around(labels.points[row])
        matrix = crop_transform(face, scale=STORED_SCALE, shift=0.0, size=STORED_SIDE)
        training = labels.split[row] == "train"
        border = borders[rng.integers(3)] if training else cv2.BORDER_CONSTANT
        images[row] = warp(image, matrix, STORED_SIDE, border)
        points[row] = labels.points[row] @ matrix[:, :2].T + matrix[:, 2]
        meshes[row, :, :2] = labels.meshes[row, :, :2] @ matrix[:, :2].T + matrix[:, 2]
        meshes[row, :, 2] = labels.meshes[row, :, 2] * zoom_of(matrix)
        if training and labels.source[row] != "mux":
            square = background_square(image, face, rng)
            if square is not None:
                backgrounds.append(square)
        if progress and (row % 1000 == 999 or row == len(labels) - 1):
            progress(row + 1, len(labels))
    images.flush()
    backgrounds += things(data, rng)
    empty = np.zeros((0, *shape[1:]), np.uint8)
    np.save(folder / "backgrounds.npy", np.stack(backgrounds) if backgrounds else empty)
    np.save(folder / "synthetic.npy", empty)
    _save_points(folder, labels.paths, points, meshes)


def things(data: Path, rng: np.random.Generator, *, measuring: bool = False) -> list[Image]:
    """Squares (STORED_SIDE, STORED_SIDE, 3) of the pictures without a face that train, or of those
    that are held back for measuring.
    """
    squares = []
    for path in sorted((data / "nofaces").glob("*.jpg")):
        if held_back(path.name) != measuring:
            continue
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise SourceError(f"{path} cannot be read as a picture")
        for _ in range(SQUARES_OF_THINGS):
            side = float(rng.uniform(0.35, 1.0)) * min(image.shape[:2])
            y, x = (float(rng.uniform(0, n - side)) for n in image.shape[:2])
            square = Box(x, y, x + side, y + side)
            matrix = crop_transform(square, scale=1.0, shift=0.0, size=STORED_SIDE)
            shown = np.asarray(image, np.uint8)
            squares.append(warp(shown, matrix, STORED_SIDE, cv2.BORDER_REPLICATE))
    return squares


def held_back(name: str) -> bool:
    """Whether a picture without a face is kept for measuring: one of four, by its name."""
    return sha1(name.encode()).digest()[0] % 4 == 0


def add_synthetic(folder: Path, labels: Labels, made: Labels, images: Image) -> Labels:
    """Store synthetic faces behind those of `build_crops`; returns the labels of both.

    Args:
        folder: of `build_crops`.
        labels: that it was given.
        made: labels of the synthetic faces, in pixels of their crops.
        images: (S, STORED_SIDE, STORED_SIDE, 3) uint8.
    """
    crops = load_crops(folder, labels)
    joined = Labels.join([labels, made])
    np.save(folder / "synthetic.npy", images)
    _save_points(
        folder,
        joined.paths,
        np.concatenate([crops.points, made.points]),
        np.concatenate([crops.meshes, made.meshes]),
    )
    return joined


def load_crops(folder: Path, labels: Labels) -> Crops:
    """Read what `build_crops` and `add_synthetic` wrote.

    Raises:
        SourceError: there are no crops, or they belong to other labels.
    """
    try:
        with np.load(folder / "points.npz") as arrays:
            fits = int(arrays["version"]) == CROPS_VERSION and np.array_equal(
                arrays["paths"], labels.paths
            )
            points, meshes = arrays["points"], arrays["meshes"]
        images, synthetic = (
            np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("images", "synthetic")
        )
        backgrounds = np.load(folder / "backgrounds.npy")
    except (OSError, KeyError) as error:
        raise SourceError(
            f"{folder} holds no crops; make them with `python -m models.training labels`"
        ) from error
    if not fits:
        raise SourceError(f"{folder} belongs to other labels; make it again")
    return Crops(images, synthetic, points, meshes, backgrounds)


def save_crops(folder: Path, paths: npt.NDArray[np.str_], crops: Crops) -> None:
    """Store crops of the faces of these paths where `load_crops` finds them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("images", "synthetic", "backgrounds"):
        np.save(folder / f"{name}.npy", getattr(crops, name))
    _save_points(folder, paths, crops.points, crops.meshes)


def _save_points(
    folder: Path,
    paths: npt.NDArray[np.str_],
    points: npt.NDArray[np.float32],
    meshes: npt.NDArray[np.float32],
) -> None:
    np.savez(
        folder / "points.npz", version=CROPS_VERSION, paths=paths, points=points, meshes=meshes
    )


def background_square(image: Image, face: Box, rng: np.random.Generator) -> Image | None:
    """A square of the picture without its face, or None where no try finds one."""
    height, width = image.shape[:2]
    for _ in range(BACKGROUND_TRIES):
        side = float(rng.uniform(0.3, 0.8)) * min(width, height)
        if side < SMALLEST_BACKGROUND:
            return None
        x, y = rng.uniform(0, width - side), rng.uniform(0, height - side)
        square = Box(x, y, x + side, y + side)
        if square.iou(face) <= LARGEST_OVERLAP:
            matrix = crop_transform(square, scale=1.0, shift=0.0, size=STORED_SIDE)
            return warp(image, matrix, STORED_SIDE, cv2.BORDER_REPLICATE)
    return None
