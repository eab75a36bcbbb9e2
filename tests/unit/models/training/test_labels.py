from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.core.errors import SourceError
from app.core.layout import MESH478
from app.core.mesh import ibug68_from_mesh
from app.evaluate.attributes import ATTRIBUTES
from models.training.crops import STORED_SCALE, STORED_SIDE, build_crops, load_crops, warp
from models.training.labels import (
    FEWEST_VIEWS,
    UNDER_A_MASK,
    Labels,
    TeacherView,
    average_views,
    build_labels,
    fitted_map,
    view_of_teacher,
)
from models.training.mapping import LEFT_CORNER, RIGHT_CORNER
from models.training.meshes import TEACHERS, VIEWS, of_teacher
from models.training.sources import Picture


def test_labels_are_read_back_as_they_were_written(drawn_labels: Labels, tmp_path: Path) -> None:
    drawn_labels.save(tmp_path / "labels.npz")
    loaded = Labels.load(tmp_path / "labels.npz")
    assert np.array_equal(loaded.points, drawn_labels.points)
    assert loaded.of("val").tolist() == list(range(18, 24))
    assert loaded.attributes().any(axis=1).all()


def test_missing_labels_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"models\.training labels"):
        Labels.load(tmp_path / "labels.npz")


def table(path: Path, rows: dict[str, tuple[str, np.ndarray]]) -> None:
    """A table of points: picture -> split and points (68, 2)."""
    path.parent.mkdir(parents=True)
    lines = ["image,split," + ",".join(f"{axis}{i}" for i in range(68) for axis in "xy")]
    for image, (split, points) in rows.items():
        lines.append(",".join([image, split, *(f"{v:.3f}" for v in points.ravel())]))
    path.write_text("\n".join(lines) + "\n")


def a_face() -> np.ndarray:
    """(478, 3), symmetric, eye distance 1."""
    face = np.random.default_rng(0).uniform(-0.5, 0.5, (478, 3))
    face = (face + face[list(MESH478.mirror)] * [-1, 1, 1]) / 2
    face[LEFT_CORNER], face[RIGHT_CORNER] = (-0.5, 0, 0), (0.5, 0, 0)
    return face


CHECKED = 40


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """Pictures and what the teachers saw on them: seven, and faces that people checked."""
    folder = tmp_path_factory.mktemp("data")
    pictures = [
        Picture("plain", "train", "prajnasb"),
        Picture("drawn", "train", "prajnasb", masked=True, twin="plain"),
        Picture("real", "train", "chandrika", masked=True),
        Picture("tiny", "train", "chandrika"),
        Picture("doubtful", "val", "mux"),
        Picture("unseen", "train", "mux"),
        Picture("elsewhere", "train", "yawns", emotion="yawn", mouth=(0.0, 0.0, 5.0, 5.0)),
        *(
            Picture(f"ibug68/images/{i}.jpg", "val" if i == 0 else "train", "ibug68")
            for i in range(CHECKED)
        ),
    ]
    rng = np.random.default_rng(1)
    shape = a_face()
    meshes = np.stack([60 * shape + 80] * len(pictures))
    meshes[7:] += rng.normal(0, 1, (CHECKED, 478, 3))
    meshes[1] += 30  # what the teachers guess under the drawn mask
    meshes[3] = 10 * shape + 80
    meshes[5] = np.nan
    # People place every point a little below where the meshes have it.
    checked = ibug68_from_mesh(meshes[7:])[..., :2] + [0.0, 2.0]
    table(folder / "p1" / "keypoints.csv", {})
    table(
        folder / "ibug68" / "points68.csv",
        {f"{i}.jpg": ("train", points) for i, points in enumerate(checked)},
    )
    blendshapes = rng.random((len(pictures), 52)).astype(np.float32)
    disagreement = np.full(len(pictures), 0.01)
    disagreement[4], disagreement[5] = 0.2, np.nan
    sizes = np.full((len(pictures), 2), 160)
    view = TeacherView(meshes, meshes, meshes, blendshapes, disagreement, sizes, shape)
    return folder, pictures, view


