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
from models.training.mapping import FACE_VERTICES, LEFT_CORNER, RIGHT_CORNER
from models.training.mesh_map import MeshMap, fit_mesh_map
from models.training.meshes import TEACHERS, VIEWS, load_meshes, mean_mesh, of_teacher
from models.training.sources import Picture, hand_labels, p1_labels, read_picture

LABELS_VERSION: Final = 5

SMALLEST_EYE_DISTANCE: Final = 14.0
"""Faces with a smaller distance between the outer eye corners (pixels) are left out: one pixel
is then 7 % of it."""

LARGEST_DISAGREEMENT: Final = 0.08
"""Faces on which two views of the teacher differ by more, as a root mean square over pairs of
views and points and as a share of the eye distance, are left out."""

ANOTHER_FACE: Final = 0.3
"""A view that lies further from the middle of all views (share of the eye distance) shows another
face of the picture, or none, and does not count."""

FEWEST_VIEWS: Final = 4
"""A face counts when this many views agree: more than half of them."""

OTHER_FACE: Final = 0.4
"""p1 pictures whose mesh lies further from the label show the mesh of another face (share of
the eye distance)."""

UNDER_A_MASK: Final = tuple(i for i in range(68) if not (17 <= i < 27 or 36 <= i < 48))
"""Points that the teacher guesses when a face mask hides them: all but brows and eyes."""

HIDDEN_POINTS: Final = 3
"""A face with this many points outside the picture counts as occluded."""


def label_file(runs: Path) -> Path:
    """Where the labels lie in the folder of all runs."""
    return runs / "labels" / f"labels-v{LABELS_VERSION}.npz"


def mesh_folder(runs: Path) -> Path:
    """Where the views of the teacher lie in the folder of all runs."""
    return runs / "labels" / f"meshes-v{LABELS_VERSION}"


@dataclass(frozen=True, eq=False, slots=True)
class Labels:
    """What is known of M usable faces.

    Attributes:
        paths: (M,) path of the picture in the data folder.
        split: (M,) `train`, `val`, or `synthetic` for faces made from those of `train`.
        source: (M,) name of the source; of a synthetic face what was done to it.
        squeeze: (M,) factor on the picture's width before anything else.
        points: (M, 68, 2) float32, pixels of the squeezed picture; of a synthetic face of its
            stored crop, since there is no other picture of it.
        meshes: (M, 478, 3) float32, the whole mesh, x and y likewise, z in the same unit.
        counts: (M, 68) bool, False where the truth is a guess: under a mask.
        inside: (M, 68) bool, False where the point lies outside the picture.
        rotations: (M, 3, 3) float64, from face axes to camera axes.
        expression: (M,) bool, see `shows_expression`.
        masked: (M,) bool.
        p1_points: (M, 68, 2) float32, the coarse labels of p1, NaN elsewhere.
        hand: (M,) bool, people checked the points; elsewhere they come from the teachers through
            the map of `mesh_map`.
        blendshapes: (M, 52) float32 of `BLENDSHAPES`, NaN where they are not known.
    """

    paths: npt.NDArray[np.str_]
    split: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    squeeze: npt.NDArray[np.float64]
    points: npt.NDArray[np.float32]
    meshes: npt.NDArray[np.float32]
    counts: npt.NDArray[np.bool_]
    inside: npt.NDArray[np.bool_]
    rotations: npt.NDArray[np.float64]
    expression: npt.NDArray[np.bool_]
    masked: npt.NDArray[np.bool_]
    p1_points: npt.NDArray[np.float32]
    hand: npt.NDArray[np.bool_]
    blendshapes: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.paths)

    def of(self, *splits: str) -> npt.NDArray[np.int64]:
        """Indices of the faces of these splits."""
        return np.flatnonzero(np.isin(self.split, splits))

    @classmethod
    def join(cls, parts: Sequence[Labels]) -> Labels:
        """The faces of all parts, one after another."""
        return cls(
            **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)}
        )

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
        np.savez(path, version=LABELS_VERSION, **arrays)

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
    """The teachers' meshes, averaged over their views.

    Attributes:
        meshes: (M, 478, 3) float64, the mean of both teachers, pixels of the squeezed picture; NaN
            where too few views found the face.
        attention: (M, 478, 3), likewise, of the teacher of the wheel alone.
        task: (M, 478, 3), likewise, of that of the bundle.
        blendshapes: (M, 52) float32.
        disagreement: (M,) between two views, share of the eye distance.
        sizes: (M, 2) width and height of the squeezed pictures.
        shape: (478, 3) mean face.
    """

    meshes: npt.NDArray[np.float64]
    attention: npt.NDArray[np.float64]
    task: npt.NDArray[np.float64]
    blendshapes: npt.NDArray[np.float32]
    disagreement: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.int64]
    shape: npt.NDArray[np.float64]


