import math
from collections.abc import Callable

import numpy as np
import pytest

from app.core.face import Face, HeadPose
from app.core.frame import Image
from app.record.overlay import OverlayPainter
from app.record.style import OverlayOptions, region_colour
from app.vision.result import FrameResult

FaceMaker = Callable[..., Face]
ResultMaker = Callable[..., FrameResult]

NOTHING = {"points": False, "lines": False, "numbers": False, "box": False, "axes": False}


def only(name: str, **more: bool) -> OverlayPainter:
    return OverlayPainter(OverlayOptions(**{**NOTHING, name: True, **more}))


def changed(before: Image, after: Image) -> np.ndarray:
    return np.argwhere((before != after).any(axis=2))


def test_the_frame_itself_is_left_alone(make_face: FaceMaker, make_result: ResultMaker) -> None:
    result = make_result(make_face())
    before = result.frame.image.copy()
    painted = OverlayPainter().paint(result)
    assert np.array_equal(result.frame.image, before)
    assert painted.flags.writeable
    assert painted.shape == before.shape
    assert len(changed(before, painted)) > 500


def test_without_options_or_faces_nothing_is_drawn(
    make_face: FaceMaker, make_result: ResultMaker
) -> None:
    bare = OverlayPainter(OverlayOptions(**NOTHING))
    result = make_result(make_face())
    assert np.array_equal(bare.paint(result), result.frame.image)
    empty = make_result()
    assert np.array_equal(OverlayPainter().paint(empty), empty.frame.image)


@pytest.mark.parametrize("name", sorted(NOTHING))
def test_each_option_draws_something_of_its_own(
    make_face: FaceMaker, make_result: ResultMaker, name: str
) -> None:
    result = make_result(make_face())
    assert len(changed(result.frame.image, only(name).paint(result))) > 20


def test_points_lie_where_they_are_and_have_the_colour_of_their_region(
    make_face: FaceMaker, make_result: ResultMaker
) -> None:
    face = make_face(size=200)
    painted = only("points").paint(make_result(face, size=(640, 480)))
    for region, indices in face.layout.groups.items():
        for x, y in np.rint(face.points[list(indices)]).astype(int):
            assert np.abs(painted[y, x].astype(int) - region_colour(region)).max() < 40


def test_mirroring_flips_picture_and_drawing_alike(
    make_face: FaceMaker, make_result: ResultMaker
) -> None:
    result = make_result(make_face(centre=(100, 120)))
    for name in ("points", "lines", "box", "axes"):
        plain = only(name).paint(result)
        mirrored = only(name, mirror=True).paint(result)
        spots = changed(result.frame.image, plain)
        flipped = changed(result.frame.image[:, ::-1], mirrored)
        centre = spots.mean(axis=0)
        assert flipped.mean(axis=0) == pytest.approx([centre[0], 319 - centre[1]], abs=1.0)


@pytest.mark.parametrize("size", [(320, 240), (480, 270), (640, 480), (1920, 1080), (3840, 2160)])
def test_numbers_are_legible_at_every_size(
    make_face: FaceMaker, make_result: ResultMaker, size: tuple[int, int]
) -> None:
    face = make_face(centre=(size[0] / 2, size[1] / 2), size=size[1] / 4)
    result = make_result(face, size=size)
    painted = only("numbers").paint(result)
    rows = changed(result.frame.image, painted)[:, 0]
    line_height = (rows.max() - rows.min()) / 4
    assert line_height >= 10
    assert 0.02 < line_height / size[1] < 0.08
    assert (painted > 240).all(axis=2).any()  # light letters
    assert (painted < 40).all(axis=2).any()  # on a dark rim


@pytest.mark.parametrize("centre", [(20, 120), (300, 120), (160, 20), (160, 220)])
def test_numbers_stay_in_the_picture(
    make_face: FaceMaker, make_result: ResultMaker, centre: tuple[int, int]
) -> None:
    inside = make_result(make_face(centre=centre, size=60))
    middle = make_result(make_face(centre=(160, 120), size=60))
    count = [
        len(changed(result.frame.image, only("numbers").paint(result)))
        for result in (inside, middle)
    ]
    assert count[0] == pytest.approx(count[1], rel=0.1)


def test_a_label_does_not_jump_while_the_face_moves(
    make_face: FaceMaker, make_result: ResultMaker
) -> None:
    painter = only("numbers")
    columns = []
    for x in range(120, 200, 4):
        result = make_result(make_face(centre=(x, 120)))
        spots = changed(result.frame.image, painter.paint(result))
        columns.append(spots[:, 1].mean() - x)
    assert max(columns) - min(columns) < 25


def test_unknown_pose_is_a_question_mark_and_no_axes(
    make_face: FaceMaker, make_result: ResultMaker
) -> None:
    result = make_result(make_face(pose=None))
    assert np.array_equal(only("axes").paint(result), result.frame.image)
    known = only("numbers").paint(make_result(make_face()))
    assert not np.array_equal(only("numbers").paint(result), known)


def test_points_far_outside_or_unknown_do_no_harm(
    make_face: FaceMaker, make_result: ResultMaker
) -> None:
    face = make_face(centre=(1e7, -1e7), pose=HeadPose(math.nan, 0, 0))
    points = face.points.copy()
    points[5] = np.nan
    broken = Face(2, face.box, points, face.layout, face.pose, 0.1, points)
    painted = OverlayPainter(OverlayOptions(lines=True)).paint(make_result(face, broken))
    assert painted.shape == (240, 320, 3)


@pytest.mark.parametrize("size", [(1, 1), (3, 200)])
def test_tiny_pictures_are_drawn_on(
    make_face: FaceMaker, make_result: ResultMaker, size: tuple[int, int]
) -> None:
    painted = OverlayPainter().paint(make_result(make_face(centre=(0, 0), size=2), size=size))
    assert painted.shape == (size[1], size[0], 3)
