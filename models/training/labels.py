"""The labels that training and evaluation use: made once, cached, versioned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from app.core.errors import SourceError
from app.core.layout import IBUG68
from app.core.mesh import ibug68_from_mesh
from app.core.rotation import matrix_to_pose
from app.evaluate.attributes import attribute_flags, shows_expression
from app.evaluate.metrics import eye_distances, inside
from models.training.face_shape import (
    balanced_by_yaw,
    depth_factor,
    mean_face,
    rotations_to,
)
from models.training.mapping import LEFT_CORNER, RIGHT_CORNER
from models.training.meshes import load_meshes
from models.training.sources import Picture, p1_labels, read_picture

LABELS_VERSION: Final = 1

SMALLEST_EYE_DISTANCE: Final = 14.0
"""Faces with a smaller distance between the outer eye corners (pixels) are left out: one pixel
is then 7 % of it."""

LARGEST_DISAGREEMENT: Final = 0.08
"""Faces on which the teacher contradicts its own view of the mirror image by more, in the mean
over the points and as a share of the eye distance, are left out (2 % of the pictures)."""

OTHER_FACE: Final = 0.4
"""p1 pictures whose mesh lies further from the label show the mesh of another face (share of
the eye distance)."""

UNDER_A_MASK: Final = tuple(i for i in range(68) if not (17 <= i < 27 or 36 <= i < 48))
"""Points that the teacher guesses when a face mask hides them: all but brows and eyes."""

HIDDEN_POINTS: Final = 3
"""A face with this many points outside the picture counts as occluded."""


@dataclass(frozen=True, eq=False, slots=True)
class Labels:
    """What is known of M usable faces.

    Attributes:
        paths: (M,) path of the picture in the data folder.
        split: (M,) `train` or `val`.
        source: (M,) name of the source.
        squeeze: (M,) factor on the picture's width before anything else.
        points: (M, 68, 2) float32, pixels of the squeezed picture.
        counts: (M, 68) bool, False where the truth is a guess: under a mask.
        inside: (M, 68) bool, False where the point lies outside the picture.
        rotations: (M, 3, 3) float64, from face axes to camera axes.
        expression: (M,) bool, see `shows_expression`.
        masked: (M,) bool.
        p1_points: (M, 68, 2) float32, the coarse labels of p1, NaN elsewhere.
    """

    paths: npt.NDArray[np.str_]
    split: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    squeeze: npt.NDArray[np.float64]
    points: npt.NDArray[np.float32]
    counts: npt.NDArray[np.bool_]
    inside: npt.NDArray[np.bool_]
    rotations: npt.NDArray[np.float64]
    expression: npt.NDArray[np.bool_]
    masked: npt.NDArray[np.bool_]
    p1_points: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.paths)

    def of(self, split: str) -> npt.NDArray[np.int64]:
        """Indices of the faces of one split."""
        return np.flatnonzero(self.split == split)

    def angles(self) -> npt.NDArray[np.float64]:
        """(M, 3) yaw, pitch and roll in degrees."""
        poses = [matrix_to_pose(rotation) for rotation in self.rotations]
        return np.array([[p.yaw, p.pitch, p.roll] for p in poses])

    def attributes(self) -> npt.NDArray[np.bool_]:
        """(M, 6) flags in the order of `ATTRIBUTES`."""
        angles = self.angles()
        hidden = (~self.inside).sum(axis=1) >= HIDDEN_POINTS
        return attribute_flags(
            angles[:, 0],
            angles[:, 1],
            expression=self.expression,
            occluded=self.masked | hidden,
        )

    def save(self, path: Path) -> None:
        """Write all arrays and the version to an .npz file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        np.savez_compressed(path, version=LABELS_VERSION, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            SourceError: there is no such file, or another version of this code wrote it.
        """
        if not path.is_file():
            raise SourceError(f"{path} is missing; make it with `python -m models.training labels`")
        with np.load(path) as arrays:
            if int(arrays["version"]) != LABELS_VERSION:
                raise SourceError(f"{path} has another version; delete it and make it again")
            return cls(**{f.name: arrays[f.name] for f in fields(cls)})


@dataclass(frozen=True, eq=False, slots=True)
class TeacherView:
    """The teacher's meshes, image and mirror image averaged.

    Attributes:
        meshes: (M, 478, 3) float64, pixels of the squeezed picture; NaN where none was found.
        disagreement: (M,) between the two views, share of the eye distance.
        sizes: (M, 2) width and height of the squeezed pictures.
        shape: (478, 3) mean face.
    """

    meshes: npt.NDArray[np.float64]
    disagreement: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.int64]
    shape: npt.NDArray[np.float64]


def view_of_teacher(data: Path, pictures: Sequence[Picture], mesh_cache: Path) -> TeacherView:
    """Average the two views of each picture; the mean face comes from the training split."""
    _, seen, reflected = load_meshes(mesh_cache)
    sizes = np.array([read_picture(data, p).shape[1::-1] for p in pictures])
    fit = np.array(
        [p.split == "train" and not p.masked and p.squeeze == 1.0 for p in pictures], dtype=bool
    )
    shape, mirror = mean_face(seen[fit & np.isfinite(seen[:, 0, 0])])
    back = reflected[:, mirror].astype(np.float64)
    back[..., 0] = sizes[:, :1] - 1 - back[..., 0]
    meshes = (seen + back) / 2
    eyes = np.linalg.norm(meshes[:, RIGHT_CORNER] - meshes[:, LEFT_CORNER], axis=1)
    apart = np.linalg.norm((seen - back)[..., :2], axis=2).mean(axis=1) / eyes
    return TeacherView(meshes, apart, sizes, shape)


def build_labels(data: Path, pictures: Sequence[Picture], view: TeacherView) -> Labels:
    """Labels of all usable pictures, training and validation."""
    row_of = {p.path: i for i, p in enumerate(pictures)}
    # A drawn mask hides the truth from the teacher; the same picture without it has the truth.
    truth = np.array([row_of.get(p.twin, i) for i, p in enumerate(pictures)])
    meshes = view.meshes[truth]
    points = ibug68_from_mesh(meshes[..., :2]).astype(np.float32)
    coarse = p1_labels(data)
    unknown = np.full((IBUG68.count, 2), np.nan, dtype=np.float32)
    p1_points = np.stack([coarse.get(p.path, unknown) for p in pictures])
    eyes = eye_distances(points, IBUG68)
    off_label = np.linalg.norm(p1_points - points, axis=2).mean(axis=1) / eyes
    usable = (
        (eyes >= SMALLEST_EYE_DISTANCE)
        & (view.disagreement[truth] <= LARGEST_DISAGREEMENT)
        & ~(off_label > OTHER_FACE)
    )
    keep = np.flatnonzero(usable)
    kept = [pictures[i] for i in keep]
    counts = np.ones((len(keep), IBUG68.count), dtype=bool)
    guessed = np.flatnonzero([p.masked and not p.twin for p in kept])
    counts[np.ix_(guessed, UNDER_A_MASK)] = False
    return Labels(
        paths=np.array([p.path for p in kept]),
        split=np.array([p.split for p in kept]),
        source=np.array([p.source for p in kept]),
        squeeze=np.array([p.squeeze for p in kept]),
        points=points[keep],
        counts=counts,
        inside=np.stack([inside(points[i], *view.sizes[i]) for i in keep]),
        rotations=rotations_to(meshes[keep], view.shape),
        expression=shows_expression(points[keep], IBUG68, [p.emotion for p in kept]),
        masked=np.array([p.masked for p in kept]),
        p1_points=p1_points[keep],
    )


def mean_face_points(
    pictures: Sequence[Picture], view: TeacherView
) -> tuple[npt.NDArray[np.float64], float, int]:
    """Mean 3D face points (68, 3) for the program, the depth factor that is in them, and the
    number of pictures that they come from.
    """
    fit = np.array([p.split == "train" and not p.masked and p.squeeze == 1.0 for p in pictures])
    eyes = np.linalg.norm(view.meshes[:, RIGHT_CORNER] - view.meshes[:, LEFT_CORNER], axis=1)
    fit &= (view.disagreement <= LARGEST_DISAGREEMENT) & (eyes >= 2 * SMALLEST_EYE_DISTANCE)
    count = int(fit.sum())
    faces = view.meshes[fit] / eyes[fit, None, None]
    faces = faces[balanced_by_yaw(rotations_to(faces, view.shape))]
    factor = depth_factor(faces, view.shape)
    return ibug68_from_mesh(view.shape * [1.0, 1.0, factor]), factor, count
