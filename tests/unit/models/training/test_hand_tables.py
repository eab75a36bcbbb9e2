from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from app.core.layout import IBUG68, KEYPOINTS15, point_map  # noqa: E402
from app.evaluate.attributes import ATTRIBUTES  # noqa: E402
from models.training.labels import Labels  # noqa: E402
from models.training.mesh_map import GAPS  # noqa: E402
from models.training.report import Hand, _against_people, _error_rows, _hand_rows  # noqa: E402

pytestmark = pytest.mark.torch


def with_hand(labels: Labels) -> Labels:
    """The labels of drawn faces, of which people checked every other one."""
    fields = {name: getattr(labels, name) for name in Labels.__slots__}
    return Labels(**{**fields, "hand": np.arange(len(labels)) % 2 == 0})


def test_only_faces_that_people_checked_are_measured_against_people(drawn_labels: Labels) -> None:
    labels = with_hand(drawn_labels)
    rows = np.arange(len(labels))
    points = labels.points.copy()
    points[~labels.hand] += 50
    eyes = np.linalg.norm(points[:, 45] - points[:, 36], axis=1)
    points[:, :17, 0] += 0.05 * eyes[:, None]
    found = _against_people(points, labels, rows, IBUG68)
    assert found.by_group["jaw"] == pytest.approx(0.05, rel=1e-3)
    assert found.by_group["inner_lips"] == pytest.approx(0, abs=1e-6)
    assert found.core == pytest.approx(0, abs=1e-6)
    assert (found.lids, found.lips) == pytest.approx((1, 1), abs=1e-4)


def test_damped_lids_show_in_their_slope(drawn_labels: Labels) -> None:
    labels = with_hand(drawn_labels)
    truth, points = labels.points, labels.points.copy()
    for upper, lower in GAPS[0]:
        middle = (truth[:, upper] + truth[:, lower]) / 2
        for k in (upper, lower):
            points[:, k] = middle + 0.7 * (truth[:, k] - middle)
    found = _against_people(points, labels, np.arange(len(labels)), IBUG68)
    assert (found.lids, found.lips) == pytest.approx((0.7, 1.0), abs=1e-3)


def test_a_model_without_lids_has_no_slopes(drawn_labels: Labels) -> None:
    labels = with_hand(drawn_labels)
    points = point_map(IBUG68, KEYPOINTS15)(labels.points)
    found = _against_people(points, labels, np.arange(len(labels)), KEYPOINTS15)
    assert np.isnan([found.lids, found.lips]).all()
    assert set(found.by_group) == set(KEYPOINTS15.groups)


def measured(faces: np.ndarray, hand: Hand, precision: str) -> SimpleNamespace:
    card = SimpleNamespace(name="pfld-0.5x", family="pfld", precision=precision)
    return SimpleNamespace(model=SimpleNamespace(card=card), faces=faces, hand=hand)


def test_the_table_of_people_has_a_row_of_each_group_and_slope() -> None:
    groups = {"jaw": 0.05, "left_eye": 0.02}
    one = measured(np.zeros(2), Hand(0.021, groups, 0.92, 0.97), "fp32")
    other = measured(np.zeros(2), Hand(0.022, groups, float("nan"), float("nan")), "int8")
    lines = _hand_rows([one, other])
    assert "| | fp32 | int8 |" in lines
    assert "| jaw | 5.00 | 5.00 |" in lines
    assert "| left eye | 2.00 | 2.00 |" in lines
    assert "| core, each point's offset removed | 2.10 | 2.20 |" in lines
    assert "| slope of lids | 0.92 | – |" in lines
    assert "| slope of lips | 0.97 | – |" in lines


def test_errors_are_told_of_the_faces_that_are_asked_for() -> None:
    flags = np.zeros((4, len(ATTRIBUTES)), bool)
    flags[:2, 0] = True
    errors = np.array([0.02, 0.1, 0.03, 0.5])
    one = measured(errors, Hand(0.0, {}, 1.0, 1.0), "fp32")
    lines = _error_rows("head", [one], flags, np.array([True, True, True, False]))
    assert lines[:3] == ["head", "| all | 3 | 5.00 |", f"| {ATTRIBUTES[0]} | 2 | 6.00 |"]
    assert f"| {ATTRIBUTES[1]} | 0 | – |" in lines
    assert lines[-1] == "| failures, NME > 8% | 3 | 33.33 % |"
