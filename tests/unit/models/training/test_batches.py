from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from app.core.errors import SourceError  # noqa: E402
from app.core.layout import IBUG68, KEYPOINTS15  # noqa: E402
from app.core.mesh import MESH478_TO_IBUG68  # noqa: E402
from app.core.rotation import matrix_to_pose  # noqa: E402
from models.training.augmentation import Jitter  # noqa: E402
from models.training.batches import (  # noqa: E402
    AugmentedBatches,
    Faces,
    in_layout,
    mirrored,
    plain_crops,
)
from models.training.blendshapes import mirrored_blendshapes  # noqa: E402
from models.training.crops import Framing, build_crops, load_crops  # noqa: E402
from models.training.labels import Labels  # noqa: E402
from models.training.mapping import FACE_VERTICES  # noqa: E402
from models.training.mesh_map import LABEL_SHIFT  # noqa: E402

pytestmark = pytest.mark.torch

FRAMING = Framing(size=64, scale=1.3, shift=0.0, mean=127.5, std=64.0)
JITTER = Jitter(rotation=10.0, scale=0.1, shift=0.07, stretch=0.05)


@pytest.fixture(scope="module")
def faces(
    drawn_data: Path, drawn_labels: Labels, tmp_path_factory: pytest.TempPathFactory
) -> Faces:
    folder = tmp_path_factory.mktemp("crops")
    build_crops(drawn_data, drawn_labels, folder)
    return Faces.of(drawn_labels, load_crops(folder, drawn_labels), "train")


def batches(faces: Faces, *, negatives: float = 0.0, seed: int = 0) -> AugmentedBatches:
    return AugmentedBatches(
        faces, FRAMING, JITTER, batch_size=12, negatives=negatives, seed=seed, accessories=False
    )


def test_a_batch_depends_on_its_number_and_the_seed_alone(faces: Faces) -> None:
    first, again = batches(faces), batches(faces)
    again[0]
    for a, b in zip(first[5], again[5], strict=True):
        assert np.array_equal(a.numpy(), b.numpy(), equal_nan=a.is_floating_point())
    assert not torch.equal(first[5].images, first[6].images)
    assert not torch.equal(first[5].images, batches(faces, seed=1)[5].images)


def test_every_face_comes_once_per_epoch(faces: Faces) -> None:
    one = batches(faces)
    rows = np.concatenate([one._rows(step) for step in range(3)])
    epoch = len(faces.rows)
    assert epoch == 18
    assert sorted(rows[:epoch]) == sorted(faces.rows)
    assert sorted(rows[epoch : 2 * epoch]) == sorted(faces.rows)


