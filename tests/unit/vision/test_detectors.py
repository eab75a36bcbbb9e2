"""The detectors on a picture of the demo clip, near and far."""

import json
from collections.abc import Iterator

import numpy as np
import pytest

from app._opencv import cv2
from app.capture.source import Pace, SourceOptions, open_source
from app.core.errors import PfldLiveError
from app.core.face import Box
from app.core.frame import Image
from app.core.resources import asset
from app.vision.detector import FaceDetector
from app.vision.detectors import DETECTORS, find_detector


@pytest.fixture(scope="module")
def picture() -> Image:
    """The first picture of the demo clip, 640×480."""
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        return next(iter(source)).image


@pytest.fixture(scope="module")
def face() -> Box:
    """Where its face lies."""
    label = json.loads(asset("demo.labels.jsonl").read_text("utf-8").splitlines()[1])
    return Box.around(np.array(label["faces"][0]["points"]))


@pytest.fixture(scope="module", params=sorted(DETECTORS))
def detector(request: pytest.FixtureRequest) -> Iterator[FaceDetector]:
    detector = DETECTORS[request.param].make()
    yield detector
    detector.close()


@pytest.fixture(scope="module")
def blazeface() -> Iterator[FaceDetector]:
    detector = find_detector("BlazeFace").make()
    yield detector
    detector.close()


def far(picture: Image, zoom: float, *, size: tuple[int, int]) -> tuple[Image, tuple[int, int]]:
    """A grey picture (width, height) with a small copy in its last corner, and where that is."""
    small = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    width, height = size
    left, top = width - small.shape[1] - 20, height - small.shape[0] - 20
    canvas = np.full((height, width, 3), 110, np.uint8)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas, (left, top)


def test_the_box_is_that_of_the_points(detector: FaceDetector, picture: Image, face: Box) -> None:
    (found,) = detector.detect(picture, fresh=True)
    assert found.iou(face) > 0.7
    assert 0 < found.score <= 1


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 300, 3), (480, 640, 3)])
def test_where_there_is_no_face_none_is_found(
    detector: FaceDetector, shape: tuple[int, int, int]
) -> None:
    assert detector.detect(np.full(shape, 90, np.uint8), fresh=True) == []


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280)])
def test_a_far_face_is_found_in_wide_and_in_upright_pictures(
    blazeface: FaceDetector, picture: Image, face: Box, size: tuple[int, int]
) -> None:
    for zoom in (0.25, 0.27):
        canvas, (left, top) = far(picture, zoom, size=size)
        (found,) = blazeface.detect(canvas, fresh=True)
        x, y = (zoom * c + corner for c, corner in zip(face.centre, (left, top), strict=True))
        assert found.centre == pytest.approx((x, y), abs=10)
        assert found.side == pytest.approx(zoom * face.side, rel=0.25)


@pytest.mark.parametrize("zoom", [0.6, 1.0, 1.5])
def test_the_box_fits_a_near_face_of_any_size(
    blazeface: FaceDetector, picture: Image, face: Box, zoom: float
) -> None:
    size = round(max(zoom, 1.0) * 640) + 40, round(max(zoom, 1.0) * 480) + 40
    canvas, (left, top) = far(picture, zoom, size=size)
    (found,) = blazeface.detect(canvas, fresh=True)
    x, y = (zoom * c + corner for c, corner in zip(face.centre, (left, top), strict=True))
    assert found.centre == pytest.approx((x, y), abs=0.1 * zoom * face.side)
    assert found.side == pytest.approx(zoom * face.side, rel=0.12)


def test_over_a_few_pictures_a_far_face_is_found_too(
    blazeface: FaceDetector, picture: Image
) -> None:
    canvas, _ = far(picture, 0.25, size=(720, 1280))
    assert any(blazeface.detect(canvas, fresh=False) for _ in range(4))


def test_a_detector_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(PfldLiveError, match="blazeface, haar"):
        find_detector("yolo")


def test_a_face_is_found_again_near_where_it_was(
    detector: FaceDetector, picture: Image, face: Box
) -> None:
    canvas, (left, top) = far(picture, 0.4, size=(1280, 720))
    small = Box(
        *(
            0.4 * v + d
            for v, d in zip((face.x0, face.y0, face.x1, face.y1), (left, top) * 2, strict=True)
        )
    )
    found = detector.detect_near(canvas, small.moved(-0.5 * small.side, 0.3 * small.side))
    assert found
    assert found[0].iou(small) > 0.5


def test_nothing_is_near_a_place_outside_the_picture(
    detector: FaceDetector, picture: Image
) -> None:
    assert detector.detect_near(picture, Box(-900, -900, -800, -800)) == []
