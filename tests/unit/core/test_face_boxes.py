"""The face box that the boxes of detectors stand for."""

import numpy as np
import pytest

from app.core.face import Box
from app.core.face_boxes import BLAZEFACE, BoxMapping, Network, blazeface_box
from app.core.geometry import upright_axes

FACE = np.array(
    [[70.0, 90.0], [130.0, 90.0], [100.0, 125.0], [100.0, 155.0], [40.0, 100.0], [160.0, 100.0]]
)
"""Eyes, nose, mouth and ears of a face that looks straight ahead."""


def test_a_square_is_mapped_along_the_tilt_of_the_face() -> None:
    mapping = BoxMapping(scale=0.5, dx=0.0, dy=0.25)
    box = mapping.apply(Box(0, 0, 40, 40, 0.6, roll=90.0))
    # What is down for the face lies to the left in the picture.
    assert box.centre == pytest.approx((10.0, 20.0))
    assert (box.side, box.score, box.roll) == (20.0, 0.6, 90.0)


@pytest.mark.parametrize("network", ["short", "full"])
def test_the_box_of_blazeface_is_tilted_as_its_eyes_are(network: Network) -> None:
    square = Box(45, 75, 155, 185, 0.8)
    box = blazeface_box(network, square, FACE @ upright_axes(10.0))
    assert box.side == pytest.approx(BLAZEFACE[network].scale * square.side)
    assert (box.score, box.roll) == (0.8, pytest.approx(10.0))
