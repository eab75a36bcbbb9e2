"""Labels beside predictions, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from app.capture.clip import ClipSource
from app.core.face import Box, Face
from app.core.frame import Frame
from app.core.layout import IBUG68, KEYPOINTS15, point_map
from app.core.resources import asset
from app.evaluate.find import open_labelled_clip
from app.evaluate.truth import ClipTruth


@pytest.fixture(scope="module")
def truth() -> ClipTruth:
    return ClipTruth(open_labelled_clip(asset("demo.mp4")))


@pytest.fixture(scope="module")
def first() -> Frame:
    with ClipSource(asset("demo.mp4")) as source:
        return next(iter(source))


def face(points: np.ndarray) -> Face:
    points = points.astype(np.float32)
    return Face(1, Box.around(points), points, IBUG68, None, 1.0, points)


def test_a_prediction_finds_its_label_and_its_error(truth: ClipTruth, first: Frame) -> None:
    labels = truth.clip.labels
    distance = IBUG68.eye_distance(labels.points[0])
    guess = face(labels.points[0] + (0.1 * distance, 0.0))
    (pair,) = truth.pairs(first, [guess])
    assert np.array_equal(pair.guess, guess.points)
    assert np.array_equal(pair.truth, labels.points[0])
    assert pair.error == pytest.approx(0.1, rel=1e-4)


def test_missed_and_false_faces_have_no_partner(truth: ClipTruth, first: Frame) -> None:
    far = face(truth.clip.labels.points[0] * 0.2)
    missed, wrong = truth.pairs(first, [far])
    assert (missed.guess, wrong.truth) == (None, None)
    assert np.array_equal(wrong.guess, far.points)
    assert np.isnan(missed.error)


def test_frames_of_another_clip_have_no_labels(truth: ClipTruth, first: Frame) -> None:
    small = Frame(first.image[:100], 0, 0, 0, first.source)
    other = Frame(first.image, 0, 0, 0, "other.mp4")
    late = Frame(first.image, 0, 0, 600, first.source)
    assert [truth.pairs(frame, []) for frame in (small, other, late)] == [None] * 3


def test_a_model_of_fifteen_points_is_measured_on_them(truth: ClipTruth, first: Frame) -> None:
    points = point_map(IBUG68, KEYPOINTS15)(truth.clip.labels.points[0])
    guess = Face(1, Box.around(points), points, KEYPOINTS15, None, 1.0, points)
    (pair,) = truth.pairs(first, [guess])
    assert pair.truth.shape == (15, 2)
    assert pair.error == pytest.approx(0.0, abs=1e-5)
