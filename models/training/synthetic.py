"""Faces that the pictures lack: turned further, with shut eyes, with open mouths.

Made from stored training crops by moving their face mesh and the picture with it (Zhu et al.,
"Face alignment across large poses", CVPR 2016, call the turn face profiling).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.face import HeadPose
from app.core.layout import IBUG68
from app.core.mesh import ibug68_from_mesh
from app.core.openings import eye_aspect_ratios, mouth_aspect_ratio
from app.core.rotation import pose_to_matrix
from app.evaluate.attributes import shows_expression
from app.evaluate.metrics import eye_distances
from models.training.crops import STORED_SIDE, Crops
from models.training.expressions import Jaw, closed_eyes, paint_eyes, paint_mouth
from models.training.face_shape import rotations_to
from models.training.labels import Labels, TeacherView
from models.training.mapping import LEFT_CORNER, RIGHT_CORNER
from models.training.mesh_map import MeshMap
from models.training.meshes import TEACHERS, VIEWS, MeshTeacher, Seen, Teacher
from models.training.surface import Surface

Image = npt.NDArray[np.uint8]
Mesh = npt.NDArray[np.float32]
Random = np.random.Generator

TURNED: Final = 1200
SHUT: Final = 1500
OPENED: Final = 1000
"""Faces to try; of the turned ones those stay that the teacher recognises."""

SMALLEST_EYE_DISTANCE: Final = 28.0
"""Pixels in the picture; smaller faces are too coarse to be bent."""

LARGEST_YAW: Final = 35.0
"""Degrees; of faces turned further too little is seen on the far side."""

LOOKS: Final = (*VIEWS[:2], *[view for view in VIEWS if view.teacher == "task"])
"""Views of the teachers whose mean is the truth of a turned face."""

PLAIN_TASK: Final = next(view for view in VIEWS if view.teacher == "task")
"""View that gives the blendshapes of a synthetic face."""

OPEN_EYES: Final = 0.2
"""Aspect ratio from which eyes can be shut by hand."""

CLOSED_MOUTH: Final = 0.12
"""Aspect ratio up to which a mouth can be opened by hand."""

TEACHER_AGREES: Final = 0.12
"""A turned face counts when the teacher sees its points within this distance of where the turn
puts them (mean, share of the eye distance before the turn)."""


@dataclass(frozen=True, eq=False, slots=True)
class Made:
    """One synthetic face: its picture, points, mesh, rotation and blendshapes, and what it was made
    from.
    """

    row: int
    kind: str
    image: Image
    points: npt.NDArray[np.float32]
    mesh: Mesh
    rotation: npt.NDArray[np.float64]
    blendshapes: npt.NDArray[np.float32]


def make_faces(
    labels: Labels,
    crops: Crops,
    view: TeacherView,
    *,
    mapped: MeshMap,
    peers: Path,
    seed: int = 0,
    counts: tuple[int, int, int] = (TURNED, SHUT, OPENED),
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Labels, Image]:
    """Make synthetic faces of training faces.

    Args:
        labels: of the pictures.
        crops: of the same faces.
        view: gives the mean face.
        mapped: from meshes to points.
        peers: folder of the second teacher.
        seed: of every random choice.
        counts: faces to turn, to shut the eyes of, and to open the mouth of.
        progress: is told how many of how many are done.

    Returns:
        Labels of S faces, split `synthetic`, and their crops (S, STORED_SIDE, STORED_SIDE, 3).
    """
    rng = np.random.default_rng(seed)
    surface = Surface(view.shape)
    jaw, teacher = Jaw(surface), MeshTeacher(peers)
    usable = _usable(labels)
    ratios = eye_aspect_ratios(labels.points, IBUG68).min(axis=1)
    mouths = mouth_aspect_ratio(labels.points, IBUG68)
    yaw = labels.angles()[:, 0]
    plans = [
        *((row, "turned") for row in _draw(usable, counts[0], rng)),
        *((row, "eyes") for row in _draw(usable & (ratios > OPEN_EYES), counts[1], rng)),
        *((row, "mouth") for row in _draw(usable & (mouths < CLOSED_MOUTH), counts[2], rng)),
    ]
    made = []
    for done, (row, kind) in enumerate(plans, start=1):
        image, mesh = crops.image(row), crops.meshes[row]
        if kind == "turned":
            turn = random_turn(float(yaw[row]), rng)
            face = turned_face(surface, teacher, mapped, image, mesh, turn)
        elif kind == "eyes":
            face = _moved(mapped, crops, row, *_shut(surface, image, mesh, random_openings(rng)))
        else:
            face = _moved(mapped, crops, row, *_opened(surface, jaw, image, mesh, rng))
        if face is not None:
            painted, points, moved = face
            rotation = labels.rotations[row]
            if kind == "turned":
                rotation = rotations_to(moved[None].astype(np.float64), view.shape)[0]
            seen = teacher.find(painted, PLAIN_TASK) or Seen.nothing()
            made.append(Made(row, kind, painted, points, moved, rotation, seen.blendshapes))
        if progress and (done % 500 == 0 or done == len(plans)):
            progress(done, len(plans))
    return _labels_of(labels, made), np.stack([m.image for m in made])


def random_turn(yaw: float, rng: Random) -> HeadPose:
    """A further turn, most often to the side to which a face of this yaw looks already."""
    way = np.sign(yaw) if abs(yaw) > 5 else rng.choice([-1.0, 1.0])
    if rng.random() < 0.65:
        return HeadPose(float(way * rng.uniform(10, 45)), float(rng.normal(0, 5)), 0.0)
    nod = rng.choice([-1.0, 1.0]) * rng.uniform(10, 28)
    return HeadPose(float(way * rng.uniform(0, 15)), float(nod), 0.0)


def random_openings(rng: Random) -> tuple[float, float]:
    """Openings of both eyes: shut, half shut, or a wink."""
    kind = rng.random()
    if kind < 0.45:
        return 0.0, 0.0
    if kind < 0.8:
        opening = float(rng.uniform(0.1, 0.75))
        return opening, opening
    return (0.0, 1.0) if rng.random() < 0.5 else (1.0, 0.0)


def turned_face(
    surface: Surface,
    teacher: MeshTeacher,
    mapped: MeshMap,
    image: Image,
    mesh: Mesh,
    turn: HeadPose,
) -> tuple[Image, npt.NDArray[np.float32], Mesh] | None:
    """The crop with its face turned, and the points and the mesh that the teachers see on it; None
    where that is not what the turn should show.

    The teachers' word counts, not the turned mesh: its depth is a guess, and the points of a real
    face in this pose, which it labels too, must mean the same.
    """
    source = surface.vertices(mesh, side=STORED_SIDE - 1)
    target = surface.turned(source, pose_to_matrix(turn))
    painted = surface.paint(image, source, target)
    looks = looks_of(teacher, painted)
    if looks is None:
        return None
    attention, task = looks
    mean = (attention + task) / 2
    eyes = np.linalg.norm(mesh[RIGHT_CORNER] - mesh[LEFT_CORNER])
    expected = ibug68_from_mesh(target[None, :468].astype(np.float32))[0, :, :2]
    off = np.linalg.norm(ibug68_from_mesh(mean)[:, :2] - expected, axis=1).mean()
    if off > TEACHER_AGREES * eyes:
        return None
    points = mapped(attention[None], task[None])[0].astype(np.float32)
    return painted, points, mean


def looks_of(teacher: MeshTeacher, image: Image) -> tuple[Mesh, Mesh] | None:
    """The meshes (478, 3) that each teacher sees in a crop, the mean over its `LOOKS`; None where
    one of them shows no face.
    """
    seen: dict[Teacher, list[Mesh]] = {name: [] for name in TEACHERS}
    for look in LOOKS:
        found = teacher.find(image, look)
        if found is None:
            return None
        seen[look.teacher].append(look.upright(found.mesh))
    attention, task = (np.mean(seen[name], axis=0) for name in TEACHERS)
    return attention.astype(np.float32), task.astype(np.float32)


def _moved(
    mapped: MeshMap, crops: Crops, row: int, image: Image, moved: Mesh
) -> tuple[Image, npt.NDArray[np.float32], Mesh]:
    """A face whose mesh was moved, with its points moved as far as the map sees the mesh move."""
    before, after = (mapped(m[None], m[None])[0] for m in (crops.meshes[row], moved))
    return image, (crops.points[row] + after - before).astype(np.float32), moved


def _shut(
    surface: Surface, image: Image, mesh: Mesh, openings: tuple[float, float]
) -> tuple[Image, Mesh]:
    moved = closed_eyes(mesh, openings)
    return paint_eyes(surface, image, mesh, moved, openings), moved


def _opened(
    surface: Surface, jaw: Jaw, image: Image, mesh: Mesh, rng: Random
) -> tuple[Image, Mesh]:
    """An open mouth; one face in three yawns with its eyes shut or nearly so."""
    if rng.random() < 0.35:
        opening = float(rng.uniform(0.0, 0.4))
        image, mesh = _shut(surface, image, mesh, (opening, opening))
    moved = jaw.drop(mesh, float(rng.uniform(0.08, 0.42)))
    return paint_mouth(surface, image, mesh, moved, rng), moved


def _usable(labels: Labels) -> npt.NDArray[np.bool_]:
    return (
        (labels.split == "train")
        & ~labels.masked
        & (eye_distances(labels.points, IBUG68) >= SMALLEST_EYE_DISTANCE)
        & (labels.inside.sum(axis=1) >= IBUG68.count - 2)
        & (np.abs(labels.angles()[:, 0]) < LARGEST_YAW)
    )


def _draw(flags: npt.NDArray[np.bool_], count: int, rng: Random) -> list[int]:
    """At most `count` of the rows that are flagged."""
    rows: list[int] = rng.permutation(np.flatnonzero(flags))[:count].tolist()
    return rows


def _labels_of(labels: Labels, made: Sequence[Made]) -> Labels:
    rows = np.array([m.row for m in made])
    kinds = np.array([m.kind for m in made])
    meshes = np.stack([m.mesh for m in made])
    points = np.stack([m.points for m in made])
    return replace(
        labels,
        paths=np.array([f"{m.kind}/{labels.paths[m.row]}" for m in made]),
        split=np.full(len(made), "synthetic"),
        source=kinds,
        squeeze=np.ones(len(made)),
        points=points,
        meshes=meshes,
        counts=labels.counts[rows],
        inside=labels.inside[rows],
        rotations=np.stack([m.rotation for m in made]),
        expression=labels.expression[rows] | shows_expression(points, IBUG68),
        masked=labels.masked[rows],
        p1_points=np.full_like(labels.p1_points[rows], np.nan),
        hand=np.zeros(len(made), dtype=bool),
        blendshapes=np.stack([m.blendshapes for m in made]),
    )
