import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.training.blendshapes import BLENDSHAPES  # noqa: E402
from models.training.expression import (  # noqa: E402
    SMALLEST_CORRELATION,
    correlations,
    told_well,
)

pytestmark = pytest.mark.torch


def test_a_blendshape_that_is_not_told_well_is_left_out() -> None:
    found = dict.fromkeys(BLENDSHAPES, SMALLEST_CORRELATION)
    found |= {"jawOpen": 0.99, "cheekPuff": 0.59, "noseSneerLeft": -0.9, "_neutral": 0.0}
    told = told_well(found)
    assert set(BLENDSHAPES) - set(told) == {"cheekPuff", "noseSneerLeft", "_neutral"}
    assert told == [name for name in BLENDSHAPES if name in told]


def test_what_never_changes_correlates_with_nothing() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((200, 52))
    told = truth.copy()
    told[:, 1] = rng.random(200)
    told[:, 2] = 1 - truth[:, 2]
    truth[:, 3] = 0.25
    found = list(correlations(told, truth).values())
    assert found[0] == pytest.approx(1)
    assert abs(found[1]) < 0.3
    assert found[2] == pytest.approx(-1)
    assert found[3] == 0.0


def test_what_a_network_always_tells_alike_is_not_told_well() -> None:
    truth = np.random.default_rng(0).random((50, 52))
    told = truth.copy()
    told[:, 25] = 0.5
    found = correlations(told, truth)
    assert found["jawOpen"] == 0.0
    assert "jawOpen" not in told_well(found)
