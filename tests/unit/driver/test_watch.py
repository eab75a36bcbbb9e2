"""Whose face is measured, what of it is known, and on which time line."""

import math
from dataclasses import replace

import numpy as np
import pytest

from app.core.face import Box, Face, HeadPose, Points
from app.core.frame import Frame
from app.core.layout import IBUG68, KEYPOINTS15
from app.driver.main_face import MainFace
from app.driver.measures import measure
from app.driver.watch import FaceWatch
from app.vision.pose import mean_face
from app.vision.result import FrameResult


def a_face(
    face_id: int = 1, *, x: float = 200, size: float = 100, trust: np.ndarray | None = None
) -> Face:
    points: Points = (mean_face()[:, :2] * size + [x, 200]).astype(np.float32)
    return Face(
        id=face_id,
        box=Box.around(points),
        points=points,
        layout=IBUG68,
        pose=HeadPose(5.0, -3.0, 1.0),
        trust=0.9,
        raw_points=points.copy(),
        point_trust=trust,
    )


def result_of(
    *faces: Face, time_s: float, source: str = "camera", epoch: int = 0, size: int = 400
) -> FrameResult:
    frame = Frame(np.zeros((size, size, 3), np.uint8), round(time_s * 1e9), 0, 0, source, epoch)
    return FrameResult(frame, faces, {}, "", "", 0)


def test_the_largest_face_is_watched_and_gives_way_to_a_clearly_larger_one_only() -> None:
    main = MainFace()
    small, other = a_face(1, size=100), a_face(2, size=90)
    assert main.pick([small, other], 0.0) is small
    assert main.pick([small, a_face(2, size=110)], 0.1) is small
    larger = a_face(2, size=140)
    assert main.pick([small, larger], 0.2) is larger
    assert main.pick([], 0.3) is None


def test_a_chosen_face_is_watched_until_it_has_been_gone_for_long() -> None:
    main = MainFace()
    large, small = a_face(1, size=150), a_face(7, size=60)
    main.choose(7)
    assert main.pick([large], 0.0) is None  # it has not come yet
    assert main.pick([large], 60.0) is None
    assert main.pick([large, small], 61.0) is small
    assert main.pick([large], 63.0) is None
    assert main.pick([large], 66.5) is large
    assert main.chosen is None
    main.choose(7)
    main.choose(None)
    assert main.pick([large, small], 67.0) is large


def test_measures_are_those_of_the_raw_points() -> None:
    face = a_face()
    squeezed = face.points.copy()
    squeezed[[37, 38]] = squeezed[[41, 40]]
    blinking = replace(face, raw_points=squeezed)
    still_open = measure(face, time_s=1.0, width=400, height=400)
    shut = measure(blinking, time_s=1.0, width=400, height=400)
    assert shut.left_ear == pytest.approx(0.0, abs=1e-6)
    assert shut.right_ear == still_open.right_ear > 0.1
    assert (shut.yaw, shut.pitch, shut.roll, shut.trust) == (5.0, -3.0, 1.0, 0.9)
    assert shut.eye_distance_px == pytest.approx(100, rel=0.05)


def test_parts_outside_the_picture_are_unknown() -> None:
    face = a_face()
    left_edge = float(face.points[IBUG68.left_eye[1], 0])
    moved = a_face(x=200 - left_edge)  # the left eye is cut by the edge of the picture
    found = measure(moved, time_s=0.0, width=400, height=400)
    assert math.isnan(found.left_ear)
    assert found.right_ear > 0
    lips = float(face.points[IBUG68.inner_mouth[3], 1])
    found = measure(face, time_s=0.0, width=400, height=int(lips))
    assert math.isnan(found.mouth)
    assert math.isnan(found.mouth_width)
    assert found.left_ear > 0


def test_parts_that_the_model_does_not_trust_are_unknown() -> None:
    trust = np.ones(68, np.float32)
    trust[list(IBUG68.right_eye)] = 0.2
    found = measure(a_face(trust=trust), time_s=0.0, width=400, height=400)
    assert found.left_ear > 0
    assert math.isnan(found.right_ear)
    assert found.mouth >= 0


def test_a_layout_without_lids_and_a_face_without_pose_are_unknown() -> None:
    points = np.random.default_rng(0).uniform(50, 150, (15, 2)).astype(np.float32)
    face = Face(1, Box.around(points), points, KEYPOINTS15, None, 0.9, points)
    found = measure(face, time_s=0.0, width=400, height=400)
    assert math.isnan(found.left_ear)
    assert math.isnan(found.mouth)
    assert math.isnan(found.yaw)


def test_session_time_begins_at_0_and_follows_the_frames() -> None:
    watch = FaceWatch()
    times = [1234.5, 1234.6, 1234.6, 1234.9]
    found = [watch.measures(result_of(a_face(), time_s=t)).time_s for t in times]
    assert found == pytest.approx([0.0, 0.1, 0.1, 0.4])


def test_a_loop_a_seek_back_and_another_source_go_on_after_a_second() -> None:
    watch = FaceWatch()
    steps = [("clip", 0, 0.0), ("clip", 0, 5.0), ("clip", 1, 0.0), ("clip", 1, 1.0)]
    steps += [("other", 0, 70.0), ("other", 0, 71.0)]
    found = [
        watch.measures(result_of(time_s=t, source=source, epoch=epoch)).time_s
        for source, epoch, t in steps
    ]
    assert found == pytest.approx([0, 5, 6.001, 7.001, 8.002, 9.002])


def test_a_camera_that_comes_back_keeps_its_clock() -> None:
    watch = FaceWatch()
    steps = [(0, 100.0), (0, 101.0), (1, 110.0), (1, 111.0)]
    found = [watch.measures(result_of(time_s=t, epoch=epoch)).time_s for epoch, t in steps]
    assert found == pytest.approx([0, 1, 10, 11])


def test_a_frame_without_a_face_is_measured_as_unknown() -> None:
    found = FaceWatch().measures(result_of(time_s=3.0))
    assert found.face_id is None
    assert math.isnan(found.left_ear)
