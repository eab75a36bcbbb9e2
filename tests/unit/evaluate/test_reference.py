"""The machine's reference points on a face that does not stand upright."""

from collections.abc import Iterator

import numpy as np
import pytest

from app.core.frame import Frame
from app.core.layout import IBUG68
from app.evaluate.reference import ReferenceFaces
from tests.unit.evaluate.label_lines import Lines


@pytest.fixture(scope="module")
def reference() -> Iterator[ReferenceFaces]:
    reference = ReferenceFaces(max_faces=4)
    yield reference
    reference.close()


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_face_is_labelled_however_it_is_turned(
    reference: ReferenceFaces, demo_frames: list[Frame], demo_labels: Lines, quarters: int
) -> None:
    image = demo_frames[0].image
    points = np.array(demo_labels[1]["faces"][0]["points"])
    height, width = image.shape[:2]
    for _ in range(quarters):  # clockwise
        points = np.stack([height - 1 - points[:, 1], points[:, 0]], axis=1)
        height, width = width, height
    (face,) = reference.find(np.ascontiguousarray(np.rot90(image, -quarters)))
    error = np.linalg.norm(face.points - points, axis=1).mean()
    assert error < 0.08 * IBUG68.eye_distance(points)
