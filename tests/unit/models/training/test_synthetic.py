"""Faces bent and turned, on a real face: one of the bundled clip."""

from collections.abc import Callable

import numpy as np
import pytest

from app.capture.source import Pace, SourceOptions, open_source
from app.core.face import Box, HeadPose
from app.core.geometry import crop_transform
from app.core.layout import IBUG68, MESH478
from app.core.mesh import ibug68_from_mesh
from app.core.openings import eye_aspect_ratios, mouth_aspect_ratio
from app.core.resources import asset
from app.core.rotation import matrix_to_pose
from models.training.accessories import face_mask, glasses, hand, sunglasses
from models.training.crops import STORED_SCALE, STORED_SIDE, warp
from models.training.expressions import Jaw, closed_eyes, paint_eyes, paint_mouth
from models.training.face_shape import rotations_to
from models.training.labels import TeacherView
from models.training.mapping import FACE_VERTICES
from models.training.meshes import VIEWS, MeshTeacher
from models.training.surface import Surface
from models.training.synthetic import mean_of_looks, random_openings, random_turn, turned_face


@pytest.fixture(scope="module")
def teacher() -> MeshTeacher:
    return MeshTeacher()


@pytest.fixture(scope="module")
def crop(teacher: MeshTeacher) -> tuple:
    """A stored crop (STORED_SIDE, STORED_SIDE, 3) of the portrait, and its mesh (478, 3)."""
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        frame = source.read()
    assert frame is not None
    mesh = teacher.find(frame.image, VIEWS[0])
    assert mesh is not None
    box = Box.around(ibug68_from_mesh(mesh)[:, :2].astype(np.float32))
    matrix = crop_transform(box, scale=STORED_SCALE, shift=0.0, size=STORED_SIDE)
    image = warp(frame.image, matrix, STORED_SIDE, 0)
    placed = np.concatenate(
        [mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2], mesh[:, 2:] * matrix[0, 0]], axis=1
    )
    return image, placed.astype(np.float32)


@pytest.fixture(scope="module")
def view(crop: tuple) -> TeacherView:
    """The mean face is this face, made symmetric: it looks into the camera."""
    mesh = crop[1].astype(np.float64)
    unit = (mesh - mesh[[33, 263]].mean(axis=0)) / np.linalg.norm(mesh[263] - mesh[33])
    order = np.array(MESH478.mirror)
    shape = (unit + unit[order] * [-1.0, 1.0, 1.0]) / 2
    nothing = np.zeros(0)
    return TeacherView(nothing, nothing, nothing.astype(np.int64), shape)


@pytest.fixture(scope="module")
def surface(view: TeacherView) -> Surface:
    return Surface(view.shape)


def seen(teacher: MeshTeacher, image: np.ndarray) -> np.ndarray:
    """What the teacher sees on a crop, the mean of several looks, (68, 2)."""
    mesh = mean_of_looks(teacher, image)
    assert mesh is not None
    return ibug68_from_mesh(mesh)[:, :2]


@pytest.mark.parametrize("name", [v.name for v in VIEWS])
def test_every_view_of_the_teacher_gives_the_points_of_the_picture(
    teacher: MeshTeacher, crop: tuple, name: str
) -> None:
    image, mesh = crop
    (chosen,) = [v for v in VIEWS if v.name == name]
    found = teacher.find(image, chosen)
    assert found is not None
    found = chosen.upright(found)
    eyes = np.linalg.norm(mesh[263] - mesh[33])
    face = slice(None) if chosen.attention else slice(FACE_VERTICES)
    assert np.linalg.norm((found - mesh)[face, :2], axis=1).mean() < 0.05 * eyes


def test_a_surface_that_does_not_move_shows_the_same_picture(crop: tuple, surface: Surface) -> None:
    image, mesh = crop
    vertices = surface.vertices(mesh, side=STORED_SIDE - 1)
    painted = surface.paint(image, vertices, vertices)
    assert np.abs(painted.astype(int) - image)[2:-2, 2:-2].mean() < 1.0


