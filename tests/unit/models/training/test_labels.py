from pathlib import Path

import cv2
import numpy as np
import pytest

from app.core.errors import SourceError
from app.core.mesh import LOWER_LIDS, UPPER_LIDS
from app.evaluate.attributes import ATTRIBUTES
from models.training.crops import STORED_SCALE, STORED_SIDE, build_crops, load_crops, warp
from models.training.labels import (
    FEWEST_VIEWS,
    UNDER_A_MASK,
    Labels,
    TeacherView,
    average_views,
    build_labels,
)
from models.training.mapping import FACE_VERTICES, LEFT_CORNER, RIGHT_CORNER
from models.training.meshes import BARE_SHARE, VIEWS
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


@pytest.fixture
def teacher(tmp_path: Path) -> tuple:
    """Five pictures and what a teacher saw on them."""
    (tmp_path / "p1").mkdir()
    names = ",".join(f"{axis}{i}" for i in range(68) for axis in "xy")
    (tmp_path / "p1" / "keypoints.csv").write_text(f"image,identity,split,{names}\n")
    pictures = [
        Picture("plain", "train", "prajnasb"),
        Picture("drawn", "train", "prajnasb", masked=True, twin="plain"),
        Picture("real", "train", "chandrika", masked=True),
        Picture("tiny", "train", "chandrika"),
        Picture("doubtful", "val", "mux"),
    ]
    rng = np.random.default_rng(0)
    shape = rng.uniform(-0.5, 0.5, (478, 3))
    shape[33], shape[263] = (-0.5, 0, 0), (0.5, 0, 0)
    meshes = np.stack([60 * shape + 80] * 5)
    meshes[1] += 30  # what the teacher guesses under the drawn mask
    meshes[3] = 10 * shape + 80
    disagreement = np.array([0.01, 0.01, 0.01, 0.01, 0.2])
    sizes = np.full((5, 2), 160)
    return tmp_path, pictures, TeacherView(meshes, disagreement, sizes, shape)


def views_of_a_face(rng: np.random.Generator, spread: float) -> np.ndarray:
    """(views, 1, 478, 3): all views of one face, which differ by a noise, eye distance 1."""
    face = rng.uniform(-0.5, 0.5, (478, 3))
    face[LEFT_CORNER], face[RIGHT_CORNER] = (-0.5, 0, 0), (0.5, 0, 0)
    seen = face + rng.normal(0, spread, (len(VIEWS), 1, 478, 3))
    seen[[not view.attention for view in VIEWS], :, FACE_VERTICES:] = np.nan
    return seen


def test_views_are_averaged_and_their_distance_is_that_of_two() -> None:
    seen = views_of_a_face(np.random.default_rng(0), 0.01)
    meshes, apart = average_views(seen)
    attention = np.array([view.attention for view in VIEWS])
    means = seen[attention].mean(axis=0), seen[~attention].mean(axis=0)
    expected = (1 - BARE_SHARE) * means[0] + BARE_SHARE * means[1]
    eyes = {i for lids in (*UPPER_LIDS, *LOWER_LIDS) for i in lids}
    face = [i for i in range(FACE_VERTICES) if i not in eyes]
    assert np.allclose(meshes[:, face], expected[:, face])
    # The network without attention knows no irises.
    assert np.allclose(meshes[:, FACE_VERTICES:], means[0][:, FACE_VERTICES:])
    # Two points with a deviation of s per axis are 2 s apart, as a root mean square.
    assert apart[0] == pytest.approx(0.02, rel=0.05)


def test_eyes_lie_where_both_networks_see_them_as_far_open_as_one_of_them_does() -> None:
    seen = views_of_a_face(np.random.default_rng(0), 0.0)
    bare = [not view.attention for view in VIEWS]
    seen[bare, :, :, 0] += 0.03
    seen[np.ix_(bare, [0], LOWER_LIDS[0][1:-1], [1])] += 0.06  # open in this one's eyes
    meshes, _ = average_views(seen)
    (mean,), one = meshes, seen[0, 0]
    for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
        eye = sorted({*upper, *lower})
        assert mean[eye] - one[eye] == pytest.approx(
            np.broadcast_to([0.03 * BARE_SHARE, 0.0, 0.0], (len(eye), 3)), abs=1e-6
        )


def test_a_view_of_another_face_does_not_count() -> None:
    seen = views_of_a_face(np.random.default_rng(0), 0.0)
    expected = seen[0].copy()
    seen[3] += 2.0
    meshes, apart = average_views(seen)
    assert np.allclose(meshes, expected)
    assert apart[0] == pytest.approx(0, abs=1e-6)


def test_too_few_views_give_no_truth() -> None:
    seen = views_of_a_face(np.random.default_rng(0), 0.0)
    seen[FEWEST_VIEWS - 1 :] = np.nan
    meshes, apart = average_views(seen)
    assert np.isnan(meshes).all()
    assert np.isnan(apart).all()


def test_tiny_and_doubtful_faces_are_left_out(teacher: tuple) -> None:
    assert build_labels(*teacher).paths.tolist() == ["plain", "drawn", "real"]


def test_a_drawn_mask_takes_its_truth_from_the_bare_twin(teacher: tuple) -> None:
    labels = build_labels(*teacher)
    assert np.array_equal(labels.points[1], labels.points[0])
    assert labels.counts[1].all()
    assert labels.attributes()[1, ATTRIBUTES.index("occlusion")]


def test_under_a_real_mask_only_brows_and_eyes_count(teacher: tuple) -> None:
    counts = build_labels(*teacher).counts[2]
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
