"""Batches of augmented crops; batch number s of a seed is always the same."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from app.core.errors import SourceError
from app.core.face import Box, HeadPose
from app.core.geometry import crop_transform
from app.core.layout import IBUG68, MESH478, LandmarkLayout, point_map
from app.core.rotation import pose_to_matrix
from models.training import augmentation
from models.training.accessories import wear_something
from models.training.augmentation import Jitter
from models.training.blendshapes import mirrored_blendshapes
from models.training.crops import Crops, Framing, in_channels, true_box, warp
from models.training.labels import Labels
from models.training.mapping import FACE_VERTICES
from models.training.mesh_map import LABEL_SHIFT
from models.training.visibility import PARTS, seen_parts

_MESH_MIRROR = list(MESH478.mirror[:FACE_VERTICES])
_POINT_MIRROR = list(IBUG68.mirror)

EMPTY: Final = 0.4
"""Share of the negatives that hold no face at all; the others hold a face, framed badly."""


class Batch(NamedTuple):
    """B crops with what is known of them.

    images: (B, C, N, N) uint8, in the order of the colours that the framing names.
    points: (B, K, 2) float32, 0..1 across the crop, in the layout that was asked for.
    meshes: (B, 468, 2) float32, 0..1 across the crop, of the face mesh.
    counts: (B, K) bool, False for points that are guesses or lie outside picture or crop, and
        for every point of a negative.
    eye_distance: (B,) float32, in units of the crop.
    rotations: (B, 3, 3) float32, face axes to camera axes, as the crop shows them.
    attributes: (B, 6) bool.
    positive: (B,) bool, False for a crop without a well-framed face.
    truth: (B, K) bool, True for points that are known, be they inside the crop or not: what the
        quality of an answer is measured on; False throughout where the crop holds no face.
    visible: (B, 3) float32, whether the left eye, the right eye and the mouth can be seen, 1 or 0;
        NaN where that is not known.
    blendshapes: (B, 52) float32 of `BLENDSHAPES`, NaN where they are not known.
    """

    images: Tensor
    points: Tensor
    meshes: Tensor
    counts: Tensor
    eye_distance: Tensor
    rotations: Tensor
    attributes: Tensor
    positive: Tensor
    truth: Tensor
    visible: Tensor
    blendshapes: Tensor


@dataclass(frozen=True, eq=False, slots=True)
class Faces:
    """Crops and labels of the faces of one split, aligned.

    Attributes:
        rows: indices of the split's faces in `crops` and in all arrays here.
        counts: (M, 68) bool, truth known and inside the picture.
        rotations: (M, 3, 3).
        attributes: (M, 6).
        masked: (M,) a face mask covers mouth, chin and nose.
        source: (M,) name of the source, of a synthetic face what was done to it.
        known: (M, 68) truth known, wherever the point lies.
        visible: (M, 3) left eye, right eye, mouth: 1 where they lie inside the picture and no mask
            covers them, else 0.
        blendshapes: (M, 52).
    """

    crops: Crops
    rows: npt.NDArray[np.int64]
    counts: npt.NDArray[np.bool_]
    rotations: npt.NDArray[np.float64]
    attributes: npt.NDArray[np.bool_]
    masked: npt.NDArray[np.bool_]
    source: npt.NDArray[np.str_]
    known: npt.NDArray[np.bool_]
    visible: npt.NDArray[np.float32]
    blendshapes: npt.NDArray[np.float32]

    @classmethod
    def of(cls, labels: Labels, crops: Crops, *splits: str) -> Faces:
        """The faces of these splits."""
        counts = labels.counts & labels.inside
        return cls(
            crops,
            labels.of(*splits),
            counts,
            labels.rotations,
            labels.attributes(),
            labels.masked,
            labels.source,
            labels.counts,
            _visible_parts(labels),
            labels.blendshapes,
        )

    @property
    def counts_here(self) -> npt.NDArray[np.bool_]:
        """`counts` of the split's faces alone, in the order of `rows`."""
        return self.counts[self.rows]


