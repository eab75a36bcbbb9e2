"""Matching and measures on cases that can be computed by hand."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.core.face import Box, HeadPose
from app.core.layout import IBUG68, KEYPOINTS15, MESH478, WFLW98, LandmarkLayout, point_map
from app.core.mesh import ibug68_from_mesh
from app.evaluate.attributes import ATTRIBUTES
from app.evaluate.derive import face_attributes
from app.evaluate.label_file import FaceLabel
from app.evaluate.labels import LabelOrigin, Labels, LabelsBuilder
from app.evaluate.matching import match
from app.evaluate.measures import measure, measure_shared
from app.evaluate.results import ClipResult, ModelResult
from app.evaluate.summary import rows_as_csv, summary


def face(x: float = 100.0, eye_distance: float = 50.0) -> np.ndarray:
    points = np.random.default_rng(0).uniform(0, 60, (68, 2))
    points[36], points[45] = (5, 20), (5 + eye_distance, 20)
    return points + x


def some_labels() -> Labels:
    """Five frames of one person, frontal but for the last, and a second one in frame 0."""
    builder = LabelsBuilder(IBUG68)
    for frame in range(5):
        for person in range(2 if frame == 0 else 1):
            builder.add(
                frame=frame,
                person=person,
                points=face(100 + 200 * person),
                pose=(40.0 if frame == 4 else 0.0, 0.0, 0.0),
                attributes=["profile"] if frame == 4 else ["frontal"],
            )
    return builder.build(np.ones(5, bool))


def result_of(
    labels: Labels,
    points: np.ndarray,
    pose: np.ndarray,
    layout: LandmarkLayout = IBUG68,
) -> ClipResult:
    model = ModelResult(
        layout=layout,
        points=points.astype(np.float32),
        pose=pose,
        false_frames=np.array([2], np.int32),
        worst=(),
    )
    return ClipResult(
        clip="clip",
        place=Path("clip.mp4"),
        origin=LabelOrigin(),
        moving=True,
        field_of_view_deg=60.0,
        labels=labels,
        times_s=np.arange(5) / 30,
        sizes=np.full((5, 2), 500, np.int32),
        models={"m": model},
    )


def test_all_measures_of_a_hand_made_case() -> None:
    labels = some_labels()
    points, pose = labels.points.copy(), labels.pose.copy()
    points[0] += [3, 0]  # 3 of 50 pixels: 6 %
    points[1] = np.nan  # the second person is missed
    points[2:5] += [0, 4.5]  # 9 %
    points[5] += [6, 8]  # 20 %, the profile
    pose += [2, -4, 6]
    pose[1] = np.nan
    figures = measure([result_of(labels, points, pose)], "m")
    assert figures.total.nme == pytest.approx((0.06 + 3 * 0.09 + 0.2) / 5)
    assert (figures.total.faces, figures.total.missed, figures.false_faces) == (5, 1, 1)
    assert figures.failure_rate_8 == pytest.approx(5 / 6)
    assert figures.failure_rate_10 == pytest.approx(2 / 6)
    assert figures.auc_8 == pytest.approx(0.02 / 6 / 0.08)
    assert figures.by_attribute["profile"].nme == pytest.approx(0.2)
    assert figures.by_attribute["frontal"].nme == pytest.approx((0.06 + 3 * 0.09) / 4)
    assert figures.by_attribute["frontal"].faces == 4
    assert figures.by_attribute["frontal"].missed == 1
    assert math.isnan(figures.by_attribute["occlusion"].nme)
    assert all(error == pytest.approx(figures.total.nme) for error in figures.by_region.values())
    assert figures.by_point == pytest.approx(np.full(68, figures.total.nme), rel=1e-5)
    assert figures.pose == pytest.approx([2, 4, 6])
    assert figures.eye_opening_error == pytest.approx(0, abs=1e-5)
    # Shifts of person 0: (3, 0), three times (0, 4.5), (6, 8); bends |(3, -4.5)|, 0, |(6, 3.5)|.
    bends = (math.hypot(3, 4.5), 0, math.hypot(6, 3.5))
    assert figures.jitter == pytest.approx(sum(bends) / 3 / 50, rel=1e-4)


def test_an_error_in_one_region_stays_there() -> None:
    labels = some_labels()
    points = labels.points.copy()
    jaw = list(IBUG68.groups["jaw"])
    points[:, jaw] += [5, 0]
    figures = measure([result_of(labels, points, labels.pose)], "m")
    assert figures.by_region == pytest.approx(
        {"jaw": 0.1, "brows": 0, "nose": 0, "eyes": 0, "mouth": 0}, abs=1e-6
    )
    assert figures.total.nme == pytest.approx(0.1 * 17 / 68)


def test_an_eye_that_is_seen_shut_is_an_opening_error() -> None:
    labels = some_labels()
    points = labels.points.copy()
    truth = labels.points.astype(np.float64)
    p1, p2, p3, p4, p5, p6 = IBUG68.left_eye
    heights = [np.linalg.norm(truth[0, a] - truth[0, b]) for a, b in ((p2, p6), (p3, p5))]
    opening = sum(heights) / (2 * np.linalg.norm(truth[0, p1] - truth[0, p4]))
    points[:, p6], points[:, p5] = points[:, p2], points[:, p3]
    figures = measure([result_of(labels, points, labels.pose)], "m")
    assert figures.eye_opening_error == pytest.approx(opening / 2, rel=1e-4)


def test_a_model_that_finds_nothing_has_unknown_errors_and_fails_all() -> None:
    labels = some_labels()
    nothing = result_of(labels, np.full_like(labels.points, np.nan), np.full((6, 3), np.nan))
    figures = measure([nothing], "m")
    assert math.isnan(figures.total.nme)
    assert figures.total.missed == 6
    assert figures.failure_rate_8 == 1.0
    assert figures.auc_8 == 0.0
    values = summary([nothing], {"m": figures}, settings={})["models"]["m"]
    assert (values["nme"], values["pose_mae"], values["jitter"]) == (None, None, None)
    assert set(values["by_attribute"]) == set(ATTRIBUTES)
    assert values["by_attribute"]["frontal"] == {"nme": None, "faces": 0, "ci95": None}


def test_clips_are_pooled_face_by_face() -> None:
    labels = some_labels()
    good = result_of(labels, labels.points, labels.pose)
    bad = result_of(labels, labels.points + np.float32([5, 0]), labels.pose)
    figures = measure([good, bad], "m")
    assert figures.total.nme == pytest.approx(0.05)
    assert figures.total.faces == 12
    assert figures.false_faces == 2
    assert figures.total.ci95 is not None
    assert figures.total.ci95[0] < 0.05 < figures.total.ci95[1]


def test_points_outside_the_picture_do_not_count() -> None:
    labels = some_labels()
    points = labels.points.copy()
    outside = labels.points[..., 0] > 150.5
    points[outside] += 50
    result = result_of(labels, points, labels.pose)
    result.sizes[:] = (151, 500)
    figures = measure([result], "m")
    assert figures.total.nme == pytest.approx(0, abs=1e-6)
    assert figures.total.faces == 5, "the second person is outside and cannot be measured"


def test_rows_hold_every_labelled_and_every_false_face() -> None:
    labels = some_labels()
    points = labels.points.copy()
    points[1] = np.nan
    lines = rows_as_csv([result_of(labels, points, labels.pose)]).splitlines()
    assert len(lines) == 1 + 6 + 1
    head = lines[0].split(",")
    rows = [dict(zip(head, line.split(","), strict=True)) for line in lines[1:]]
    assert rows[1]["found"] == "0"
    assert rows[1]["nme"] == ""
    assert rows[5]["profile"] == "1"
    assert (rows[6]["frame"], rows[6]["person"]) == ("2", "")


def test_faces_are_matched_by_the_largest_overlap_first() -> None:
    left, right = Box(0, 0, 10, 10), Box(8, 0, 18, 10)
    near_both = Box(4, 0, 14, 10)
    assert match([left, right], [Box(8, 0, 18, 10), Box(1, 0, 11, 10)]) == {0: 1, 1: 0}
    assert match([left, right], [near_both]) == {0: 0}, "equal overlaps go by index"
    assert match([left], [Box(6, 0, 16, 10)]) == {}, "4 of 16 is too little"
    assert match([], [left]) == {}


def test_attributes_that_nobody_labelled_follow_from_the_points() -> None:
    from app.vision.pose import mean_face

    straight = mean_face()[:, :2] * 100 + 320
    turned = straight.copy()
    faces = [
        FaceLabel(person=0, points=straight),
        FaceLabel(person=0, points=turned, pose=HeadPose(-45, 0, 0), hidden=frozenset({3})),
        FaceLabel(person=0, points=straight, attributes=frozenset({"head-up"})),
    ]
    names = [
        face_attributes(face, IBUG68, size=(640, 640), field_of_view_deg=60.0) - {"expression"}
        for face in faces
    ]
    assert names == [{"frontal"}, {"profile", "occlusion"}, {"head-up"}]


def labels_of(points: np.ndarray, layout: LandmarkLayout) -> Labels:
    """One face in each of five frames."""
    builder = LabelsBuilder(layout)
    for frame in range(5):
        builder.add(frame=frame, person=0, points=points, pose=(0.0, 0.0, 0.0))
    return builder.build(np.ones(5, bool))


def test_a_model_of_15_points_is_measured_on_these_and_compared_on_what_all_share() -> None:
    labels = labels_of(face(), IBUG68)
    few = point_map(IBUG68, KEYPOINTS15)(labels.points)
    few[:, 0] += [30, 0]  # the middle of the left eye, which is no point of the 68: 60 %
    few[:, 10] += [0, 10]  # the tip of the nose: 20 %
    many = labels.points.copy()
    many[:, 8] += [0, 34]  # the chin, which is none of the 15: 68 %
    one = result_of(labels, few, labels.pose, KEYPOINTS15)
    other = result_of(labels, many, labels.pose)
    both = replace(one, models={"few": one.models["m"], "many": other.models["m"]})
    alone = measure([both], "few")
    assert alone.layout is KEYPOINTS15
    assert alone.known.all()
    assert alone.total.nme == pytest.approx((0.6 + 0.2) / 15, abs=1e-6)
    assert alone.by_region["nose"] == pytest.approx(0.2, abs=1e-6)
    assert measure([both], "many").total.nme == pytest.approx(0.01, abs=1e-6)
    count, shared = measure_shared([both], ["few", "many"])
    assert count == 13
    assert shared["few"].nme == pytest.approx(0.2 / 13, abs=1e-6)
    assert shared["many"].nme == pytest.approx(0, abs=1e-6)
    assert shared["few"].faces == 5
    values = summary([both], {"few": alone, "many": measure([both], "many")}, settings={})
    assert values["shared_points"] == 13
    assert values["models"]["few"]["shared"]["nme"] == pytest.approx(0.2 / 13, abs=1e-6)
    assert (values["models"]["few"]["layout"], values["models"]["few"]["points"]) == (
        "keypoints15",
        15,
    )


def test_a_mesh_is_measured_on_the_68_points_and_wider_labels_on_those_of_the_model() -> None:
    mesh = np.random.default_rng(1).uniform(0, 90, (478, 2))
    labels = labels_of(ibug68_from_mesh(mesh), IBUG68)
    shift = IBUG68.eye_distance(labels.points[0]) * np.array([0.0, 0.1])
    figures = measure([result_of(labels, np.array([mesh + shift] * 5), labels.pose, MESH478)], "m")
    assert (figures.layout, figures.known.sum()) == (IBUG68, 68)
    assert figures.total.nme == pytest.approx(0.1, rel=1e-5)
    wide = labels_of(np.random.default_rng(2).uniform(0, 90, (98, 2)), WFLW98)
    right = point_map(WFLW98, IBUG68)(wide.points)
    figures = measure([result_of(wide, right, wide.pose)], "m")
    assert (figures.layout, figures.known.sum()) == (IBUG68, 68)
    assert figures.total.nme == pytest.approx(0, abs=1e-6)


def test_clips_with_labels_of_different_layouts_are_pooled_on_the_68_points() -> None:
    some = labels_of(face(), IBUG68)
    wide = labels_of(np.random.default_rng(2).uniform(0, 90, (98, 2)), WFLW98)
    few = point_map(IBUG68, KEYPOINTS15)(some.points)
    from_wide = point_map(WFLW98, KEYPOINTS15)(wide.points)
    results = [
        result_of(some, few, some.pose, KEYPOINTS15),
        result_of(wide, from_wide, wide.pose, KEYPOINTS15),
    ]
    figures = measure(results, "m")
    assert figures.total.faces == 10
    assert figures.total.nme == pytest.approx(0, abs=1e-6)
