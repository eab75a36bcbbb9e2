"""The reference model on pictures of the demo clip, whose true points are known."""

import json
from collections.abc import Iterator

import numpy as np
import pytest

from app.capture.source import Pace, SourceOptions, open_source
from app.core.face import Box
from app.core.frame import Frame
from app.core.geometry import face_box, roll_of
from app.core.layout import IBUG68, MESH478, point_map
from app.core.resources import asset
from app.vision.landmarkers import open_landmarker
from app.vision.mesh_landmarker import MeshLandmarker
from app.vision.offline import open_pipeline
from app.vision.settings import VisionSettings
from app.vision.zoo import Zoo

TWO_FACES = 450


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    """Half a second in which two faces are seen."""
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        source.seek(TWO_FACES / 30)
        return [frame for frame, _ in zip(source, range(15), strict=False)]


@pytest.fixture(scope="module")
def truth() -> list[list[np.ndarray]]:
    """(68, 2) of each face of each of these frames."""
    lines = asset("demo.labels.jsonl").read_text("utf-8").splitlines()[1:]
    faces = [json.loads(line)["faces"] for line in lines[TWO_FACES : TWO_FACES + 15]]
    return [[np.array(face["points"]) for face in some] for some in faces]


@pytest.fixture(scope="module")
def mesh() -> Iterator[MeshLandmarker]:
    landmarker = MeshLandmarker()
    yield landmarker
    landmarker.close()


def error(points: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance as a share of the eye distance."""
    distances = np.linalg.norm(point_map(MESH478, IBUG68)(points) - truth, axis=1)
    return float(distances.mean() / IBUG68.eye_distance(truth))


def test_each_face_is_found_in_its_own_box(
    mesh: MeshLandmarker, frames: list[Frame], truth: list[list[np.ndarray]]
) -> None:
    for points in truth[0]:
        box = face_box(points, roll=roll_of(points[36], points[45]))
        found = mesh.locate(frames[0].image, box)
        assert error(found.points, points) < 0.06
        assert found.trust is not None
        assert found.trust > 0.9


def test_a_box_without_a_face_is_not_trusted(mesh: MeshLandmarker, frames: list[Frame]) -> None:
    image = frames[0].image
    for box in (Box(-500, -500, -400, -400), Box(0, 0, 60, 60)):
        found = mesh.locate(image, box)
        assert found.points.shape == (478, 2)
        assert found.trust is not None
        assert found.trust < 0.1


def test_the_pipeline_follows_both_faces_with_the_mesh(
    frames: list[Frame], truth: list[list[np.ndarray]]
) -> None:
    with open_pipeline(
        model="mesh478", detector="blazeface", settings=VisionSettings(smooth=False)
    ) as pipeline:
        results = [pipeline.process(frame) for frame in frames]
    for result, points in zip(results, truth, strict=True):
        assert result.model == "mesh478 fp16"
        assert len(result.faces) == len(points)
        for face in result.faces:
            assert face.layout is MESH478
            assert face.pose is not None
            assert min(error(face.points, other) for other in points) < 0.06
    assert {face.id for face in results[-1].faces} == {face.id for face in results[0].faces}


def test_the_zoo_lists_the_reference_beside_the_files() -> None:
    zoo = Zoo.scan()
    (entry,) = [entry for entry in zoo.entries if entry.reference]
    assert zoo.find("mesh478") is entry
    assert entry.label == "mesh478 fp16"
    assert entry.path.is_file()
    assert zoo.default() is not entry


def test_a_reference_that_was_closed_is_free_to_be_opened_again(frames: list[Frame]) -> None:
    entry = Zoo.scan().find("mesh478")
    for _ in range(2):
        landmarker = open_landmarker(entry)
        assert landmarker.label == entry.label
        landmarker.close()
