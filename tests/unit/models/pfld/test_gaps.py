from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.pfld import gaps  # noqa: E402
from models.pfld.gaps import widen_gaps  # noqa: E402
from models.training.mesh_map import GAPS, gap_line  # noqa: E402

pytestmark = pytest.mark.torch

FACES, FEATURES = 60, 12
SLOPES, INTERCEPTS = (0.75, 0.88), (0.03, -0.02)


class Linear(torch.nn.Module):
    """A network whose crops are its features; `direct` is the way past them."""

    def __init__(self, points: torch.nn.Linear, direct: torch.nn.Linear | None) -> None:
        super().__init__()
        self.points = points
        self.direct = None if direct is None else SimpleNamespace(points=direct)

    def say(self, features: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            seen = torch.from_numpy(features)
            found = self.points(seen)
            if self.direct is not None:
                found = found + self.direct.points(seen)
        return found.unflatten(1, (68, 2)).numpy()


def damped(points: np.ndarray, unit: float) -> np.ndarray:
    """Points whose gaps follow a line: less than is there, as of a network that predicts a mean."""
    seen = points.copy()
    for pairs, slope, intercept in zip(GAPS, SLOPES, INTERCEPTS, strict=True):
        for upper, lower in pairs:
            middle, way = (
                (points[:, upper] + points[:, lower]) / 2,
                points[:, lower] - points[:, upper],
            )
            half = (slope * way + [0.0, intercept * unit]) / 2
            seen[:, upper], seen[:, lower] = middle - half, middle + half
    return seen


@pytest.fixture
def truth_of() -> tuple:
    """(68 * 2, FEATURES) and (136,): true points are a linear function of the features."""
    rng = np.random.default_rng(0)
    shape = rng.uniform(0.1, 0.9, (68, 2))
    shape[36], shape[45] = (0.3, 0.4), (0.7, 0.4)
    weights = np.zeros((68, 2, FEATURES))
    weights[..., 0] = rng.normal(0, 0.01, (68, 1))
    weights[[36, 45]] = 0.0  # the eyes are as far apart on every face
    for upper, lower in (pair for pairs in GAPS for pair in pairs):
        shape[lower] = shape[upper] + [0.0, 0.1]
        weights[upper] = weights[lower] = 0.0
        weights[lower, 1, 1:] = 0.03 * rng.dirichlet(np.ones(FEATURES - 1))
    return weights.reshape(136, FEATURES), shape.ravel()


@pytest.mark.parametrize("direct", [False, True], ids=["features", "and past them"])
def test_damped_gaps_come_out_as_wide_as_people_mark_them(
    truth_of: tuple, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, shape = truth_of
    features = np.random.default_rng(1).uniform(-1, 1, (FACES, FEATURES)).astype(np.float32)
    truth = (features @ weights.T + shape).reshape(FACES, 68, 2).astype(np.float32)
    # The same line on the weights, whose gaps have no offset, and on the offset.
    wide = damped(truth, 0.4)
    rows = np.linalg.lstsq(np.c_[features, np.ones(FACES)], wide.reshape(FACES, -1), rcond=None)[0]
    layer = torch.nn.Linear(FEATURES, 136)
    past = torch.nn.Linear(FEATURES, 136, bias=False) if direct else None
    with torch.no_grad():
        share = 0.4 if past is not None else 0.0
        found = torch.from_numpy(rows.T).float()
        layer.weight.copy_((1 - share) * found[:, :-1])
        layer.bias.copy_(found[:, -1])
        if past is not None:
            past.weight.copy_(share * found[:, :-1])
    network = Linear(layer, past)
    before = network.say(features)
    hand = np.arange(FACES) % 3 > 0  # faces that people did not check say something else
    shown = truth.copy()
    shown[~hand] += 0.3
    monkeypatch.setattr(
        gaps.Faces, "of", lambda *_: SimpleNamespace(rows=np.arange(FACES)), raising=True
    )
    monkeypatch.setattr(gaps, "plain_crops", lambda *_: (features, shown))
    monkeypatch.setattr(gaps, "predict", lambda one, images, _: one.say(images))
    recipe, labels = SimpleNamespace(crop=None), SimpleNamespace(hand=hand)
    lines = widen_gaps(network, recipe, labels, None)
    after = network.say(features)
    for pairs, found, slope, intercept in zip(GAPS, lines, SLOPES, INTERCEPTS, strict=True):
        assert found == pytest.approx((slope, intercept), abs=1e-3)
        assert gap_line(after, truth, pairs) == pytest.approx((1, 0), abs=1e-3)
        for upper, lower in pairs:  # the middle of each gap stays where it was
            for one, other in ((before, after),):
                middles = (one[:, upper] + one[:, lower], other[:, upper] + other[:, lower])
                assert middles[0] == pytest.approx(middles[1], abs=1e-4)
    others = [i for i in range(68) if not any(i in pair for pairs in GAPS for pair in pairs)]
    assert np.array_equal(before[:, others], after[:, others])
