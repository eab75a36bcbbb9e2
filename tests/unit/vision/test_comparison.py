"""Two models on the same crops of the demo clip."""

import math
from dataclasses import replace

import numpy as np
import pytest

from app.capture.source import Pace, SourceOptions, open_source
from app.core.face import Box, Face
from app.core.frame import Frame
from app.core.layout import IBUG68, KEYPOINTS15, MESH478, LandmarkLayout, point_map
from app.core.resources import asset
from app.vision.comparison import points_distance
from app.vision.landmarkers import open_landmarker
from app.vision.offline import open_pipeline
from app.vision.settings import VisionSettings
from app.vision.zoo import Zoo


@pytest.fixture(scope="module")
def clip() -> list[Frame]:
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        return [frame for frame, _ in zip(source, range(20), strict=False)]


def face(points: np.ndarray, layout: LandmarkLayout = IBUG68) -> Face:
    points = points.astype(np.float32)
    return Face(1, Box.around(points), points, layout, None, 1.0, points)


def test_fp32_and_int8_see_nearly_the_same_on_the_same_crops(clip: list[Frame]) -> None:
    zoo = Zoo.scan()
    with open_pipeline(
        model="pfld-0.5x fp32", detector="haar", settings=VisionSettings()
    ) as pipeline:
        alone = [pipeline.process(frame) for frame in clip]
        assert all(result.comparison is None for result in alone)
        pipeline.rival = open_landmarker(zoo.find("pfld-0.5x int8"))
        both = [pipeline.process(replace(frame, epoch=1)) for frame in clip]
        pipeline.rival = None
        after = pipeline.process(clip[0])
    for result, before in zip(both, alone, strict=True):
        assert result.comparison is not None
        assert result.comparison.model == "pfld-0.5x int8"
        assert [f.id for f in result.comparison.faces] == [f.id for f in result.faces]
        assert 0 < result.comparison.distance < 0.02
        # The second model changes nothing of what the first one says.
        for here, there in zip(result.faces, before.faces, strict=True):
            assert np.array_equal(here.points, there.points)
        assert set(result.model_ms) == {"pfld-0.5x fp32", "pfld-0.5x int8"}
    assert after.comparison is None
    assert set(after.model_ms) == {"pfld-0.5x fp32"}


def test_models_of_other_layouts_are_compared_on_the_points_that_they_share(
    clip: list[Frame],
) -> None:
    zoo = Zoo.scan()
    with open_pipeline(model="", detector="haar", settings=VisionSettings()) as pipeline:
        pipeline.rival = open_landmarker(zoo.find("mesh478"))
        result = [pipeline.process(frame) for frame in clip][-1]
        pipeline.rival.close()
    assert result.comparison is not None
    assert [f.layout for f in result.comparison.faces] == [MESH478] * len(result.faces)
    assert 0 < result.comparison.distance < 0.1


def test_the_distance_is_a_share_of_the_eye_distance() -> None:
    points = np.random.default_rng(1).uniform(0, 100, (68, 2)).astype(np.float32)
    points[36], points[45] = (0, 0), (50, 0)
    one = face(points)
    assert points_distance(one, face(points + np.float32([3, 4]))) == pytest.approx(0.1)
    few = point_map(IBUG68, KEYPOINTS15)(points + np.float32([3, 4]))
    assert points_distance(one, face(few, KEYPOINTS15)) == pytest.approx(0.1)
    other = replace(IBUG68, name="other68")
    assert math.isnan(points_distance(one, face(points, other)))
