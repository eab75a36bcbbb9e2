"""The mean neutral face in 3D, and the pose of a mesh against it.

Axes as in `app.core.rotation`: x right, y down, z away from the camera for a face that looks
into it. Unit: distance between the outer eye corners. Origin: midway between them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.training.mapping import LEFT_CORNER, RIGHT_CORNER, mesh_mirror

Shape = npt.NDArray[np.float64]

FRONTAL_YAW = 10.0
"""Faces turned by less (degrees) form the mean."""

ROUNDS = 4
"""Rounds of alignment; the mean moves by less than 0.001 in the last one."""


def rotations_to(meshes: npt.NDArray[np.floating], shape: Shape) -> Shape:
    """(F, 3, 3) rotations that turn `shape` (N, 3) into each of the meshes (F, N, 3) best.

    Least squares over rotation, scale and shift (Kabsch; Umeyama 1991).
    """
    centred = meshes - meshes.mean(axis=1, keepdims=True)
    reference = shape - shape.mean(axis=0)
    u, _, vt = np.linalg.svd(np.einsum("fni,nj->fij", centred, reference))
    signs = np.ones((len(meshes), 3))
    signs[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotations: Shape = (u * signs[:, None]) @ vt
    return rotations


def mean_face(meshes: npt.NDArray[np.floating]) -> tuple[Shape, npt.NDArray[np.int64]]:
    """Mean shape (478, 3) of near-frontal faces, and the mirror map of its points.

    The mean is made symmetric; its eye corners lie on the x axis. Its pitch is such that the
    median near-frontal face reads 0: most pictures here are portraits whose owner looks into
    the camera.

    Args:
        meshes: (F, 478, 3) meshes of unmasked, unstretched faces.
    """
    sizes = np.linalg.norm(meshes[:, RIGHT_CORNER] - meshes[:, LEFT_CORNER], axis=1)
    faces = (meshes - meshes.mean(axis=1, keepdims=True)) / sizes[:, None, None]
    frontal = np.abs(faces[:, 454, 2] - faces[:, 234, 2]).argsort()[: max(len(faces) // 4, 1)]
    shape = faces[frontal].astype(np.float64).mean(axis=0)
    mirror = mesh_mirror(shape)
    for _ in range(ROUNDS):
        shape = _upright(shape, mirror)
        rotations = rotations_to(faces, shape)
        near = np.abs(np.degrees(np.arcsin(rotations[:, 2, 0]))) < FRONTAL_YAW
        shape = np.einsum("fij,fni->nj", rotations[near], faces[near]) / near.sum()
    shape = _upright(shape, mirror)
    rotations = rotations_to(faces, shape)
    near = np.abs(np.degrees(np.arcsin(rotations[:, 2, 0]))) < FRONTAL_YAW
    median_nod = np.median(np.arctan2(rotations[near, 2, 1], rotations[near, 2, 2]))
    return _upright(shape @ _about_x(float(median_nod)).T, mirror), mirror


def depth_factor(meshes: npt.NDArray[np.floating], shape: Shape) -> float:
    """How much deeper the face is than FaceMesh says.

    FaceMesh estimates z; x and y come from the picture. So the shape is fitted once more to
    x and y alone (structure from motion under scaled orthography, alternating pose and shape)
    over faces of all directions, and its depth compared.

    Args:
        meshes: (F, N, 3), best with as many turned faces as frontal ones.
        shape: (N, 3), from `mean_face`.

    Returns:
        Slope of the fitted depth over the depth of `shape`.
    """
    seen = meshes[..., :2] - meshes[..., :2].mean(axis=1, keepdims=True)
    fitted = shape - shape.mean(axis=0)
    rotations = rotations_to(meshes, fitted)
    for _ in range(20):
        for _ in range(5):
            plane = np.einsum("fij,nj->fni", rotations[:, :2], fitted)
            zoom = (seen * plane).sum(axis=(1, 2)) / (plane**2).sum(axis=(1, 2))
            depth = zoom[:, None] * np.einsum("fj,nj->fn", rotations[:, 2], fitted)
            rotations = rotations_to(np.concatenate([seen, depth[..., None]], axis=2), fitted)
        cameras = zoom[:, None, None] * rotations[:, :2]
        normal = np.einsum("fij,fik->jk", cameras, cameras)
        fitted = np.linalg.solve(normal, np.einsum("fij,fni->jn", cameras, seen)).T
        fitted /= np.linalg.norm(fitted[RIGHT_CORNER] - fitted[LEFT_CORNER])
    flat = shape[:, 2] - shape[:, 2].mean()
    return float(flat @ (fitted[:, 2] - fitted[:, 2].mean()) / (flat @ flat))


def balanced_by_yaw(rotations: Shape, *, most: int = 250) -> npt.NDArray[np.int64]:
    """Indices of at most `most` faces per 10 degrees of yaw, in a fixed order."""
    yaw = np.degrees(np.arcsin(np.clip(rotations[:, 2, 0], -1, 1)))
    bins = np.digitize(yaw, np.arange(-40, 50, 10))
    order = np.random.default_rng(0).permutation(len(rotations))
    return np.concatenate([order[bins[order] == b][:most] for b in range(10)])


def _upright(shape: Shape, mirror: npt.NDArray[np.int64]) -> Shape:
    """The shape with level eyes at unit distance, symmetric, origin between the eye corners."""
    across = shape[RIGHT_CORNER] - shape[LEFT_CORNER]
    for axis in (1, 2):  # level in the picture first, then in depth
        angle = np.arctan2(across[axis], across[0])
        c, s = np.cos(angle), np.sin(angle)
        turn = np.eye(3)
        turn[0, 0], turn[0, axis], turn[axis, 0], turn[axis, axis] = c, s, -s, c
        shape = shape @ turn.T
        across = shape[RIGHT_CORNER] - shape[LEFT_CORNER]
    shape = shape - (shape[RIGHT_CORNER] + shape[LEFT_CORNER]) / 2
    shape = (shape + shape[mirror] * [-1.0, 1.0, 1.0]) / 2
    return shape / np.linalg.norm(shape[RIGHT_CORNER] - shape[LEFT_CORNER])


def _about_x(angle: float) -> Shape:
    """(3, 3) rotation about x that takes y towards z."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