def view_of_teacher(data: Path, pictures: Sequence[Picture], mesh_folder: Path) -> TeacherView:
    """Average the views of each picture; the mean face comes from the training split."""
    seen, blendshapes = upright_views(pictures, mesh_folder)
    sizes = np.array([read_picture(data, p).shape[1::-1] for p in pictures])
    fit = np.array(
        [p.split == "train" and not p.masked and p.squeeze == 1.0 for p in pictures], dtype=bool
    )
    shape, _ = mean_face(seen[0, fit & np.isfinite(seen[0, :, 0, 0])])
    meshes, apart, agree = average_views(seen)
    each = {}
    for teacher in TEACHERS:
        counted = agree & of_teacher(teacher)[:, None]
        count = counted.sum(axis=0)[:, None, None]
        total = np.where(counted[..., None, None], seen, 0.0).sum(axis=0, dtype=np.float64)
        each[teacher] = np.divide(total, count, where=count > 0, out=np.full(total.shape, np.nan))
    counted = agree & of_teacher("task")[:, None]
    blends = np.where(counted[..., None], blendshapes, 0.0).sum(axis=0)
    blends[~counted.any(axis=0)] = np.nan
    blends /= np.maximum(counted.sum(axis=0), 1)[:, None]
    return TeacherView(
        meshes, each["attention"], each["task"], blends.astype(np.float32), apart, sizes, shape
    )


