"""The pipeline on the demo clip with the shipped model and real detectors."""

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from app._opencv import cv2
from app.capture.source import Pace, SourceOptions, open_source
from app.core.face import Box, HeadPose
from app.core.frame import Frame, Image
from app.core.resources import asset
from app.vision.face_extent import FaceExtent
from app.vision.landmarker import Landmarker, Landmarks
from app.vision.offline import open_pipeline
from app.vision.pipeline import Pipeline
from app.vision.pose import pose_to_camera_axes
from app.vision.result import STAGES
from app.vision.settings import VisionSettings


@pytest.fixture(scope="module")
def clip() -> list[Frame]:
    """Every second frame of the first six seconds of the demo clip."""
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        return [frame for frame in source if frame.sequence < 180 and frame.sequence % 2 == 0]


@pytest.fixture(scope="module")
def truth() -> list[dict]:
    lines = asset("demo.labels.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines[1:]]


@pytest.fixture(scope="module")
def loaded() -> Iterator[Pipeline]:
    with open_pipeline(model="", detector="blazeface", settings=VisionSettings()) as pipeline:
        yield pipeline


@pytest.fixture
def pipeline(loaded: Pipeline) -> Pipeline:
    """A pipeline that remembers nothing, with the models that are already open."""
    return Pipeline(
        detector=loaded.detector, landmarker=loaded.landmarker, settings=VisionSettings()
    )


class _FixedDetector:
    """Sees the same boxes in every frame."""

    name = "fixed"

    def __init__(self, boxes: list[Box]) -> None:
        self.boxes = boxes

    def detect(self, image: Image, *, fresh: bool) -> list[Box]:
        return self.boxes

    def detect_near(self, image: Image, box: Box) -> list[Box]:
        return []

    def close(self) -> None: ...


class _CountingDetector:
    """Passes on to a real detector and counts how often it was asked."""

    name = "counting"

    def __init__(self, inner: object) -> None:
        self.inner = inner
        self.calls = 0

    def detect(self, image: Image, *, fresh: bool) -> list[Box]:
        self.calls += 1
        return self.inner.detect(image, fresh=fresh)  # type: ignore[attr-defined]

    def detect_near(self, image: Image, box: Box) -> list[Box]:
        return self.inner.detect_near(image, box)  # type: ignore[attr-defined]

    def close(self) -> None: ...


def _main_face(label: dict) -> np.ndarray:
    return np.array(label["faces"][0]["points"])


def test_the_face_of_the_demo_clip_is_followed_with_one_id(
    pipeline: Pipeline, clip: list[Frame], truth: list[dict]
) -> None:
    results = [pipeline.process(frame) for frame in clip]
    assert all(result.faces for result in results)
    assert {result.faces[0].id for result in results} == {1}
    errors = []
    for result in results:
        points = _main_face(truth[result.frame.sequence])
        eye_distance = np.hypot(*(points[45] - points[36]))
        found = result.faces[0].points
        errors.append(np.hypot(*(found - points).T).mean() / eye_distance)
    assert np.mean(errors) < 0.08


def test_every_stage_is_timed(pipeline: Pipeline, clip: list[Frame]) -> None:
    result = pipeline.process(clip[0])
    assert set(result.stages_ms) == set(STAGES)
    parts = sum(value for stage, value in result.stages_ms.items() if stage != "total")
    assert 0 < parts <= result.stages_ms["total"]


def test_the_detector_rests_while_faces_are_trusted(pipeline: Pipeline, clip: list[Frame]) -> None:
    counting = _CountingDetector(pipeline.detector)
    pipeline.detector = counting
    pipeline.settings = VisionSettings(detect_interval_s=0.5)
    for frame in clip:
        pipeline.process(frame)
    seconds = clip[-1].time_s - clip[0].time_s
    assert counting.calls <= 2 * seconds + 5
    assert counting.calls < len(clip) / 2


def test_an_interval_of_zero_asks_the_detector_in_every_frame(
    pipeline: Pipeline, clip: list[Frame]
) -> None:
    counting = _CountingDetector(pipeline.detector)
    pipeline.detector = counting
    pipeline.settings = VisionSettings(detect_interval_s=0.0)
    for frame in clip[:20]:
        pipeline.process(frame)
    assert counting.calls == 20


def test_a_face_that_leaves_is_gone_within_a_third_of_a_second(
    pipeline: Pipeline, clip: list[Frame]
) -> None:
    for frame in clip[:10]:
        pipeline.process(frame)
    last = clip[9]
    grey = np.full_like(last.image, 128)
    for i in range(1, 20):
        time_ns = last.time_ns + int(i / 30 * 1e9)
        result = pipeline.process(replace(last, image=grey.copy(), time_ns=time_ns))
        if i / 30 > 0.3:
            assert result.faces == ()


def test_points_are_never_drawn_from_an_older_frame(pipeline: Pipeline, clip: list[Frame]) -> None:
    for frame in clip[:10]:
        pipeline.process(frame)
    last = clip[9]
    noise = np.random.default_rng(0).integers(0, 255, last.image.shape, dtype=np.uint8)
    result = pipeline.process(replace(last, image=noise, time_ns=last.time_ns + 33_000_000))
    assert result.faces == ()


def test_a_jump_in_the_clip_starts_with_fresh_ids(pipeline: Pipeline, clip: list[Frame]) -> None:
    assert pipeline.process(clip[0]).faces[0].id == 1
    assert pipeline.process(replace(clip[40], epoch=1)).faces[0].id == 2


def test_smoothing_can_be_switched_off(pipeline: Pipeline, clip: list[Frame]) -> None:
    pipeline.settings = VisionSettings(smooth=False)
    for frame in clip[:5]:
        (face, *_) = pipeline.process(frame).faces
        assert np.array_equal(face.points, face.raw_points)
    pipeline.settings = VisionSettings(smooth=True)
    for frame in clip[5:10]:
        (face, *_) = pipeline.process(frame).faces
    assert not np.array_equal(face.points, face.raw_points)


def test_a_picture_without_a_face_has_none(pipeline: Pipeline) -> None:
    for shape in ((1, 1, 3), (480, 640, 3), (2, 3000, 3)):
        frame = Frame(
            image=np.zeros(shape, np.uint8), time_ns=0, arrived_ns=0, sequence=0, source=str(shape)
        )
        assert pipeline.process(frame).faces == ()


def test_a_mirrored_picture_gives_the_mirrored_pose(
    pipeline: Pipeline, loaded: Pipeline, clip: list[Frame], truth: list[dict]
) -> None:
    turned = max(clip, key=lambda f: abs(truth[f.sequence]["faces"][0]["pose"]["yaw"]))
    other = Pipeline(
        detector=loaded.detector, landmarker=loaded.landmarker, settings=VisionSettings()
    )
    seen = pipeline.process(turned).faces[0].pose
    mirrored = other.process(replace(turned, image=turned.image[:, ::-1].copy())).faces[0].pose
    assert seen is not None
    assert mirrored is not None
    assert abs(seen.yaw) > 10
    assert mirrored.yaw == pytest.approx(-seen.yaw, abs=6)
    assert mirrored.pitch == pytest.approx(seen.pitch, abs=6)


def test_frames_pass_without_faces_before_anything_is_loaded(clip: list[Frame]) -> None:
    empty = Pipeline(detector=None, landmarker=None, settings=VisionSettings())
    result = empty.process(clip[0])
    assert (result.faces, result.model, result.detector) == ((), "", "")


def test_the_haar_cascade_finds_the_same_face(loaded: Pipeline, clip: list[Frame]) -> None:
    settings = VisionSettings()
    with open_pipeline(model="", detector="haar", settings=settings) as haar:
        blaze = Pipeline(detector=loaded.detector, landmarker=loaded.landmarker, settings=settings)
        for frame in clip[:6]:
            ours, theirs = blaze.process(frame).faces, haar.process(frame).faces
    assert ours[0].box.iou(theirs[0].box) > 0.6


def test_a_picture_of_48_megapixels_is_processed(pipeline: Pipeline, clip: list[Frame]) -> None:
    image = np.zeros((6000, 8000, 3), np.uint8)
    image[600:5400, 800:7200] = cv2.resize(clip[0].image, (6400, 4800))
    frame = Frame(image=image, time_ns=0, arrived_ns=0, sequence=0, source="large")
    (face,) = pipeline.process(frame).faces
    assert face.box.side > 800


@pytest.mark.parametrize("roll", [-50, 35, 60])
def test_a_tilted_head_is_followed_as_well_as_an_upright_one(
    pipeline: Pipeline, loaded: Pipeline, clip: list[Frame], roll: float
) -> None:
    upright = Pipeline(
        detector=loaded.detector, landmarker=loaded.landmarker, settings=VisionSettings()
    )
    straight = upright.process(clip[0]).faces[0]
    middle = (clip[0].width / 2, clip[0].height / 2)
    turn = cv2.getRotationMatrix2D(middle, -roll, 1.0)  # OpenCV counts the other way round
    turned = cv2.warpAffine(clip[0].image, turn, (clip[0].width, clip[0].height))
    face = pipeline.process(replace(clip[0], image=turned)).faces[0]
    wanted = straight.points @ turn[:, :2].T + turn[:, 2]
    error = np.hypot(*(face.points - wanted).T).mean() / face.layout.eye_distance(wanted)
    assert error < 0.04
    assert face.pose is not None
    assert straight.pose is not None
    assert face.pose.roll == pytest.approx(straight.pose.roll + roll, abs=6)


@pytest.mark.parametrize(("right", "down", "times"), [(0.15, 0.0, 1.0), (0.0, 0.14, 1.15)])
def test_a_detector_that_frames_badly_places_no_point_worse(
    pipeline: Pipeline, clip: list[Frame], right: float, down: float, times: float
) -> None:
    assert pipeline.landmarker is not None
    well = pipeline.process(clip[0]).faces[0]
    box = FaceExtent(well.layout).box(well.points)
    cx, cy = box.centre[0] + right * box.side, box.centre[1] + down * box.side
    half = box.side * times / 2
    detector = _FixedDetector([Box(cx - half, cy - half, cx + half, cy + half)])
    badly = Pipeline(detector=detector, landmarker=pipeline.landmarker, settings=VisionSettings())
    face = badly.process(clip[0]).faces[0]
    error = np.hypot(*(face.points - well.points).T).mean() / face.layout.eye_distance(well.points)
    assert error < 0.02


def test_a_far_face_that_walks_is_followed_with_one_id(
    pipeline: Pipeline, clip: list[Frame]
) -> None:
    seen = []
    for i, frame in enumerate(clip[:30]):
        image = np.full((480, 848, 3), 120, np.uint8)
        small = cv2.resize(frame.image, (128, 96), interpolation=cv2.INTER_AREA)
        left = 150 + 6 * i  # a fifth of the face's width per frame
        image[200:296, left : left + 128] = small
        seen.append(pipeline.process(replace(frame, image=image)))
    found = [[face.id for face in result.faces] for result in seen]
    assert sum(ids == [1] for ids in found) >= 28
    assert all(ids in ([1], []) for ids in found)
    x = [result.faces[0].points[:, 0].mean() for result in seen if result.faces]
    assert np.all(np.diff(x) > 0)


def test_faces_come_in_the_order_of_their_ids(pipeline: Pipeline, clip: list[Frame]) -> None:
    for i, frame in enumerate(clip[:20]):
        pair = np.hstack([frame.image, frame.image[:, ::-1]])
        if i % 5 == 2:
            pair[:, :640] = 128  # the first face is lost for a frame
        ids = [face.id for face in pipeline.process(replace(frame, image=pair)).faces]
        assert ids == sorted(ids)


class _PoseSayer:
    """A real landmarker that also says where the head points."""

    def __init__(self, inner: Landmarker, pose: HeadPose) -> None:
        self.inner, self.pose = inner, pose
        self.label, self.layout = inner.label, inner.layout

    def locate(self, image: Image, box: Box) -> Landmarks:
        return replace(self.inner.locate(image, box), pose=self.pose)

    def close(self) -> None: ...


def test_the_pose_of_the_model_takes_the_place_of_the_one_from_points(
    pipeline: Pipeline, clip: list[Frame]
) -> None:
    assert pipeline.landmarker is not None
    pipeline.landmarker = _PoseSayer(pipeline.landmarker, HeadPose(50.0, 10.0, -5.0))
    pipeline.settings = VisionSettings(field_of_view_deg=20.0, max_faces=1)
    (face,) = pipeline.process(clip[0]).faces
    x, y = face.points.mean(axis=0)
    wanted = pose_to_camera_axes(
        HeadPose(50.0, 10.0, -5.0),
        (float(x), float(y)),
        width=clip[0].width,
        height=clip[0].height,
        field_of_view_deg=20.0,
    )
    assert face.pose is not None
    assert (face.pose.yaw, face.pose.pitch, face.pose.roll) == pytest.approx(
        (wanted.yaw, wanted.pitch, wanted.roll), abs=0.01
    )
    assert face.pose.position_cm is not None
    assert 30 < face.pose.position_cm[2] < 300


def test_the_pose_of_a_model_is_smoothed_like_its_points(
    pipeline: Pipeline, clip: list[Frame]
) -> None:
    assert pipeline.landmarker is not None
    sayer = _PoseSayer(pipeline.landmarker, HeadPose(0.0, 0.0, 0.0))
    pipeline.landmarker = sayer
    yaws = []
    for number, frame in enumerate(clip[:20]):
        sayer.pose = HeadPose(3.0 * (-1) ** number, 0.0, 0.0)
        pose = pipeline.process(frame).faces[0].pose
        assert pose is not None
        yaws.append(pose.yaw)
    assert np.std(yaws[5:]) < 1.5
