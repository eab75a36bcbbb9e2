"""Faces on their heads and on their sides, from a picture of the demo clip."""

import json
from collections.abc import Iterator

import numpy as np
import pytest

from app._opencv import cv2
from app.capture.source import Pace, SourceOptions, open_source
from app.core.face import Box
from app.core.frame import Frame, Image
from app.core.layout import IBUG68
from app.core.resources import asset
from app.vision.offline import open_pipeline
from app.vision.pipeline import Pipeline
from app.vision.settings import VisionSettings
from app.vision.way_up import Found, WayUp


@pytest.fixture(scope="module")
def picture() -> Image:
    """The first picture of the demo clip, 640×480."""
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        return next(iter(source)).image


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    line = asset("demo.labels.jsonl").read_text("utf-8").splitlines()[1]
    return np.array(json.loads(line)["faces"][0]["points"])


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with open_pipeline(
        model="", detector="blazeface", settings=VisionSettings(smooth=False)
    ) as pipeline:
        yield pipeline


def turned(image: Image, points: np.ndarray, degrees: float) -> tuple[Image, np.ndarray]:
    """A square picture with the image turned clockwise in its middle, and where the points are."""
    height, width = image.shape[:2]
    side = int(np.hypot(height, width))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1)
    matrix[:, 2] += ((side - width) / 2, (side - height) / 2)
    around = cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(around, np.uint8), points @ matrix[:, :2].T + matrix[:, 2]


@pytest.mark.parametrize("degrees", [0, 45, 90, 135, 180, 225, 270, 315])
@pytest.mark.parametrize("zoom", [1.0, 0.5])
def test_the_points_lie_on_the_face_however_it_is_turned(
    pipeline: Pipeline, picture: Image, truth: np.ndarray, degrees: int, zoom: float
) -> None:
    small = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    image, points = turned(np.asarray(small, np.uint8), zoom * (truth + 0.5) - 0.5, degrees)
    frame = Frame(image, 0, 0, 0, f"turned by {degrees} at {zoom}")
    (face,) = pipeline.process(frame).faces
    error = np.linalg.norm(face.points - points, axis=1).mean() / IBUG68.eye_distance(points)
    assert error < 0.1
    assert face.pose is not None
    assert abs((face.pose.roll - degrees + 180) % 360 - 180) < 25


def test_a_face_on_its_head_is_followed(
    pipeline: Pipeline, picture: Image, truth: np.ndarray
) -> None:
    image, points = turned(picture, truth, 180)
    eyes = IBUG68.eye_distance(points)
    for number in range(12):
        frame = Frame(image, number * 40_000_000, 0, number, "on its head in a clip")
        (face,) = pipeline.process(frame).faces
        assert np.linalg.norm(face.points - points, axis=1).mean() < 0.1 * eyes


class _Eye:
    """Sees a face in every close-up, with a score that its number of calls tells."""

    def __init__(self, scores: list[float]) -> None:
        self.scores = scores
        self.calls = 0

    def __call__(self, part: Image) -> list[Box]:
        self.calls += 1
        return [Box(64, 64, 191, 191, self.scores[(self.calls - 1) % 4])]


PICTURE = np.zeros((400, 400, 3), np.uint8)


def test_a_face_that_is_surely_upright_costs_no_look() -> None:
    eye = _Eye([0.9] * 4)
    box = Box(100, 100, 200, 200, 0.9)
    assert WayUp(eye).upright(PICTURE, [Found(box, "short")], fresh=True) == [box]
    assert eye.calls == 0


def test_a_doubtful_face_is_looked_at_once_while_it_stays() -> None:
    eye = _Eye([0.75, 0.6, 0.8, 0.6])  # on its head a masked face looks nearly the same
    way_up = WayUp(eye)
    box = Box(100, 100, 200, 200, 0.7)
    for _ in range(10):
        assert way_up.upright(PICTURE, [Found(box, "short")], fresh=False) == [box]
    assert eye.calls == 4


def test_a_face_that_looks_clearly_better_on_its_head_is_turned() -> None:
    (box,) = WayUp(_Eye([0.7, 0.6, 0.9, 0.6])).upright(
        PICTURE, [Found(Box(100, 100, 200, 200, 0.7), "short")], fresh=True
    )
    assert abs(box.roll) == 180
    assert box.score == 0.9
    assert box.centre == pytest.approx((150, 150), abs=1)
    assert box.side == pytest.approx(100, abs=1)


def test_a_video_never_waits_for_a_crowd_of_doubtful_faces() -> None:
    eye = _Eye([0.75] * 4)
    way_up = WayUp(eye)
    crowd = [Found(Box(x, 10, x + 40, 50, 0.7), "short") for x in (0, 60, 120, 180, 240)]
    seen = [len(way_up.upright(PICTURE, crowd, fresh=False)) for _ in range(3)]
    assert seen == [2, 4, 5]
    assert len(WayUp(eye).upright(PICTURE, crowd, fresh=True)) == 5