def upright_views(
    pictures: Sequence[Picture], mesh_folder: Path
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """What the teachers saw (views, M, 478, 3), mirrored views in the order of the others, and
    the blendshapes (views, M, 52).
    """
    seen, blendshapes = load_meshes(mesh_folder, pictures)
    for view, meshes in zip(VIEWS, seen, strict=True):
        meshes[:] = view.upright(meshes)
    return seen, blendshapes


def average_views(
    seen: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Mean of the views that show the same face, and how far two of them are apart.

    Args:
        seen: (views, M, 478, 3) in the order of `VIEWS`, NaN where a view found nothing.

    Returns:
        Meshes (M, 478, 3), NaN where fewer than `FEWEST_VIEWS` agree or none of a teacher does,
        the root mean square distance in the picture between two views (M,), share of the eye
        distance, and which views agree (views, M).
    """
    meshes = np.full(seen.shape[1:], np.nan)
    apart = np.full(seen.shape[1], np.nan)
    counted = np.zeros(seen.shape[:2], dtype=bool)
    attention = of_teacher("attention")
    for row in range(seen.shape[1]):
        here = np.isfinite(seen[:, row, 0, 0])
        if here.sum() < FEWEST_VIEWS:
            continue
        views, kinds = seen[here, row].astype(np.float64), attention[here]
        faces = views[:, :FACE_VERTICES, :2]
        middle = np.median(faces, axis=0)
        eyes = np.linalg.norm(middle[RIGHT_CORNER] - middle[LEFT_CORNER])
        off = np.linalg.norm(faces - middle, axis=2).mean(axis=1)
        agree = off <= ANOTHER_FACE * eyes
        if agree.sum() >= FEWEST_VIEWS and kinds[agree].any() and not kinds[agree].all():
            meshes[row] = mean_mesh(views[agree], kinds[agree])
            counted[np.flatnonzero(here)[agree], row] = True
            # The variance between two of them is twice that of one.
            spread = faces[agree].var(axis=0, ddof=1).sum(axis=1).mean()
            apart[row] = np.sqrt(2 * spread) / eyes
    return meshes, apart, counted


def fitted_map(data: Path, pictures: Sequence[Picture], view: TeacherView) -> MeshMap:
    """The map of both teachers, fitted on the training faces that people checked."""
    checked = hand_labels(data)
    rows = np.flatnonzero([p.path in checked and p.split == "train" for p in pictures])
    truth = np.stack([checked[pictures[row].path] for row in rows]).astype(np.float64)
    off = np.linalg.norm(ibug68_from_mesh(view.meshes[rows])[..., :2] - truth, axis=2).mean(axis=1)
    # NaN where the teachers saw nothing; where they saw another face, the labels are of none.
    same = off / eye_distances(truth, IBUG68) < OTHER_FACE
    return fit_mesh_map(truth[same], view.attention[rows[same]], view.task[rows[same]])


def label_points(
    data: Path, pictures: Sequence[Picture], view: TeacherView
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Points (M, 68, 2) of all pictures, those that people checked where there are any, else what
    the map makes of the teachers' meshes, and where people checked them (M,).
    """
    points = fitted_map(data, pictures, view)(view.attention, view.task).astype(np.float32)
    checked = hand_labels(data)
    hand = np.array([p.path in checked for p in pictures])
    for row in np.flatnonzero(hand):
        points[row] = checked[pictures[row].path]
    return points, hand


def build_labels(data: Path, pictures: Sequence[Picture], view: TeacherView) -> Labels:
    """Labels of all usable pictures, training and validation."""
    row_of = {p.path: i for i, p in enumerate(pictures)}
    # A drawn mask hides the truth from the teacher; the same picture without it has the truth.
    truth = np.array([row_of.get(p.twin, i) for i, p in enumerate(pictures)])
    meshes = view.meshes[truth]
    points, hand = label_points(data, pictures, view)
    points, by_mesh = points[truth], ibug68_from_mesh(meshes[..., :2])
    coarse = p1_labels(data)
    unknown = np.full((IBUG68.count, 2), np.nan, dtype=np.float32)
    p1_points = np.stack([coarse.get(p.path, unknown) for p in pictures])
    eyes = eye_distances(points, IBUG68)
    off_label = np.linalg.norm(p1_points - points, axis=2).mean(axis=1) / eyes
    usable = (
        (eyes >= SMALLEST_EYE_DISTANCE)
        & (view.disagreement[truth] <= LARGEST_DISAGREEMENT)
        & ~(off_label > OTHER_FACE)
        & (np.linalg.norm(by_mesh - points, axis=2).mean(axis=1) / eyes <= OTHER_FACE)
        & [_mouth_is_in(pictures[i].mouth, points[row]) for row, i in enumerate(truth.tolist())]
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
        meshes=meshes[keep].astype(np.float32),
        counts=counts,
        inside=np.stack([inside(points[i], *view.sizes[i]) for i in keep]),
        rotations=rotations_to(meshes[keep], view.shape),
        expression=shows_expression(points[keep], IBUG68, [p.emotion for p in kept]),
        masked=np.array([p.masked for p in kept]),
        p1_points=p1_points[keep],
        hand=hand[truth][keep],
        blendshapes=view.blendshapes[truth][keep],
    )


def _mouth_is_in(
    box: tuple[float, float, float, float] | None, points: npt.NDArray[np.float32]
) -> bool:
    """Whether the mouth of a face (68, 2) lies in the box that people drew, if they drew one."""
    if box is None:
        return True
    x, y = points[list(IBUG68.groups["outer_lips"])].mean(axis=0)
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


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