@pytest.fixture(scope="module")
def built(teacher: tuple) -> Labels:
    return build_labels(*teacher)


def views_of_a_face(rng: np.random.Generator, spread: float) -> np.ndarray:
    """(views, 1, 478, 3): all views of one face, which differ by a noise, eye distance 1."""
    return a_face() + rng.normal(0, spread, (len(VIEWS), 1, 478, 3))


def test_views_are_averaged_and_their_distance_is_that_of_two() -> None:
    seen = views_of_a_face(np.random.default_rng(0), 0.01)
    meshes, apart, counted = average_views(seen)
    # Both teachers count alike, however many views each has.
    each = [seen[of_teacher(name)].mean(axis=0) for name in TEACHERS]
    assert np.allclose(meshes, (each[0] + each[1]) / 2)
    assert counted.all()
    # Two points with a deviation of s per axis are 2 s apart, as a root mean square.
    assert apart[0] == pytest.approx(0.02, rel=0.05)


def test_a_view_of_another_face_does_not_count() -> None:
    seen = views_of_a_face(np.random.default_rng(0), 0.0)
    expected = seen[0].copy()
    seen[3] += 2.0
    meshes, apart, counted = average_views(seen)
    assert np.allclose(meshes, expected)
    assert apart[0] == pytest.approx(0, abs=1e-6)
    assert np.flatnonzero(~counted[:, 0]).tolist() == [3]


def test_too_few_views_give_no_truth() -> None:
    seen = views_of_a_face(np.random.default_rng(0), 0.0)
    seen[FEWEST_VIEWS - 1 :] = np.nan
    meshes, apart, counted = average_views(seen)
    assert np.isnan(meshes).all()
    assert np.isnan(apart).all()
    assert not counted.any()


@pytest.mark.parametrize("name", TEACHERS)
def test_a_face_that_one_teacher_does_not_see_has_no_truth(name: str) -> None:
    seen = views_of_a_face(np.random.default_rng(0), 0.0)
    seen[of_teacher(name)] = np.nan
    meshes, _, counted = average_views(seen)
    assert np.isnan(meshes).all()
    assert not counted.any()


def test_what_each_teacher_saw_and_the_blendshapes_are_means_of_the_views_that_agree(
    tmp_path: Path,
) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), np.zeros((90, 120, 3), np.uint8))
    picture = Picture("face.png", "train", "mux")
    rng = np.random.default_rng(0)
    seen = views_of_a_face(rng, 1e-4).astype(np.float32)
    shapes = rng.random((len(VIEWS), 1, 52)).astype(np.float32)
    shapes[of_teacher("attention")] = np.nan
    task = np.flatnonzero(of_teacher("task"))
    seen[0, 0] += 2.0  # another face
    for view, meshes, told in zip(VIEWS, seen, shapes, strict=True):
        np.savez(
            tmp_path / f"{view.name}.npz",
            paths=["face.png"],
            meshes=view.upright(meshes),  # a mirror of a mirror is the face itself
            blendshapes=told,
        )
    view = view_of_teacher(tmp_path, [picture], tmp_path)
    others = [i for i in np.flatnonzero(of_teacher("attention")) if i != 0]
    assert np.allclose(view.attention[0], seen[others, 0].mean(axis=0), atol=1e-6)
    assert np.allclose(view.task[0], seen[task, 0].mean(axis=0), atol=1e-6)
    assert np.allclose(view.blendshapes[0], shapes[task, 0].mean(axis=0), atol=1e-6)
    assert view.sizes.tolist() == [[120, 90]]


