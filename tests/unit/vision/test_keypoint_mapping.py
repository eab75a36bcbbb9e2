"""The face box among the keypoints of BlazeFace."""

import numpy as np
import pytest

from app.core.geometry import upright_axes
from app.vision.keypoint_mapping import Constellation, KeypointMapping, blazeface_mappings

MIRRORED = [1, 0, 2, 3, 5, 4]
FACE = np.array(
    [[70.0, 90.0], [130.0, 90.0], [100.0, 125.0], [100.0, 155.0], [40.0, 100.0], [160.0, 100.0]]
)
"""Eyes, nose, mouth and ears of a face that looks straight ahead."""

NETWORKS = ("short", "full")


@pytest.fixture(params=NETWORKS)
def mapping(request: pytest.FixtureRequest) -> KeypointMapping:
    return blazeface_mappings()[request.param]


def test_the_box_of_a_frontal_face_reaches_from_brows_to_chin(mapping: KeypointMapping) -> None:
    box = mapping.apply(FACE, 0.7)
    assert box.centre[0] == pytest.approx(100.0, abs=1.0)
    assert 60 < box.y0 < 85
    assert 170 < box.y1 < 205
    assert box.width == pytest.approx(box.height)
    assert (box.score, box.roll) == (0.7, 0.0)


def test_the_box_moves_grows_and_turns_with_the_face(mapping: KeypointMapping) -> None:
    before = mapping.apply(FACE)
    turned = 2.5 * FACE @ upright_axes(30.0) + [40.0, -7.0]
    after = mapping.apply(turned)
    assert after.roll == pytest.approx(30.0)
    assert after.side == pytest.approx(2.5 * before.side)
    centre = 2.5 * np.array(before.centre) @ upright_axes(30.0) + [40.0, -7.0]
    assert after.centre == pytest.approx(centre)


def test_a_mirrored_face_has_the_mirrored_box(mapping: KeypointMapping) -> None:
    aside = FACE + np.random.default_rng(0).normal(0, 8, FACE.shape)
    box, other = mapping.apply(aside), mapping.apply((aside * [-1.0, 1.0])[MIRRORED])
    assert other.centre == pytest.approx((-box.centre[0], box.centre[1]), abs=0.05)
    assert other.side == pytest.approx(box.side, rel=1e-3)
    assert other.roll == pytest.approx(-box.roll)


def test_keypoints_in_one_place_have_a_box_without_size() -> None:
    box = blazeface_mappings()["short"].apply(np.full((6, 2), 5.0))
    assert box.side < 1
    assert box.centre == pytest.approx((5.0, 5.0), abs=0.1)


def test_a_constellation_is_upright_and_of_one_size() -> None:
    one = Constellation.of(FACE)
    other = Constellation.of(3.0 * FACE @ upright_axes(-20.0) + 11.0)
    assert other.places == pytest.approx(one.places)
    assert other.roll == pytest.approx(-20.0)
    assert other.spread == pytest.approx(3.0 * one.spread)
    assert one.numbers().shape == (13,)
