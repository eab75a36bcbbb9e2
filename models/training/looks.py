"""What more looks of the teacher are worth, measured on labels that it did not make."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.core.layout import IBUG68
from app.core.mesh import ibug68_from_mesh
from app.evaluate.metrics import eye_distances
from models.training.labels import OTHER_FACE, SMALLEST_EYE_DISTANCE, upright_views
from models.training.meshes import ATTENTIVE, VIEWS, mean_mesh
from models.training.peers import CORE
from models.training.sources import list_pictures, p1_labels


class Looks(NamedTuple):
    """The mean of some views.

    Attributes:
        says: which: the first of the network with attention, all of the other, or all of both.
        distance: from the mean of all views, over all points.
        error: against the labels of p1 over `CORE`, each point's mean offset removed.

    Both are means, as shares of the distance between the outer eye corners.
    """

    says: str
    distance: float
    error: float


def measure_looks(data: Path, mesh_folder: Path) -> tuple[list[Looks], int]:
    """One row for each mean of views, over the pictures of p1 in which all of them find the
    labelled face, and the number of these pictures.
    """
    coarse = p1_labels(data)
    pictures = [p for p in list_pictures(data) if p.path in coarse]
    truth = np.stack([coarse[p.path] for p in pictures])
    meshes = upright_views(pictures, mesh_folder)[..., :2]
    eyes = eye_distances(truth, IBUG68)[:, None]
    off = np.stack(
        [np.linalg.norm(ibug68_from_mesh(seen) - truth, axis=2).mean(axis=1) for seen in meshes]
    )
    usable = (off / eyes.T < OTHER_FACE).all(axis=0) & (eyes[:, 0] >= SMALLEST_EYE_DISTANCE)
    meshes, truth, eyes = meshes[:, usable], truth[usable], eyes[usable]
    attention = np.array([view.attention for view in VIEWS])
    middle = ibug68_from_mesh(mean_mesh(meshes, attention))
    means = {str(n): meshes[:n].mean(axis=0) for n in range(1, len(ATTENTIVE) + 1)}
    means[f"{(~attention).sum()} without attention"] = meshes[~attention].mean(axis=0)
    means["all of both networks"] = mean_mesh(meshes, attention)
    rows = []
    for says, mesh in means.items():
        mean = ibug68_from_mesh(mesh)
        offset = ((mean - truth) / eyes[..., None])[:, list(CORE)]
        offset -= offset.mean(axis=0)
        rows.append(
            Looks(
                says,
                float((np.linalg.norm(mean - middle, axis=2) / eyes).mean()),
                float(np.linalg.norm(offset, axis=2).mean()),
            )
        )
    return rows, int(usable.sum())