def test_points_that_people_checked_are_the_truth_and_teach_the_map_of_the_others(
    teacher: tuple, built: Labels
) -> None:
    labels = built
    _, _, view = teacher
    assert labels.hand.sum() == CHECKED
    assert (labels.source[labels.hand] == "ibug68").all()
    wanted = ibug68_from_mesh(view.meshes[7:])[..., :2] + [0.0, 2.0]
    assert labels.points[labels.hand] == pytest.approx(wanted, abs=1e-3)
    # The meshes of the others have their points two pixels further up, too.
    plain = ibug68_from_mesh(view.meshes[:1])[0, :, :2] + [0.0, 2.0]
    assert np.linalg.norm(labels.points[0] - plain, axis=1).mean() < 1.5
    assert not labels.hand[:3].any()


def test_the_map_is_fitted_on_training_faces_alone(teacher: tuple) -> None:
    data, pictures, view = teacher
    plain = fitted_map(data, pictures, view)
    other = replace(view, attention=view.attention.copy(), task=view.task.copy())
    other.attention[7] += 50
    other.task[7] += 50
    assert pictures[7].split == "val"
    assert np.array_equal(fitted_map(data, pictures, other).weights, plain.weights)


def test_blendshapes_are_those_of_the_picture_or_of_its_bare_twin(
    teacher: tuple, built: Labels
) -> None:
    *_, view = teacher
    assert np.array_equal(built.blendshapes[:3], view.blendshapes[[0, 0, 2]])


def test_tiny_doubtful_and_other_faces_are_left_out(built: Labels) -> None:
    paths = built.paths.tolist()
    assert [path for path in paths if "/" not in path] == ["plain", "drawn", "real"]
    assert len(paths) == 3 + CHECKED


def test_a_drawn_mask_takes_its_truth_from_the_bare_twin(built: Labels) -> None:
    labels = built
    assert np.array_equal(labels.points[1], labels.points[0])
    assert labels.counts[1].all()
    assert labels.attributes()[1, ATTRIBUTES.index("occlusion")]


def test_under_a_real_mask_only_brows_and_eyes_count(built: Labels) -> None:
    counts = built.counts[2]
    assert not counts[list(UNDER_A_MASK)].any()
    assert counts[17:27].all()
    assert counts[36:48].all()


def test_stored_crops_hold_the_face_in_their_middle(
    drawn_data: Path, drawn_labels: Labels, tmp_path: Path
) -> None:
    build_crops(drawn_data, drawn_labels, tmp_path)
    crops = load_crops(tmp_path, drawn_labels)
    low, high = crops.points.min(axis=1), crops.points.max(axis=1)
    assert (high - low).max(axis=1) == pytest.approx(STORED_SIDE / STORED_SCALE, rel=1e-4)
    assert (low + high) / 2 == pytest.approx(STORED_SIDE / 2, abs=2)


def test_crops_of_other_labels_are_refused(
    drawn_data: Path, drawn_labels: Labels, tmp_path: Path
) -> None:
    build_crops(drawn_data, drawn_labels, tmp_path)
    other = Labels(**{**_fields(drawn_labels), "paths": drawn_labels.paths[::-1]})
    with pytest.raises(SourceError, match="other labels"):
        load_crops(tmp_path, other)


def _fields(labels: Labels) -> dict:
    return {name: getattr(labels, name) for name in Labels.__slots__}


def test_a_large_picture_is_averaged_and_stays_in_place() -> None:
    image = np.zeros((900, 900, 3), np.uint8)
    cv2.circle(image, (500, 300), 40, (255, 255, 255), -1)
    zoom = 0.15
    matrix = np.array([[zoom, 0.0, -5.0], [0.0, zoom, 10.0]])
    crop = warp(image, matrix, 112, cv2.BORDER_CONSTANT)[:, :, 0].astype(float)
    rows, columns = np.indices(crop.shape)
    seen = np.array([(columns * crop).sum(), (rows * crop).sum()]) / crop.sum()
    assert seen == pytest.approx(matrix @ [500, 300, 1], abs=0.05)
