import numpy as np
import pytest

from app.core.layout import IBUG68
from app.core.mesh import ibug68_from_mesh
from models.training.mapping import MIRROR_SEEDS, mesh_mirror


def symmetric_mesh() -> tuple:
    """A symmetric cloud of 478 points whose pairs include the known ones."""
    rng = np.random.default_rng(0)
    mirror = np.arange(478)
    for a, b in MIRROR_SEEDS:
        mirror[a], mirror[b] = b, a
    fixed = {i for pair in MIRROR_SEEDS for i in pair}
    free = [i for i in range(478) if i not in fixed]
    for a, b in zip(free[::2], free[1::2], strict=True):
        mirror[a], mirror[b] = b, a
    mesh = rng.uniform(-1, 1, (478, 3))
    mesh = (mesh + mesh[mirror] * [-1, 1, 1]) / 2
    return mesh, mirror


def test_the_mirror_of_the_mesh_is_found_from_its_shape() -> None:
    mesh, mirror = symmetric_mesh()
    turn = np.array([[0.96, -0.28, 0], [0.28, 0.96, 0], [0, 0, 1]])
    assert np.array_equal(mesh_mirror(mesh @ turn.T + [3, 4, 5]), mirror)


def test_a_shape_without_symmetry_is_refused() -> None:
    with pytest.raises(ValueError, match="pair up"):
        mesh_mirror(np.random.default_rng(0).uniform(-1, 1, (478, 3)))


def test_the_ibug_points_of_the_mesh_are_symmetric() -> None:
    # The cloud knows the mirror of the listed pairs alone; these points are made of them.
    mesh, mirror = symmetric_mesh()
    points = ibug68_from_mesh(mesh)
    known = [0, 1, 8, 16, 15, 36, 39, 42, 45, 48, 54]
    order = [IBUG68.mirror[i] for i in known]
    assert points[known] == pytest.approx(points[order] * [-1, 1, 1])
    assert np.array_equal(mirror[mirror], np.arange(478))
