"""FaceMesh on pictures of the demo clip, whose true points are known."""

import json
from collections.abc import Iterator

import numpy as np
import pytest

from app.capture.source import Pace, SourceOptions, open_source
from app.core.face import Box
from app.core.frame import Image
from app.core.mesh import ibug68_from_mesh
from app.core.resources import asset
from app.vision.facemesh import FaceMesh, Mesh

TWO_FACES = 450


@pytest.fixture(scope="module")
def picture() -> Image:
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        source.seek(TWO_FACES / 30)
        frame = source.read()
    assert frame is not None
    assert frame.sequence == TWO_FACES
    return frame.image


@pytest.fixture(scope="module")
def truth() -> list[np.ndarray]:
    """(68, 2) of each face."""
    line = asset("demo.labels.jsonl").read_text("utf-8").splitlines()[1 + TWO_FACES]
    return [np.array(face["points"]) for face in json.loads(line)["faces"]]


@pytest.fixture(scope="module")
def mesh() -> Iterator[FaceMesh]:
    networks = FaceMesh(max_faces=4)
    yield networks
    networks.close()


def error(found: Mesh, truth: np.ndarray) -> float:
    """Mean distance as a share of the eye distance."""
    assert found.shape == (478, 3)
    assert found.dtype == np.float32
    distances = np.linalg.norm(ibug68_from_mesh(found)[:, :2] - truth, axis=1)
    return float(distances.mean() / np.linalg.norm(truth[45] - truth[36]))


def test_all_faces_of_a_picture_are_found_where_they_are(
    mesh: FaceMesh, picture: Image, truth: list[np.ndarray]
) -> None:
    found = mesh.find(picture)
    assert len(found) == len(truth) == 2
    for points in truth:
        assert min(error(face, points) for face in found) < 0.1


def test_one_face_is_found_in_its_box_also_at_the_edge(
    mesh: FaceMesh, picture: Image, truth: list[np.ndarray]
) -> None:
    points = truth[0]
    for cut in (0, int(points[:, 0].min()) - 3):  # whole, and with the face at the left edge
        image = np.ascontiguousarray(picture[:, cut:])
        moved = points - [cut, 0]
        faces = mesh.find_in(image, Box.around(moved))
        assert min(error(face, moved) for face in faces) < 0.08


def test_where_no_face_is_nothing_is_found(mesh: FaceMesh, picture: Image) -> None:
    assert mesh.find(np.zeros((30, 90, 3), np.uint8)) == []
    assert mesh.find_in(picture, Box(-500, -500, -400, -400)) == []
    assert mesh.find_in(picture, Box(5, 5, 5, 5)) == []
