"""Training faces in a few small files, for a machine that has no pictures but a GPU.

Stored crops take 260 kB a face, their points and meshes 6 kB; packed it is a fiftieth: crops as
WebP, meshes by their principal components. A machine that unpacks them can train and validate, no
more: the pictures around the crops and what else is known of them stay behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from app.core.errors import SourceError
from models.training.crops import CROPS_VERSION, STORED_SIDE, Crops, save_crops
from models.training.labels import Labels

Image = npt.NDArray[np.uint8]

COMPONENTS: Final = 96
"""Principal components of a mesh; what they leave out is less than half a pixel of a crop."""

STEPS_PER_PIXEL: Final = 64
"""Points of a crop are rounded to this share of a pixel; round numbers are small when packed."""

LEFT_BEHIND: Final = ("points", "meshes", "p1_points")
"""Labels in pixels of the pictures."""

_FACES = "faces.npz"


def pack(labels: Labels, crops: Crops, folder: Path, *, parts: int, quality: int) -> None:
    """Write everything that training needs to `parts` files of pictures and one of labels.

    Args:
        labels: all faces.
        crops: of the same faces.
        folder: to write to.
        parts: number of files that the pictures are spread over.
        quality: of WebP, 1 to 100.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images = [*crops.images, *crops.synthetic, *crops.backgrounds]
    for part in range(parts):
        codes = list(_in_threads(_encode, [(image, quality) for image in images[part::parts]]))
        np.savez(
            _pictures(folder, part),
            bytes=np.concatenate(codes),
            sizes=np.array([len(code) for code in codes], dtype=np.int32),
        )
    flat = crops.meshes.reshape(len(labels), -1)
    mean = flat.mean(axis=0)
    _, _, components = np.linalg.svd(flat[:: max(len(flat) // 4000, 1)] - mean, full_matrices=False)
    components = components[:COMPONENTS]
    known = {f.name: getattr(labels, f.name) for f in fields(labels)}
    np.savez_compressed(
        folder / _FACES,
        version=CROPS_VERSION,
        parts=parts,
        counts_of=np.array([len(crops.images), len(crops.synthetic), len(crops.backgrounds)]),
        crop_points=np.round(crops.points * STEPS_PER_PIXEL) / np.float32(STEPS_PER_PIXEL),
        mesh_mean=mean,
        mesh_components=components,
        mesh_values=((flat - mean) @ components.T).astype(np.float16),
        **{name: values for name, values in known.items() if name not in LEFT_BEHIND},
    )


def unpack(packed: Sequence[Path], crop_folder: Path) -> Labels:
    """Write the crops of `pack` where `load_crops` finds them.

    Args:
        packed: folders over which the files of one call of `pack` are spread.
        crop_folder: to write to.

    Returns:
        The labels, with the points and meshes of the crops and without those of p1.

    Raises:
        SourceError: a file is missing or of another version.
    """
    faces = _find(packed, _FACES)
    with np.load(faces) as arrays:
        if int(arrays["version"]) != CROPS_VERSION:
            raise SourceError(f"{faces} has another version; pack the crops again")
        parts, counts = int(arrays["parts"]), arrays["counts_of"].tolist()
        flat = arrays["mesh_values"].astype(np.float32) @ arrays["mesh_components"]
        meshes = (flat + arrays["mesh_mean"]).astype(np.float32).reshape(len(flat), -1, 3)
        points = arrays["crop_points"]
        known = {f.name: arrays[f.name] for f in fields(Labels) if f.name not in LEFT_BEHIND}
    labels = Labels(points=points, meshes=meshes, p1_points=np.full_like(points, np.nan), **known)
    images = np.empty((sum(counts), STORED_SIDE, STORED_SIDE, 3), np.uint8)
    for part in range(parts):
        with np.load(_find(packed, _pictures(Path(), part).name)) as arrays:
            codes = np.split(arrays["bytes"], np.cumsum(arrays["sizes"])[:-1])
        for place, image in zip(
            range(part, len(images), parts), _in_threads(_decode, codes), strict=True
        ):
            images[place] = image
    real, made, backgrounds = np.split(images, np.cumsum(counts)[:-1])
    save_crops(crop_folder, labels.paths, Crops(real, made, points, meshes, backgrounds))
    return labels


def _find(folders: Sequence[Path], name: str) -> Path:
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    places = ", ".join(map(str, folders))
    raise SourceError(f"{name} is missing in {places}; name all folders that `pack` wrote")


def _pictures(folder: Path, part: int) -> Path:
    return folder / f"pictures-{part}.npz"


def _encode(work: tuple[Image, int]) -> npt.NDArray[np.uint8]:
    image, quality = work
    _, code = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])
    return np.asarray(code, dtype=np.uint8).ravel()


def _decode(code: npt.NDArray[np.uint8]) -> Image:
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), dtype=np.uint8)


def _in_threads(work: Callable[[Any], Image], items: Sequence[Any]) -> Iterator[Image]:
    # OpenCV's codecs leave Python's lock alone.
    with ThreadPoolExecutor() as pool:
        yield from pool.map(work, items)
