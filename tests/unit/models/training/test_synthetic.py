"""Faces bent and turned, on a real face: one of the bundled clip."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.capture.source import Pace, SourceOptions, open_source
from app.core.errors import SourceError
from app.core.face import Box, HeadPose
from app.core.geometry import crop_transform
from app.core.layout import IBUG68, MESH478
from app.core.mesh import MESH478_TO_IBUG68, ibug68_from_mesh
from app.core.openings import eye_aspect_ratios, mouth_aspect_ratio
from app.core.resources import asset
from app.core.rotation import matrix_to_pose
from models.training import synthetic
from models.training.accessories import face_mask, glasses, hand, sunglasses
from models.training.blendshapes import BLENDSHAPES
from models.training.crops import STORED_SCALE, STORED_SIDE, Crops, warp
from models.training.expressions import Jaw, closed_eyes, paint_eyes, paint_mouth
from models.training.face_shape import rotations_to
from models.training.labels import Labels, TeacherView
from models.training.mesh_map import NEIGHBOURS, MeshMap
from models.training.meshes import TASK_FILE, VIEWS, MeshTeacher, mean_mesh
from models.training.surface import Surface
from models.training.synthetic import (
    looks_of,
    make_faces,
    random_openings,
    random_turn,
    turned_face,
)
from models.training.visibility import seen_parts

PEERS = Path(__file__).parents[5] / "shared" / "peers"


@pytest.fixture(scope="module")
def teacher() -> MeshTeacher:
    if not (PEERS / TASK_FILE).is_file():
        pytest.skip(f"{TASK_FILE} lies outside the repository")
    return MeshTeacher(PEERS)


@pytest.fixture(scope="module")
def crop(teacher: MeshTeacher) -> tuple:
    """A stored crop (STORED_SIDE, STORED_SIDE, 3) of the portrait, and its mesh (478, 3)."""
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        frame = source.read()
    assert frame is not None
    found = teacher.find(frame.image, VIEWS[0])
    assert found is not None
    mesh = found.mesh
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
    return TeacherView(
        nothing, nothing, nothing, nothing.astype(np.float32), nothing, nothing.astype(np.int64),
        shape,
    )  # fmt: skip


@pytest.fixture(scope="module")
def mapped() -> MeshMap:
    """A map that finds the points of the 68 in the mean of both meshes, whatever the face."""
    vertices = np.zeros((68, 2, NEIGHBOURS), np.int64)
    weights = np.zeros((68, 2 * NEIGHBOURS * 2, 2))
    for k, sources in enumerate(MESH478_TO_IBUG68):
        for teacher_index in range(2):
            for slot, vertex in enumerate(sources):
                vertices[k, teacher_index, slot] = vertex
                first = 2 * (teacher_index * NEIGHBOURS + slot)
                weights[k, first : first + 2] = np.eye(2) / (2 * len(sources))
    return MeshMap(vertices, weights, np.zeros((68, 2)), np.array([[1.0, 0.0]] * 2))


@pytest.fixture(scope="module")
def surface(view: TeacherView) -> Surface:
    return Surface(view.shape)


def seen(teacher: MeshTeacher, image: np.ndarray) -> np.ndarray:
    """What the teacher sees on a crop, the mean of several looks, (68, 2)."""
    looks = looks_of(teacher, image)
    assert looks is not None
    return ibug68_from_mesh((looks[0] + looks[1]) / 2)[:, :2]


@pytest.mark.parametrize("name", [v.name for v in VIEWS])
def test_every_view_of_the_teacher_gives_the_points_of_the_picture(
    teacher: MeshTeacher, crop: tuple, name: str
) -> None:
    image, mesh = crop
    (chosen,) = [v for v in VIEWS if v.name == name]
    found = teacher.find(image, chosen)
    assert found is not None
    upright = chosen.upright(found.mesh)
    eyes = np.linalg.norm(mesh[263] - mesh[33])
    assert np.linalg.norm((upright - mesh)[:, :2], axis=1).mean() < 0.06 * eyes
    told = np.isfinite(found.blendshapes)
    assert told.all() if chosen.teacher == "task" else not told.any()


def test_a_mirrored_view_gives_the_blendshapes_of_the_picture_itself(
    teacher: MeshTeacher, crop: tuple, surface: Surface
) -> None:
    image, mesh = crop
    moved = closed_eyes(mesh, (0.0, 1.0))
    winking = paint_eyes(surface, image, mesh, moved, (0.0, 1.0))
    for look in (view for view in VIEWS if view.teacher == "task"):
        found = teacher.find(winking, look)
        assert found is not None
        told = dict(zip(BLENDSHAPES, found.blendshapes, strict=True))
        # The left eye of the picture is the right one of the person.
        assert told["eyeBlinkRight"] > told["eyeBlinkLeft"] + 0.1


def test_a_missing_second_teacher_is_named(tmp_path: Path) -> None:
    task = next(view for view in VIEWS if view.teacher == "task")
    with pytest.raises(SourceError, match="--peers"):
        MeshTeacher(tmp_path).find(np.zeros((40, 40, 3), np.uint8), task)


def test_two_meshes_count_alike_however_often_each_looks() -> None:
    seen = np.array([0.0, 0.0, 0.0, 4.0])[:, None, None]
    attention = np.array([True, True, True, False])
    assert mean_mesh(seen, attention) == pytest.approx(2.0)
    assert mean_mesh(seen[:3], attention[:3]) == pytest.approx(0.0)
    assert mean_mesh(seen[3:], attention[3:]) == pytest.approx(4.0)


def test_a_surface_that_does_not_move_shows_the_same_picture(crop: tuple, surface: Surface) -> None:
    image, mesh = crop
    vertices = surface.vertices(mesh, side=STORED_SIDE - 1)
    painted = surface.paint(image, vertices, vertices)
    assert np.abs(painted.astype(int) - image)[2:-2, 2:-2].mean() < 1.0


@pytest.mark.parametrize("turn", [HeadPose(25, 0, 0), HeadPose(-25, 0, 0), HeadPose(0, 18, 0)])
def test_a_turned_face_is_turned_for_the_teacher_too(
    crop: tuple,
    surface: Surface,
    teacher: MeshTeacher,
    view: TeacherView,
    mapped: MeshMap,
    turn: HeadPose,
) -> None:
    image, mesh = crop
    made = turned_face(surface, teacher, mapped, image, mesh, turn)
    assert made is not None
    _, points, moved = made
    before, after = (
        matrix_to_pose(rotations_to(m[None].astype(np.float64), view.shape)[0])
        for m in (mesh, moved)
    )
    assert after.yaw - before.yaw == pytest.approx(turn.yaw, abs=0.35 * abs(turn.yaw) + 4)
    assert after.pitch - before.pitch == pytest.approx(turn.pitch, abs=0.35 * turn.pitch + 4)
    assert points == pytest.approx(ibug68_from_mesh(moved)[:, :2], abs=0.5)


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
        dressed, cover = wear(image.copy(), points, np.random.default_rng(seed))
        assert dressed.shape == image.shape
        assert dressed.dtype == np.uint8
        changed = (dressed != image).any(axis=2)
        shares.append(changed.mean())
        assert cover.shape == image.shape[:2]
        assert 0 <= cover.min() <= cover.max() <= 1
        assert not changed[cover == 0].any() or wear is glasses
    assert 0.001 < np.mean(shares) < 0.5


@pytest.mark.parametrize(
    ("wear", "hidden"),
    [(sunglasses, (0, 0, 1)), (glasses, (1, 1, 1)), (face_mask, (1, 1, 0))],
)
def test_what_an_accessory_hides_is_known(
    crop: tuple, wear: Callable, hidden: tuple[int, ...]
) -> None:
    image, mesh = crop
    points = ibug68_from_mesh(mesh)[:, :2]
    for seed in range(8):
        _, cover = wear(image.copy(), points, np.random.default_rng(seed))
        assert seen_parts(cover, points).tolist() == list(hidden)


def test_a_hand_hides_something_now_and_then(crop: tuple) -> None:
    image, mesh = crop
    points = ibug68_from_mesh(mesh)[:, :2]
    found = np.stack(
        [seen_parts(hand(image, points, np.random.default_rng(i)).cover, points) for i in range(30)]
    )
    assert (found == 0).any()
    assert (found == 1).any()


def test_synthetic_faces_move_their_points_as_far_as_the_map_sees_the_mesh_move(
    teacher: MeshTeacher,
    crop: tuple,
    view: TeacherView,
    mapped: MeshMap,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(synthetic, "CLOSED_MOUTH", 1.0)  # this face smiles with open lips
    image, mesh = crop
    points = ibug68_from_mesh(mesh)[None, :, :2].astype(np.float32) + np.float32([0.0, 3.0])
    labels = Labels(
        paths=np.array(["face"]),
        split=np.array(["train"]),
        source=np.array(["ibug68"]),
        squeeze=np.ones(1),
        points=points,
        meshes=mesh[None],
        counts=np.ones((1, 68), bool),
        inside=np.ones((1, 68), bool),
        rotations=rotations_to(mesh[None].astype(np.float64), view.shape),
        expression=np.zeros(1, bool),
        masked=np.zeros(1, bool),
        p1_points=np.full((1, 68, 2), np.nan, np.float32),
        hand=np.ones(1, bool),
        blendshapes=np.zeros((1, 52), np.float32),
    )
    crops = Crops(image[None], image[:0], points, mesh[None], image[:0])
    made, images = make_faces(
        labels, crops, view, mapped=mapped, peers=PEERS, counts=(1, 1, 1), seed=3
    )
    assert len(made) == len(images)
    assert set(made.split) == {"synthetic"}
    assert "eyes" in made.source
    assert "mouth" in made.source
    # What people checked is the picture, not what was made of it.
    assert not made.hand.any()
    assert np.isfinite(made.blendshapes).all()
    for kind, still in (("eyes", slice(48, 68)), ("mouth", slice(27, 31))):
        row = made.source.tolist().index(kind)
        assert made.points[row, still] == pytest.approx(points[0, still], abs=0.5)
    shut = made.source.tolist().index("eyes")
    lids = [37, 38, 43, 44]
    assert np.abs(made.points[shut, lids] - points[0, lids]).max() > 1
