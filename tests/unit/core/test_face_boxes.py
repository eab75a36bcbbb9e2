"""The face box that detectors' boxes and keypoints stand for."""

from pathlib import Path

import numpy as np
import pytest

from app.core.errors import PfldLiveError
from app.core.face import Box
from app.core.face_boxes import (
    BLAZEFACE_FULL,
    BoxMapping,
    Constellation,
    KeypointMapping,
    _short_range,
    blazeface_box,
)
from app.core.geometry import upright_axes

MIRRORED = [1, 0, 2, 3, 5, 4]
FACE = np.array(
    [[70.0, 90.0], [130.0, 90.0], [100.0, 125.0], [100.0, 155.0], [40.0, 100.0], [160.0, 100.0]]
)
"""Eyes, nose, mouth and ears of a face that looks straight ahead."""


@pytest.fixture
def mapping() -> KeypointMapping:
    return _short_range()


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


def test_keypoints_in_one_place_have_a_box_without_size(mapping: KeypointMapping) -> None:
    box = mapping.apply(np.full((6, 2), 5.0))
    assert box.side < 1
    assert box.centre == pytest.approx((5.0, 5.0), abs=0.1)


def test_a_constellation_is_upright_and_of_one_size() -> None:
    one = Constellation.of(FACE)
    other = Constellation.of(3.0 * FACE @ upright_axes(-20.0) + 11.0)
    assert other.places == pytest.approx(one.places)
    assert other.roll == pytest.approx(-20.0)
    assert other.spread == pytest.approx(3.0 * one.spread)
    assert one.numbers().shape == (13,)


def test_a_square_is_mapped_along_the_tilt_of_the_face() -> None:
    mapping = BoxMapping(scale=0.5, dx=0.0, dy=0.25)
    box = mapping.apply(Box(0, 0, 40, 40, 0.6, roll=90.0))
    # What is down for the face lies to the left in the picture.
    assert box.centre == pytest.approx((10.0, 20.0))
    assert (box.side, box.score, box.roll) == (20.0, 0.6, 90.0)


def test_near_faces_are_framed_by_their_keypoints_and_far_ones_by_their_square(
    mapping: KeypointMapping,
) -> None:
    square = Box(45, 75, 155, 185, 0.8)
    tilted = FACE @ upright_axes(10.0)
    assert blazeface_box("short", square, tilted) == mapping.apply(tilted, 0.8)
    far = blazeface_box("full", square, tilted)
    assert far.side == pytest.approx(BLAZEFACE_FULL.scale * square.side)
    assert (far.score, far.roll) == (0.8, pytest.approx(10.0))


@pytest.mark.parametrize("text", [None, "{", '{"weights": [[1, 2, 3]]}'])
def test_a_broken_file_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    file = tmp_path / "boxes.json"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr("app.core.face_boxes.asset", lambda _name: file)
    with pytest.raises(PfldLiveError, match=r"install PFLD Live again|not \(13, 3\)"):
        _short_range.__wrapped__()
