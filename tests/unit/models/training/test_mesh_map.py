import numpy as np
import pytest

from app.core.layout import IBUG68, MESH478
from app.core.mesh import MESH478_TO_IBUG68, ibug68_from_mesh
from models.training.mapping import LEFT_CORNER, RIGHT_CORNER
from models.training.mesh_map import GAPS, LABEL_SHIFT, NEIGHBOURS, fit_mesh_map, gap_line

FACES = 100
MIRROR, MESH_MIRROR = list(IBUG68.mirror), list(MESH478.mirror)
LIDS = [i for pair in GAPS[0] for i in pair]
STILL = [i for i in range(68) if i not in {k for pairs in GAPS for pair in pairs for k in pair}]


def faces(count: int, seed: int) -> np.ndarray:
    """(count, 478, 3) meshes of turned faces of all sizes, which differ by a few directions."""
    rng = np.random.default_rng(0)
    shape = rng.uniform(-0.5, 0.5, (478, 3))
    shape = (shape + shape[MESH_MIRROR] * [-1, 1, 1]) / 2
    shape[LEFT_CORNER], shape[RIGHT_CORNER] = (-0.5, -0.2, 0), (0.5, -0.2, 0)
    ways = rng.normal(0, 0.01, (6, 478, 3))
    rng = np.random.default_rng(seed)
    meshes = shape + np.einsum("fw,wvk->fvk", rng.normal(0, 1, (count, 6)), ways)
    angles, sizes = rng.uniform(-0.6, 0.6, count), rng.uniform(40, 200, count)
    c, s = np.cos(angles), np.sin(angles)
    turns = np.stack([np.stack([c, -s], axis=1), np.stack([s, c], axis=1)], axis=1)
    meshes[..., :2] = np.einsum("fij,fvj->fvi", turns, meshes[..., :2])
    return meshes * sizes[:, None, None] + [[[300.0, 200.0, 0.0]]]


def eye_distances(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, 45] - points[:, 36], axis=1)


def errors(points: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(68,) mean error of each point in eye distances."""
    off = np.linalg.norm(points - truth, axis=2) / eye_distances(truth)[:, None]
    return off.mean(axis=0)


def truth_of(meshes: np.ndarray) -> np.ndarray:
    """Labels that are linear in the mesh, to the right of the mirror of their mirror image as
    people's labels are: the half of the shift that is theirs.
    """
    points = ibug68_from_mesh(meshes)[..., :2]
    across = points[:, 45] - points[:, 36]
    return points + LABEL_SHIFT * across[:, None]


def test_labels_that_are_linear_in_the_mesh_are_found_again() -> None:
    mapped = fit_mesh_map(truth_of(faces(FACES, 1)), faces(FACES, 1))
    others = faces(20, 2)
    assert errors(mapped(others), truth_of(others)).max() < 0.01
    assert mapped.vertices.shape == (68, 1, NEIGHBOURS)
    assert mapped.weights.shape == (68, 2 * NEIGHBOURS, 2)


def test_two_teachers_are_nearer_to_people_than_one() -> None:
    def seen(meshes: np.ndarray, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        size = np.linalg.norm(meshes[:, RIGHT_CORNER] - meshes[:, LEFT_CORNER], axis=1)
        return meshes + rng.normal(0, 0.03, meshes.shape) * size[:, None, None]

    fit, val = faces(FACES, 1), faces(60, 2)
    both = fit_mesh_map(truth_of(fit), seen(fit, 3), seen(fit, 4))
    one = fit_mesh_map(truth_of(fit), seen(fit, 3))
    together = errors(both(seen(val, 5), seen(val, 6)), truth_of(val))
    alone = errors(one(seen(val, 5)), truth_of(val))
    assert together[STILL].mean() < 0.95 * alone[STILL].mean()


def test_a_mirrored_face_gets_mirrored_points_up_to_the_shift_of_the_labels() -> None:
    meshes = faces(FACES, 1)
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.02, (FACES, 68, 2)) * eye_distances(truth_of(meshes))[:, None, None]
    # Labels that treat left and right unlike: the map does not.
    mapped = fit_mesh_map(truth_of(meshes) + noise, meshes)
    upright = faces(10, 2)
    points = mapped(upright)
    flipped = mapped(upright[:, MESH_MIRROR] * [-1, 1, 1])
    unit = eye_distances(points)
    back = flipped[:, MIRROR] * [-1, 1]
    off = (back - points) / unit[:, None, None]
    # Along the eyes, for the map's frame stands upright.
    along = (points[:, 45] - points[:, 36]) / unit[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    here = np.einsum("fkj,fj->fk", off, along)[:, STILL]
    assert here.mean() == pytest.approx(-2 * LABEL_SHIFT, rel=0.1)
    assert np.abs(here + 2 * LABEL_SHIFT).max() < 0.004
    assert np.abs(np.einsum("fkj,fj->fk", off, across)[:, STILL]).max() < 0.004


def test_gaps_come_out_as_wide_as_people_mark_them() -> None:
    rng = np.random.default_rng(5)

    def opened(count: int, seed: int) -> tuple:
        """Meshes that hint at the openings of the lids, and labels that show them."""
        meshes = faces(count, seed)
        truth = truth_of(meshes)
        unit = eye_distances(truth)
        down = (truth[:, 8] - truth[:, 27]) / np.linalg.norm(
            truth[:, 8] - truth[:, 27], axis=1, keepdims=True
        )
        opening = rng.uniform(0.1, 0.3, count)
        for upper, lower in GAPS[0]:
            middle = (truth[:, upper] + truth[:, lower]) / 2
            half = (opening * unit)[:, None] * down / 2
            truth[:, upper], truth[:, lower] = middle - half, middle + half
        noisy = opening + rng.normal(0, 0.03, count)
        for k in LIDS:
            for v in MESH478_TO_IBUG68[k]:
                meshes[:, v, :2] = truth[:, k] + (noisy - opening)[:, None] * unit[:, None] * down
        return meshes, truth

    meshes, truth = opened(FACES, 1)
    mapped = fit_mesh_map(truth, meshes)
    assert mapped.gaps[0, 0] < 0.95  # a fit shrinks what it cannot tell
    slope, intercept = gap_line(mapped(meshes), truth, GAPS[0])
    assert slope == pytest.approx(1, abs=0.03)
    assert intercept == pytest.approx(0, abs=0.01)


def test_a_gap_line_tells_how_much_of_a_movement_is_seen() -> None:
    truth = truth_of(faces(50, 1))
    seen = truth.copy()
    for upper, lower in GAPS[1]:
        middle = (truth[:, upper] + truth[:, lower]) / 2
        for k in (upper, lower):
            seen[:, k] = middle + 0.8 * (truth[:, k] - middle)
    assert gap_line(seen, truth, GAPS[1]) == pytest.approx((0.8, 0), abs=1e-9)
    assert gap_line(seen, truth, GAPS[0]) == pytest.approx((1, 0), abs=1e-9)


def test_a_face_that_no_teacher_saw_has_no_points() -> None:
    meshes = faces(FACES, 1)
    mapped = fit_mesh_map(truth_of(meshes), meshes)
    meshes[3] = np.nan
    points = mapped(meshes[2:5])
    assert np.isnan(points[1]).all()
    assert np.isfinite(points[[0, 2]]).all()