def test_an_epoch_shows_a_source_as_often_as_asked(faces: Faces) -> None:
    source = np.array(["web", "grey", "video"])[np.arange(len(faces.source)) % 3]
    here = source[faces.rows]
    shown = AugmentedBatches(
        replace(faces, source=source), FRAMING, JITTER, batch_size=12, negatives=0.0, seed=0,
        shown={"web": 2.5, "grey": 0.5},
    )  # fmt: skip
    assert [(here == name).sum() for name in ("web", "grey", "video")] == [6, 6, 6]
    epoch = 15 + 3 + 6
    rows = np.concatenate([shown._rows(step) for step in range(4 * epoch // 12 + 1)])
    first, second = rows[:epoch], rows[epoch : 2 * epoch]
    thrice = []
    for some in (first, second):
        times = np.array([(some == row).sum() for row in faces.rows])
        thrice.append(set(faces.rows[times == 3].tolist()))
        assert times[here == "web"].sum() == pytest.approx(15, abs=1)
        assert set(times[here == "web"]) <= {2, 3}
        assert set(times[here == "grey"]) <= {0, 1}
        assert (times[here == "video"] == 1).all()
    assert thrice[0] != thrice[1]


def test_a_source_without_faces_is_refused(faces: Faces) -> None:
    with pytest.raises(SourceError, match="no face comes from helen48; there are"):
        AugmentedBatches(
            faces, FRAMING, JITTER, batch_size=4, negatives=0.0, seed=0, shown={"helen48": 2.0}
        )


@pytest.mark.parametrize(
    ("times", "says"),
    [(-1.0, "0 times per epoch or more"), (float("nan"), "0 times"), (float("inf"), "0 times"),
     (0.0, "no face")],
)  # fmt: skip
def test_what_is_no_count_is_refused(faces: Faces, times: float, says: str) -> None:
    shown = dict.fromkeys(faces.source[faces.rows].tolist(), times)
    with pytest.raises(SourceError, match=says):
        AugmentedBatches(faces, FRAMING, JITTER, batch_size=4, negatives=0.0, seed=0, shown=shown)


def test_the_points_lie_on_the_dots_of_the_crop(faces: Faces) -> None:
    images, points = plain_crops(faces, FRAMING)
    x, y = np.round(points[..., 0] * 64 - 0.5), np.round(points[..., 1] * 64 - 0.5)
    for image, columns, rows in zip(images, x.astype(int), y.astype(int), strict=True):
        on_dots = image[rows, columns].mean()
        assert on_dots < image[8:56, 8:56].mean() - 40


def test_mirroring_keeps_each_point_on_its_own_place(faces: Faces) -> None:
    images, points = plain_crops(faces, FRAMING)
    counts = np.ones(68, bool)
    counts[36] = False
    rotation = faces.rotations[faces.rows[0]]
    mesh = np.random.default_rng(0).random((FACE_VERTICES, 2))
    crop, unit, turned_mesh, flags, turned = mirrored(images[0], points[0], mesh, counts, rotation)
    # The left outer eye corner of the mirrored picture was the right one; the labels lie a little
    # to the right of where their mirror images would put them.
    shift = 2 * LABEL_SHIFT * np.hypot(*(points[0, 45] - points[0, 36]))
    assert unit[36] == pytest.approx([1 - points[0, 45, 0] + shift, points[0, 45, 1]])
    assert flags[36]
    assert not flags[45]
    column, row = np.round(points[0, 30] * 64 - 0.5).astype(int)
    assert np.array_equal(crop[row, 63 - column], images[0, row, column])
    pose, before = matrix_to_pose(turned), matrix_to_pose(rotation)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx(
        (-before.yaw, before.pitch, -before.roll)
    )
    assert turned_mesh[263] == pytest.approx([1 - mesh[33, 0], mesh[33, 1]])
    back = mirrored(crop, unit, turned_mesh, flags, turned)
    assert back[1] == pytest.approx(points[0], abs=1e-6)
    assert back[2] == pytest.approx(mesh)
    assert np.array_equal(back[0], images[0])


def test_a_grey_framing_gives_one_channel_as_the_program_makes_it(faces: Faces) -> None:
    grey, rgb = (replace(FRAMING, channels=name) for name in ("grey", "rgb"))
    images, points = plain_crops(faces, FRAMING)
    grey_images, same_points = plain_crops(faces, grey)
    assert np.array_equal(points, same_points)
    assert np.array_equal(grey_images[0][..., 0], cv2.cvtColor(images[0], cv2.COLOR_BGR2GRAY))
    assert np.array_equal(plain_crops(faces, rgb)[0][0], images[0][..., ::-1])
    batch = AugmentedBatches(faces, grey, JITTER, batch_size=4, negatives=0.0, seed=0)[0]
    assert batch.images.shape == (4, 1, 64, 64)


def test_clear_crops_differ_from_the_picture_in_light_alone(faces: Faces) -> None:
    still = Jitter(rotation=0.0, scale=0.0, shift=0.0, stretch=0.0, followed=1.0)

    def likeness(clear: float) -> list[float]:
        """Correlation of each crop with the plain one of its face, whichever way it is mirrored."""
        made = AugmentedBatches(
            faces, FRAMING, still, batch_size=18, negatives=0.0, seed=0, accessories=False,
            clear=clear,
        )  # fmt: skip
        plain = dict(zip(faces.rows, plain_crops(faces, FRAMING)[0], strict=True))
        found = []
        for row, crop in zip(
            made._rows(0), made[0].images.permute(0, 2, 3, 1).numpy(), strict=True
        ):
            ways = (plain[row], plain[row][:, ::-1])
            found.append(max(np.corrcoef(crop.ravel(), way.ravel())[0, 1] for way in ways))
        return found

    assert min(likeness(1.0)) > 0.93
    assert min(likeness(0.0)) < 0.8


def test_a_crop_may_be_larger_than_what_is_stored(faces: Faces) -> None:
    large = replace(FRAMING, size=224)
    batch = AugmentedBatches(faces, large, JITTER, batch_size=4, negatives=0.0, seed=0)[0]
    assert batch.images.shape == (4, 3, 224, 224)


def test_points_of_another_layout_are_the_middles_of_those_that_count(faces: Faces) -> None:
    _, points = plain_crops(faces, FRAMING)
    counts = np.ones((len(points), 68), bool)
    counts[0, 37] = False  # a lid, one of the six points around the middle of the eye
    fifteen, known = in_layout(points, counts, KEYPOINTS15)
    assert fifteen.shape == (len(points), 15, 2)
    assert fifteen[:, 0] == pytest.approx(points[:, 36:42].mean(axis=1), abs=1e-6)
    assert fifteen[:, 10] == pytest.approx(points[:, 30], abs=1e-6)
    assert np.flatnonzero(~known[0]).tolist() == [0]
    assert known[1:].all()


def test_batches_come_in_the_layout_that_was_asked_for(faces: Faces) -> None:
    options = {"batch_size": 6, "negatives": 0.2, "seed": 4}
    batch = AugmentedBatches(faces, FRAMING, JITTER, **options)[2]
    fifteen = AugmentedBatches(faces, FRAMING, JITTER, **options, layout=KEYPOINTS15)[2]
    assert torch.equal(batch.images, fifteen.images)
    assert torch.equal(batch.eye_distance, fifteen.eye_distance)
    assert fifteen.points[:, 10].numpy() == pytest.approx(batch.points[:, 30].numpy(), abs=1e-6)
    assert torch.equal(fifteen.counts[:, 10], batch.counts[:, 30])


def test_points_outside_crop_or_picture_do_not_count(faces: Faces) -> None:
    shifted = AugmentedBatches(
        faces,
        FRAMING,
        Jitter(rotation=0.0, scale=0.0, shift=0.4, stretch=0.0),
        batch_size=12,
        negatives=0.0,
        seed=0,
    )
    batch = shifted[0]
    # In mirrored crops points move by the shift of the labels after they were counted.
    beyond = (batch.points - 0.5).abs().amax(dim=2) - 0.5
    assert (beyond > 0.02).any()
    assert not batch.counts[beyond > 0.02].any()
    assert batch.counts[beyond < -0.02].all()


def test_the_mesh_moves_with_the_points(faces: Faces) -> None:
    batch = batches(faces)[0]
    chin, inner = MESH478_TO_IBUG68[8][0], MESH478_TO_IBUG68[39][0]
    # Points keep the shift of people's labels to the right when a crop is mirrored.
    shift = 2 * LABEL_SHIFT * batch.eye_distance
    for vertex, point in ((chin, 8), (inner, 39)):
        across, down = (batch.points[:, point] - batch.meshes[:, vertex]).T
        assert down.abs().max() < 1e-5
        mirrored_crops = across > shift / 2
        assert mirrored_crops.any()
        assert torch.allclose(across, torch.where(mirrored_crops, shift, 0.0), atol=1e-4)


def test_accessories_change_the_picture_and_not_the_truth(faces: Faces) -> None:
    plain = batches(faces)
    dressed = AugmentedBatches(faces, FRAMING, JITTER, batch_size=12, negatives=0.0, seed=0)
    changed = 0
    for step in range(6):
        one, other = plain[step], dressed[step]
        # The first crop of a batch sees the same random numbers up to the accessory.
        assert torch.equal(one.points[0], other.points[0])
        changed += not torch.equal(one.images, other.images)
    assert changed > 0


def test_negatives_have_no_points_that_count(faces: Faces) -> None:
    batch = batches(faces, negatives=0.5)[0]
    assert 0 < int(batch.positive.sum()) < 12
    negative = ~batch.positive
    assert not batch.counts[negative].any()
    assert batch.visible[negative].isnan().all()
    assert batch.blendshapes[negative].isnan().all()


def test_a_badly_framed_face_keeps_its_truth_and_a_picture_without_a_face_has_none(
    faces: Faces,
) -> None:
    bare = np.full((1, *faces.crops.image(0).shape), 90, np.uint8)
    with_things = replace(faces, crops=replace(faces.crops, backgrounds=bare))
    batch = batches(with_things, negatives=0.9)[0]
    known = batch.truth.all(dim=1)
    assert (known | ~batch.truth.any(dim=1)).all()
    assert known[batch.positive].all()
    assert 0 < int((known & ~batch.positive).sum()) < int((~batch.positive).sum())


def test_blendshapes_count_where_the_whole_face_can_be_seen(faces: Faces) -> None:
    shapes = np.random.default_rng(0).random((len(faces.visible), 52)).astype(np.float32)
    hidden = faces.visible.copy()
    hidden[::2, 2] = 0.0
    made = batches(replace(faces, blendshapes=shapes, visible=hidden))
    rows, batch = made._rows(0), made[0]
    told = torch.isfinite(batch.blendshapes).all(dim=1)
    assert torch.equal(told, (batch.visible == 1).all(dim=1))
    assert not told.numpy()[rows % 2 == 0].any()
    assert told.any()
    sides = set()
    for row, values in zip(rows[told.numpy()], batch.blendshapes[told].numpy(), strict=True):
        ways = shapes[row], mirrored_blendshapes(shapes[row])
        sides.add([np.array_equal(values, way) for way in ways].index(True))
    assert sides == {0, 1}


def test_an_eye_outside_the_picture_cannot_be_seen(drawn_labels: Labels, faces: Faces) -> None:
    inside = drawn_labels.inside.copy()
    inside[0, 36:42] = False
    masked = drawn_labels.masked.copy()
    masked[1] = True
    labels = replace(drawn_labels, inside=inside, masked=masked)
    visible = Faces.of(labels, faces.crops, "train").visible
    assert visible[:3].tolist() == [[0, 1, 1], [1, 1, 0], [1, 1, 1]]


def test_turning_the_crop_turns_the_roll_and_nothing_else(faces: Faces) -> None:
    turning = AugmentedBatches(
        faces,
        FRAMING,
        Jitter(rotation=15.0, scale=0.0, shift=0.0, stretch=0.0),
        batch_size=12,
        negatives=0.0,
        seed=3,
    )
    batch = turning[0]
    rows = turning._rows(0)
    for i, row in enumerate(rows):
        here = matrix_to_pose(batch.rotations[i].double().numpy())
        stored = matrix_to_pose(faces.rotations[row])
        assert abs(here.yaw) == pytest.approx(abs(stored.yaw), abs=1e-3)
        assert here.pitch == pytest.approx(stored.pitch, abs=1e-3)
        eyes = batch.points[i, list(IBUG68.outer_eye_corners)].numpy()
        across = np.degrees(np.arctan2(*(eyes[1] - eyes[0])[::-1]))
        assert here.roll == pytest.approx(across, abs=12)
