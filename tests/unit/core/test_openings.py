import math
from dataclasses import replace

import numpy as np
import pytest

from app.core.face import Box, Face
from app.core.layout import IBUG68, LandmarkLayout
from app.core.openings import Openings, eye_aspect_ratios, face_openings, mouth_aspect_ratio


def faces(count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 100, (count, 68, 2)).astype(np.float32)


def face(points: np.ndarray, layout: LandmarkLayout = IBUG68) -> Face:
    return Face(1, Box.around(points), points * 0, layout, None, 0.9, points)


@pytest.mark.parametrize("opening", [0.0, 2.0, 8.0])
def test_an_eye_opens_as_its_lids_part(opening: float) -> None:
    points = faces(1)
    for eye in (IBUG68.left_eye, IBUG68.right_eye):
        p1, p2, p3, p4, p5, p6 = eye
        points[0, p1], points[0, p4] = (0, 0), (20, 0)
        points[0, p2], points[0, p3] = (6, -opening / 2), (14, -opening / 2)
        points[0, p6], points[0, p5] = (6, opening / 2), (14, opening / 2)
    assert eye_aspect_ratios(points, IBUG68) == pytest.approx(np.full((1, 2), opening / 20))


def test_a_mouth_opens_as_its_inner_lips_part() -> None:
    points = faces(1)
    points[0, 60], points[0, 64] = (0, 0), (40, 0)
    points[0, 62], points[0, 66] = (20, -5), (20, 15)
    assert mouth_aspect_ratio(points, IBUG68) == pytest.approx([0.5])


def test_the_openings_of_a_face_come_from_its_unsmoothed_points() -> None:
    points = faces(1)
    left, right = eye_aspect_ratios(points, IBUG68)[0]
    assert face_openings(face(points[0])) == Openings(
        pytest.approx(left), pytest.approx(right), pytest.approx(mouth_aspect_ratio(points, IBUG68))
    )


def test_openings_are_unknown_without_lids_and_lips_and_where_points_coincide() -> None:
    bare = replace(
        IBUG68,
        groups={"all": tuple(range(68))},
        closed=frozenset(),
        left_eye=(),
        right_eye=(),
        inner_mouth=(),
    )
    for unknown in (face(faces(1)[0], bare), face(np.zeros((68, 2), np.float32))):
        found = face_openings(unknown)
        assert all(math.isnan(v) for v in (found.left_eye, found.right_eye, found.mouth))
