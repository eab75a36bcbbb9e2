"""What each step from a mesh to the 68 points of people is worth, on val."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.layout import IBUG68
from app.core.mesh import ibug68_from_mesh
from app.evaluate.metrics import eye_distances
from models.training.labels import OTHER_FACE, TeacherView, fitted_map
from models.training.mesh_map import GAPS, gap_line
from models.training.peers import CORE
from models.training.sources import Picture, hand_labels


class Step(NamedTuple):
    """One way to the points: mean errors as shares of the eye distance, and slopes of the gaps."""

    says: str
    all: float
    core: float
    lids: float
    lips: float


def measure_steps(
    data: Path, pictures: Sequence[Picture], view: TeacherView
) -> tuple[list[Step], float, int]:
    """The steps on the val faces that people checked; how far the labels of all checked faces lie
    to the right of their own mirror images, as a share of the eye distance; the number of val
    faces.
    """
    checked = hand_labels(data)
    rows = np.flatnonzero([p.path in checked for p in pictures])
    truth = np.stack([checked[pictures[row].path] for row in rows]).astype(np.float64)
    fixed = ibug68_from_mesh(view.meshes[rows])[..., :2]
    eyes = eye_distances(truth, IBUG68)
    same = np.linalg.norm(fixed - truth, axis=2).mean(axis=1) / eyes < OTHER_FACE
    val = same & np.array([pictures[row].split == "val" for row in rows])
    mapped = fitted_map(data, pictures, view)
    damped = replace(mapped, gaps=np.array([[1.0, 0.0]] * 2))
    meshes = view.attention[rows], view.task[rows]
    ways = {
        "mesh of the wheel, fixed vertices": ibug68_from_mesh(meshes[0])[..., :2],
        "mesh of the task file, fixed vertices": ibug68_from_mesh(meshes[1])[..., :2],
        "map of both": damped(*meshes),
        "map of both, gaps widened": mapped(*meshes),
    }
    steps = [_step(says, points[val], truth[val], eyes[val]) for says, points in ways.items()]
    return steps, _shift(truth[same], fixed[same], eyes[same]), int(val.sum())


def _step(
    says: str, points: npt.NDArray[Any], truth: npt.NDArray[Any], eyes: npt.NDArray[Any]
) -> Step:
    offsets = (points - truth) / eyes[:, None, None]
    core = offsets[:, list(CORE)]
    lids, lips = (gap_line(points, truth, pairs)[0] for pairs in GAPS)
    return Step(
        says,
        float(np.linalg.norm(offsets, axis=2).mean()),
        float(np.linalg.norm(core - core.mean(axis=0), axis=2).mean()),
        lids,
        lips,
    )


def _shift(truth: npt.NDArray[Any], mesh: npt.NDArray[Any], eyes: npt.NDArray[Any]) -> float:
    """The mesh, seen from both sides, is symmetric: what is left of the offset after that of the
    mirrored point is taken away is a shift of the labels.
    """
    across = ((truth - mesh) / eyes[:, None, None]).mean(axis=0)[:, 0]
    return float((across + across[list(IBUG68.mirror)]).mean() / 2)
