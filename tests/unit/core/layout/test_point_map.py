import numpy as np
import pytest

from app.core.layout import (
    IBUG68,
    KEYPOINTS15,
    LAYOUTS,
    MESH478,
    WFLW98,
    LandmarkLayout,
    point_map,
    shared_points,
)

pairs = pytest.mark.parametrize(
    ("source", "target"), [(a, b) for a in LAYOUTS.values() for b in LAYOUTS.values()]
)


def points_of(layout: LandmarkLayout) -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 100, (layout.count, 2)).astype(np.float32)


@pairs
def test_known_points_are_means_and_the_others_unknown(
    source: LandmarkLayout, target: LandmarkLayout
) -> None:
    ways = point_map(source, target)
    points = points_of(source)
    mapped = ways(points)
    assert mapped.shape == (target.count, 2)
    assert tuple(np.flatnonzero(~np.isnan(mapped[:, 0]))) == ways.known
    known = list(ways.known)
    assert ways.weights[known].sum(axis=1) == pytest.approx(1)
    assert ways(points + np.float32([7, -2]))[known] == pytest.approx(
        mapped[known] + [7, -2], abs=1e-3
    )


@pairs
def test_mapping_commutes_with_mirroring(source: LandmarkLayout, target: LandmarkLayout) -> None:
    points = points_of(source)
    ways = point_map(source, target)
    there = target.mirror_points(ways(points), 101)
    back = ways(source.mirror_points(points, 101))
    assert np.allclose(there, back, atol=1e-3, equal_nan=True)


def test_what_each_layout_knows_of_the_others() -> None:
    known = {
        (a.name, b.name): len(point_map(a, b).known)
        for a in LAYOUTS.values()
        for b in LAYOUTS.values()
    }
    assert known["mesh478", "ibug68"] == known["wflw98", "ibug68"] == 68
    assert known["ibug68", "keypoints15"] == known["mesh478", "keypoints15"] == 15
    assert known["wflw98", "keypoints15"] == 15
    assert known["keypoints15", "ibug68"] == 13  # all but the middles of the eyes
    assert known["ibug68", "wflw98"] == 68


def test_the_fifteen_points_lie_amid_those_of_the_eyes() -> None:
    points = points_of(IBUG68)
    mapped = point_map(IBUG68, KEYPOINTS15)(points)
    assert mapped[0] == pytest.approx(points[36:42].mean(axis=0), abs=1e-4)
    assert mapped[10] == pytest.approx(points[30])
    assert list(KEYPOINTS15.outer_eye_corners) == [2, 5]
    assert mapped[[2, 5]] == pytest.approx(points[[36, 45]])


def test_an_unknown_point_spoils_only_what_is_made_of_it() -> None:
    points = points_of(IBUG68)
    points[[0, 37]] = np.nan
    mapped = point_map(IBUG68, KEYPOINTS15)(points)
    assert np.flatnonzero(np.isnan(mapped[:, 0])).tolist() == [0]


def test_many_faces_are_mapped_at_once() -> None:
    faces = np.stack([points_of(MESH478), points_of(MESH478) * 2])
    ways = point_map(MESH478, IBUG68)
    assert np.allclose(ways(faces), [ways(face) for face in faces])


def test_models_are_compared_on_the_points_that_all_of_them_know() -> None:
    assert shared_points([IBUG68, MESH478, WFLW98]) == tuple(range(68))
    shared = shared_points([IBUG68, KEYPOINTS15])
    assert shared == (17, 21, 22, 26, 30, 36, 39, 42, 45, 48, 51, 54, 57)
    assert shared_points([KEYPOINTS15, MESH478], on=KEYPOINTS15) == tuple(range(15))
