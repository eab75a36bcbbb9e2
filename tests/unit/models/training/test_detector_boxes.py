import numpy as np
import pytest

from app.core.face import Box
from models.training.detector_boxes import CANVAS, measure_map, on_canvas
from models.training.labels import Labels


def test_the_map_of_a_detector_is_found_through_its_noise(drawn_labels: Labels) -> None:
    rng = np.random.default_rng(0)
    found = []
    for row in list(range(len(drawn_labels))) * 20:
        truth = Box.around(drawn_labels.points[row])
        native = truth.side / 0.9 * np.exp(rng.normal(0, 0.05))
        # The face lies 0.1 of the native side below the detector's centre.
        cx, cy = np.array(truth.centre) - np.array([0.0, 0.1]) * native
        found.append((row, Box(cx - native / 2, cy - native / 2, cx + native / 2, cy + native / 2)))
    box_map = measure_map(found, drawn_labels, 2 * len(found))
    assert box_map.scale == pytest.approx(0.9, rel=0.02)
    assert (box_map.dx, box_map.dy) == pytest.approx((0.0, 0.1), abs=1e-6)
    assert box_map.scale_std == pytest.approx(0.05, rel=0.15)
    assert box_map.shift_std == pytest.approx(0.0, abs=1e-6)
    assert box_map.found == 0.5
    row, native_box = found[0]
    truth = Box.around(drawn_labels.points[row])
    mapped = box_map.face_box(native_box)
    assert mapped.centre == pytest.approx(truth.centre, abs=1e-3)
    assert mapped.side == pytest.approx(truth.side, rel=0.2)


def test_a_face_on_the_canvas_has_the_share_that_was_asked_for() -> None:
    image = np.zeros((100, 80, 3), np.uint8)
    image[40:60, 30:50] = 255
    frame, zoom, left, top = on_canvas(image, Box(29.5, 39.5, 49.5, 59.5), 0.25)
    assert frame.shape == (CANVAS, CANVAS, 3)
    assert zoom * 20 == pytest.approx(0.25 * CANVAS)
    assert (zoom * 39.5 + left, zoom * 49.5 + top) == pytest.approx((CANVAS / 2, CANVAS / 2))
    assert (frame[..., 0] > 127).sum() == pytest.approx((0.25 * CANVAS) ** 2, rel=0.02)
