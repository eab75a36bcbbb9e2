import cv2
import numpy as np
import pytest

from app.core.face import Box
from app.core.face_boxes import BLAZEFACE, HAAR
from app.core.geometry import upright_axes
from app.core.resources import asset
from app.vision.blazeface import BlazeFaceDetector
from models.training.crops import true_box
from models.training.detector_boxes import (
    CANVAS,
    Detection,
    detectors,
    fit_square,
    measure_framing,
    on_canvas,
    program_box,
)
from models.training.labels import Labels

Found = list[tuple[int, Detection]]


def keypoints_of(points: np.ndarray) -> np.ndarray:
    """Eyes, nose tip, mouth and the ends of the jaw."""
    eyes = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    return np.stack([*eyes, points[30], points[48:60].mean(axis=0), points[0], points[16]])


@pytest.fixture
def found(drawn_labels: Labels) -> Found:
    rng = np.random.default_rng(0)
    faces = []
    for row in list(range(len(drawn_labels))) * 20:
        points = drawn_labels.points[row].astype(np.float64)
        truth = Box.around(points)
        native = truth.side / 0.9 * np.exp(rng.normal(0, 0.05))
        # The face lies 0.1 of the native side below the detector's centre.
        cx, cy = np.array(truth.centre) - np.array([0.0, 0.1]) * native
        square = Box(cx - native / 2, cy - native / 2, cx + native / 2, cy + native / 2)
        noise = rng.normal(0, 0.01 * truth.side, (6, 2))
        faces.append((row, Detection(square, keypoints_of(points) + noise)))
    return faces


def test_the_mapping_of_squares_is_found_through_their_noise(
    drawn_labels: Labels, found: Found
) -> None:
    mapping = fit_square(found, drawn_labels)
    assert mapping.scale == pytest.approx(0.9, rel=0.02)
    assert (mapping.dx, mapping.dy) == pytest.approx((0.0, 0.1), abs=1e-6)


def test_what_boxes_are_off_by_is_told_whether_always_or_at_random(drawn_labels: Labels) -> None:
    rng = np.random.default_rng(2)
    boxes, lower = [], []
    for row in list(range(len(drawn_labels))) * 40:
        truth = true_box(drawn_labels.points[row])
        way = upright_axes(truth.roll).T @ rng.normal(0, 0.03 * truth.side, 2)
        cx, cy = truth.centre + way
        half = truth.side / 2 * np.exp(rng.normal(0, 0.06))
        roll = truth.roll + rng.normal(0, 4.0)
        box = Box(cx - half, cy - half, cx + half, cy + half, roll=roll)
        down = 0.1 * truth.side * upright_axes(truth.roll)[1]
        boxes.append((row, box))
        lower.append((row, box.moved(*down)))
    spread = measure_framing(boxes, drawn_labels, len(boxes))
    assert spread.scale == pytest.approx(0.06, rel=0.15)
    assert spread.shift == pytest.approx(0.03, rel=0.15)
    assert spread.roll == pytest.approx(4.0, rel=0.15)
    wrong = measure_framing(lower, drawn_labels, len(boxes))
    assert wrong.shift == pytest.approx(np.sqrt((0.03**2 + 0.03**2 + 0.1**2) / 2), rel=0.15)


def test_each_detector_has_a_step_of_its_own(found: Found) -> None:
    _, detection = found[0]
    square = detection.square.side
    short, full = (program_box(f"blazeface_{name}", detection) for name in ("short", "full"))
    assert short.side == pytest.approx(BLAZEFACE["short"].scale * square)
    assert full.side == pytest.approx(BLAZEFACE["full"].scale * square)
    assert short.roll == full.roll != 0.0
    haar = program_box("haar", detection._replace(keypoints=None))
    assert haar.side == pytest.approx(HAAR.scale * square)
    assert haar.roll == 0.0


def test_the_boxes_are_those_of_the_program() -> None:
    clip = cv2.VideoCapture(str(asset("demo.mp4")))
    _, frame = clip.read()
    clip.release()
    detector = BlazeFaceDetector()
    (box,) = detector.detect(frame, fresh=True)
    detector.close()
    (detection,) = detectors()["blazeface_short"](frame)
    same = program_box("blazeface_short", detection)
    assert same.centre == pytest.approx(box.centre, abs=1.0)
    assert same.side == pytest.approx(box.side, rel=0.02)


def test_a_face_on_the_canvas_has_the_share_that_was_asked_for() -> None:
    image = np.zeros((100, 80, 3), np.uint8)
    image[40:60, 30:50] = 255
    frame, zoom, left, top = on_canvas(image, Box(29.5, 39.5, 49.5, 59.5), 0.25)
    assert frame.shape == (CANVAS, CANVAS, 3)
    assert zoom * 20 == pytest.approx(0.25 * CANVAS)
    assert (zoom * 39.5 + left, zoom * 49.5 + top) == pytest.approx((CANVAS / 2, CANVAS / 2))
    assert (frame[..., 0] > 127).sum() == pytest.approx((0.25 * CANVAS) ** 2, rel=0.02)