@pytest.mark.parametrize("turn", [HeadPose(25, 0, 0), HeadPose(-25, 0, 0), HeadPose(0, 18, 0)])
def test_a_turned_face_is_turned_for_the_teacher_too(
    crop: tuple, surface: Surface, teacher: MeshTeacher, view: TeacherView, turn: HeadPose
) -> None:
    image, mesh = crop
    made = turned_face(surface, teacher, image, mesh, turn)
    assert made is not None
    before, after = (
        matrix_to_pose(rotations_to(m[None].astype(np.float64), view.shape)[0])
        for m in (mesh, made[1])
    )
    assert after.yaw - before.yaw == pytest.approx(turn.yaw, abs=0.35 * abs(turn.yaw) + 4)
    assert after.pitch - before.pitch == pytest.approx(turn.pitch, abs=0.35 * turn.pitch + 4)


def test_shut_eyes_are_shut_in_the_points_and_for_the_teacher(
    crop: tuple, surface: Surface, teacher: MeshTeacher
) -> None:
    image, mesh = crop
    moved = closed_eyes(mesh, (0.0, 0.0))
    points = ibug68_from_mesh(moved)[None, :, :2]
    assert eye_aspect_ratios(points, IBUG68).max() < 0.02
    painted = paint_eyes(surface, image, mesh, moved, (0.0, 0.0))
    open_ratio = eye_aspect_ratios(seen(teacher, image)[None], IBUG68).mean()
    shut_ratio = eye_aspect_ratios(seen(teacher, painted)[None], IBUG68).mean()
    assert shut_ratio < 0.6 * open_ratio


def test_a_wink_leaves_the_other_eye_alone(crop: tuple) -> None:
    _, mesh = crop
    moved = closed_eyes(mesh, (0.0, 1.0))
    left, right = (
        eye_aspect_ratios(ibug68_from_mesh(m)[None, :, :2], IBUG68)[0] for m in (moved, mesh)
    )
    assert left[0] < 0.02
    assert left[1] == pytest.approx(right[1], abs=1e-6)


def test_an_opened_mouth_is_open_in_the_points_and_for_the_teacher(
    crop: tuple, surface: Surface, teacher: MeshTeacher
) -> None:
    image, mesh = crop
    moved = Jaw(surface).drop(mesh, 0.35)
    wide = mouth_aspect_ratio(ibug68_from_mesh(moved)[None, :, :2], IBUG68)[0]
    before = mouth_aspect_ratio(ibug68_from_mesh(mesh)[None, :, :2], IBUG68)[0]
    assert wide > before + 0.3
    painted = paint_mouth(surface, image, mesh, moved, np.random.default_rng(0))
    assert mouth_aspect_ratio(seen(teacher, painted)[None], IBUG68)[0] > before + 0.2
    # Brows and eyes stay where they are.
    assert np.abs(moved - mesh)[[70, 105, 336, 33, 263]].max() < 0.5


def test_turns_go_on_in_the_direction_of_the_face() -> None:
    rng = np.random.default_rng(0)
    turns = [random_turn(20.0, rng).yaw for _ in range(200)]
    assert min(turns) >= 0
    assert max(turns) > 40
    assert min(random_turn(-20.0, rng).yaw for _ in range(200)) < -40


def test_openings_cover_shut_half_shut_and_winks() -> None:
    rng = np.random.default_rng(0)
    drawn = [random_openings(rng) for _ in range(300)]
    assert (0.0, 0.0) in drawn
    assert (0.0, 1.0) in drawn
    assert any(0.1 < a == b < 0.75 for a, b in drawn)


@pytest.mark.parametrize("wear", [sunglasses, glasses, face_mask, hand])
def test_an_accessory_covers_a_part_of_the_face(crop: tuple, wear: Callable) -> None:
    image, mesh = crop
    points = ibug68_from_mesh(mesh)[:, :2]
    shares = []
    for seed in range(8):
        dressed = wear(image.copy(), points, np.random.default_rng(seed))
        assert dressed.shape == image.shape
        assert dressed.dtype == np.uint8
        shares.append((dressed != image).any(axis=2).mean())
    assert 0.001 < np.mean(shares) < 0.5
