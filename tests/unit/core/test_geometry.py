import numpy as np
import pytest

from app._opencv import cv2
from app.core.face import Box
from app.core.geometry import crop_transform, face_box, points_from_unit, roll_of


def test_the_crop_spans_the_scaled_box() -> None:
    transform = crop_transform(Box(100, 200, 180, 300), scale=1.5, shift=0.0, size=112)
    corners = points_from_unit(np.array([[0, 0], [1, 1]], np.float32), transform, size=112)
    side = 150.0
    assert corners[0] == pytest.approx([140 - side / 2, 250 - side / 2], abs=1e-3)
    assert corners[1] == pytest.approx([140 + side / 2, 250 + side / 2], abs=1e-3)


def test_a_positive_shift_moves_the_crop_down() -> None:
    box = Box(0, 0, 100, 100)
    centre = np.array([[0.5, 0.5]], np.float32)
    still = points_from_unit(centre, crop_transform(box, scale=1.2, shift=0.0, size=64), size=64)
    moved = points_from_unit(centre, crop_transform(box, scale=1.2, shift=0.1, size=64), size=64)
    assert moved[0] - still[0] == pytest.approx([0, 10], abs=1e-3)


def test_a_bright_dot_is_found_back_where_it_was() -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    dot = (171, 93)
    cv2.circle(image, dot, 4, (255, 255, 255), -1)
    transform = crop_transform(Box(120, 50, 220, 150), scale=1.3, shift=0.05, size=112)
    crop = cv2.warpAffine(image, transform, (112, 112), flags=cv2.INTER_LINEAR)[:, :, 0]
    rows, columns = np.indices(crop.shape)
    weight = crop.astype(np.float64)
    seen = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
    unit = ((seen + 0.5) / 112)[None].astype(np.float32)
    assert points_from_unit(unit, transform, size=112)[0] == pytest.approx(dot, abs=0.1)


def test_an_empty_box_is_refused() -> None:
    with pytest.raises(ValueError, match="positive side"):
        crop_transform(Box(10, 10, 10, 10), scale=1.0, shift=0.0, size=112)


@pytest.mark.parametrize("roll", [-120.0, -30.0, 0.0, 20.0, 75.0])
def test_a_tilted_face_stands_upright_in_its_crop(roll: float) -> None:
    face = np.random.default_rng(2).uniform(-40, 40, (68, 2)) * [1, 1.3]
    angle = np.radians(roll)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = face @ turn.T + [300, 200]
    box = face_box(seen, roll=roll)
    low, high = face.min(axis=0), face.max(axis=0)
    assert (box.width, box.height) == pytest.approx(tuple(high - low))
    transform = crop_transform(box, scale=1.3, shift=0.1, size=112)
    crop = seen @ transform[:, :2].T + transform[:, 2]
    upright = crop_transform(face_box(face, roll=0.0), scale=1.3, shift=0.1, size=112)
    assert crop == pytest.approx(face @ upright[:, :2].T + upright[:, 2], abs=1e-6)
    unit = ((crop + 0.5) / 112).astype(np.float32)
    assert points_from_unit(unit, transform, size=112) == pytest.approx(seen, abs=1e-2)


def test_roll_is_clockwise_in_the_picture() -> None:
    assert roll_of(np.array([0, 0]), np.array([10, 10])) == pytest.approx(45)
    assert roll_of(np.array([0, 0]), np.array([10, -10])) == pytest.approx(-45)