class AugmentedBatches(Dataset[Batch]):
    """Element s is the batch of training step s.

    Args:
        faces: whose crops to make.
        framing: what a crop is.
        jitter: how far it strays from that.
        batch_size: crops per batch.
        negatives: share of the crops that hold no well-framed face.
        seed: of every random choice.
        layout: of the points.
        accessories: draw glasses, masks and hands over faces.
        clear: share of the crops that differ from their picture in light and colour alone.
        shown: how often an epoch shows each face of a source, by its name; once where none is.

    Raises:
        SourceError: `shown` names a source of which there is no face, says what is no count, or
            leaves nothing to show.
    """

    def __init__(
        self,
        faces: Faces,
        framing: Framing,
        jitter: Jitter,
        *,
        batch_size: int,
        negatives: float,
        seed: int,
        layout: LandmarkLayout = IBUG68,
        accessories: bool = True,
        clear: float = 0.0,
        shown: Mapping[str, float] | None = None,
    ) -> None:
        self._faces = faces
        self._layout = layout
        self._framing = framing
        self._jitter = jitter
        self._batch_size = batch_size
        self._negatives = negatives
        self._seed = seed
        self._accessories = accessories
        self._clear = clear
        self._times = _times(faces.source[faces.rows], shown) if shown else None
        self._kept: tuple[int, npt.NDArray[np.int64]] | None = None

    def __getitem__(self, step: int) -> Batch:
        """The batch of one step, whatever was asked for before."""
        rng = np.random.default_rng((self._seed, 1, step))
        crops = [self._crop(row, rng) for row in self._rows(step)]
        columns = [np.stack(column) for column in zip(*crops, strict=True)]
        return Batch(*(torch.from_numpy(column) for column in columns))

    def _rows(self, step: int) -> npt.NDArray[np.int64]:
        """Rows of the faces of one step: every face once per epoch, in an order of its own, or as
        often as `shown` says.
        """
        count = len(self._faces.rows) if self._times is None else round(self._times.sum())
        wanted = np.arange(step * self._batch_size, (step + 1) * self._batch_size)
        rows = np.empty(len(wanted), dtype=np.int64)
        for epoch in np.unique(wanted // count):
            order = self._order(int(epoch), count)
            here = wanted // count == epoch
            rows[here] = order[wanted[here] % count]
        return rows

    def _order(self, epoch: int, count: int) -> npt.NDArray[np.int64]:
        """The rows of one epoch of `count` crops, kept for the next step."""
        if self._kept is None or self._kept[0] != epoch:
            rng = np.random.default_rng((self._seed, 0, epoch))
            self._kept = epoch, self._drawn(count, rng)
        return self._kept[1]

    def _drawn(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        rows, times = self._faces.rows, self._times
        if times is None:
            return rng.permutation(rows)
        # Even steps along the sum of the times from a random start: a face that should be shown
        # 2.4 times an epoch comes twice or three times, a source as often as it should, and
        # every epoch is as long. Equal times lie together, or the steps could miss every other.
        order = np.lexsort((rng.random(len(rows)), times))
        reach = np.cumsum(times[order])
        steps = (np.arange(count) + rng.random()) * reach[-1] / count
        return rng.permutation(rows[order][np.searchsorted(reach, steps, side="right")])

    def _crop(self, row: int, rng: np.random.Generator) -> tuple[npt.NDArray[Any], ...]:
        faces, framing = self._faces, self._framing
        image, points = faces.crops.image(row), faces.crops.points[row]
        positive = rng.random() >= self._negatives
        face = True
        if positive:
            matrix = augmentation.face_transform(
                points,
                size=framing.size,
                crop_scale=framing.scale,
                crop_shift=framing.shift,
                jitter=self._jitter,
                rng=rng,
            )
        elif rng.random() < EMPTY and len(faces.crops.backgrounds):
            face = False
            image = faces.crops.backgrounds[rng.integers(len(faces.crops.backgrounds))]
            matrix = _somewhere(image.shape[0], framing.size, rng)
        else:
            matrix = augmentation.spoilt_transform(
                points, size=framing.size, crop_scale=framing.scale, rng=rng
            )
        border = (cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE)[rng.integers(2)]
        crop = warp(image, matrix, framing.size, border)
        unit = (points @ matrix[:, :2].T + matrix[:, 2] + 0.5) / framing.size
        inside = ((unit >= 0) & (unit <= 1)).all(axis=1)
        counts = faces.counts[row] & inside & positive
        mesh = faces.crops.meshes[row, :FACE_VERTICES, :2]
        mesh = (mesh @ matrix[:, :2].T + matrix[:, 2] + 0.5) / framing.size
        rotation = _turned(faces.rotations[row], matrix)
        truth = faces.known[row] & face
        visible, blendshapes = faces.visible[row].copy(), faces.blendshapes[row]
        if rng.random() < 0.5:
            crop, unit, mesh, counts, rotation = mirrored(crop, unit, mesh, counts, rotation)
            truth, visible = truth[_POINT_MIRROR], visible[[1, 0, 2]]
            blendshapes = mirrored_blendshapes(blendshapes)
        cover = np.zeros(crop.shape[:2], np.float32)
        if self._accessories and positive and not faces.masked[row]:
            crop, cover = wear_something(crop, unit * framing.size - 0.5, rng)
        other = self._texture(rng)
        # Recipes without clear crops draw what they always drew.
        if self._clear and rng.random() < self._clear:
            crop = augmentation.change_light(crop, rng)
        else:
            crop, more = augmentation.change_pixels(crop, other, rng)
            cover = np.maximum(cover, more)
        visible = np.where(
            positive, np.minimum(visible, seen_parts(cover, unit * framing.size - 0.5)), np.nan
        )
        if not positive or not (visible == 1).all():
            blendshapes = np.full_like(blendshapes, np.nan)
        eye_distance = np.float32(np.hypot(*(unit[45] - unit[36])))
        _, truth = in_layout(unit, truth, self._layout)
        unit, counts = in_layout(unit, counts, self._layout)
        return (
            np.ascontiguousarray(in_channels(crop, framing.channels).transpose(2, 0, 1)),
            unit.astype(np.float32),
            mesh.astype(np.float32),
            counts,
            eye_distance,
            rotation.astype(np.float32),
            faces.attributes[row],
            np.bool_(positive),
            truth,
            visible.astype(np.float32),
            blendshapes.astype(np.float32),
        )

    def _texture(self, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """A part of another face, as large as a crop."""
        faces, size = self._faces, self._framing.size
        other = faces.crops.image(faces.rows[rng.integers(len(faces.rows))])
        if size > other.shape[0]:
            return np.asarray(cv2.resize(other, (size, size)), dtype=np.uint8)
        corner = rng.integers(0, other.shape[0] - size + 1, 2)
        return other[corner[0] :, corner[1] :][:size, :size]


def _visible_parts(labels: Labels) -> npt.NDArray[np.float32]:
    inside = np.stack([labels.inside[:, part].mean(axis=1) for part in PARTS], axis=1)
    visible = (inside > 0.5).astype(np.float32)
    visible[labels.masked, 2] = 0.0
    return visible


def in_layout(
    points: npt.NDArray[np.floating[Any]], counts: npt.NDArray[np.bool_], layout: LandmarkLayout
) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.bool_]]:
    """Points (..., 68, 2) and whether they count (..., 68) as those of a layout of K points.

    A point that lies amid others counts where all of them do.
    """
    if layout is IBUG68:
        return points, counts
    mapping = point_map(IBUG68, layout)
    return mapping(points), ~(~counts @ (mapping.weights > 0).T)


def mirrored(
    crop: npt.NDArray[np.uint8],
    unit: npt.NDArray[np.floating[Any]],
    mesh: npt.NDArray[np.floating[Any]],
    counts: npt.NDArray[np.bool_],
    rotation: npt.NDArray[np.float64],
) -> tuple[
    npt.NDArray[np.uint8],
    npt.NDArray[np.floating[Any]],
    npt.NDArray[np.floating[Any]],
    npt.NDArray[np.bool_],
    npt.NDArray[np.float64],
]:
    """Crop, points (68, 2) and mesh (468, 2) in 0..1, flags per point and rotation, as a mirror
    shows them. The points keep the shift to the right that people's labels have, see `LABEL_SHIFT`.
    """
    order = list(IBUG68.mirror)
    reflection = np.diag([-1.0, 1.0, 1.0])
    points = _flipped(unit, order)
    points[:, 0] += 2 * LABEL_SHIFT * np.hypot(*(unit[45] - unit[36]))
    return (
        crop[:, ::-1],
        points,
        _flipped(mesh, _MESH_MIRROR),
        counts[order],
        reflection @ rotation @ reflection,
    )


def _flipped(
    unit: npt.NDArray[np.floating[Any]], order: list[int]
) -> npt.NDArray[np.floating[Any]]:
    flipped = unit[order].copy()
    flipped[:, 0] = 1 - flipped[:, 0]
    return flipped


def plain_crops(
    faces: Faces, framing: Framing
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Crops (F, N, N, C) of all faces of the split around their true boxes, upright, and their
    points (F, 68, 2) in 0..1. No augmentation.
    """
    images, units = [], []
    for row in faces.rows:
        points = faces.crops.points[row]
        matrix = crop_transform(
            true_box(points), scale=framing.scale, shift=framing.shift, size=framing.size
        )
        image = warp(faces.crops.image(row), matrix, framing.size, cv2.BORDER_CONSTANT)
        images.append(in_channels(image, framing.channels))
        units.append((points @ matrix[:, :2].T + matrix[:, 2] + 0.5) / framing.size)
    return np.stack(images), np.stack(units).astype(np.float32)


def stream(
    batches: AugmentedBatches, first: int, last: int, *, workers: int, pin_memory: bool = False
) -> Iterator[Batch]:
    """The batches of steps first..last-1, made ahead by `workers` processes (0: in this one), in
    memory that a GPU can read by itself if asked for.
    """
    loader: DataLoader[Batch] = DataLoader(
        batches,
        batch_size=None,
        sampler=range(first, last),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=pin_memory,
    )
    return iter(loader)


def _times(sources: npt.NDArray[np.str_], shown: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """How often (F,) an epoch shows each of the faces from these sources (F,)."""
    known = set(sources.tolist())
    unknown = sorted(set(shown) - known)
    if unknown:
        raise SourceError(
            f"no face comes from {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
    if not all(0 <= times < math.inf for times in shown.values()):
        raise SourceError("a face is shown 0 times per epoch or more")
    times = np.array([shown.get(source, 1.0) for source in sources.tolist()])
    if round(times.sum()) < 1:
        raise SourceError("an epoch would show no face")
    return times


def _somewhere(stored: int, size: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A random square of a background."""
    side = stored * float(rng.uniform(0.6, 1.0))
    x, y = rng.uniform(0, stored - side, 2)
    return crop_transform(Box(x, y, x + side, y + side), scale=1.0, shift=0.0, size=size)


def _turned(
    rotation: npt.NDArray[np.float64], matrix: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The rotation of a head in a picture that a transform has turned: roll alone changes."""
    angle = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
    turned: npt.NDArray[np.float64] = pose_to_matrix(HeadPose(0.0, 0.0, float(angle))) @ rotation
    return turned
