import pytest

torch = pytest.importorskip("torch")

from models.training.batches import Batch  # noqa: E402
from models.training.quality import SMALLEST_EYE_DISTANCE, quality  # noqa: E402

pytestmark = pytest.mark.torch


def batch_of(truth: torch.Tensor, known: torch.Tensor, eye_distance: float = 0.4) -> Batch:
    count = len(truth)
    return Batch(
        images=torch.zeros(count, 3, 1, 1, dtype=torch.uint8),
        points=truth,
        meshes=torch.zeros(count, 468, 2),
        counts=known,
        eye_distance=torch.full((count,), eye_distance),
        rotations=torch.eye(3).repeat(count, 1, 1),
        attributes=torch.zeros(count, 6, dtype=torch.bool),
        positive=known.any(dim=1),
        truth=known,
        visible=torch.ones(count, 3),
        blendshapes=torch.zeros(count, 52),
    )


@pytest.mark.parametrize(("off", "wanted"), [(0.0, 1), (0.05, 1), (0.08, 0.5), (0.11, 0), (0.5, 0)])
def test_belief_falls_to_a_half_at_the_limit_of_failure(off: float, wanted: float) -> None:
    torch.manual_seed(0)
    truth, known = torch.rand(2, 68, 2), torch.ones(2, 68, dtype=torch.bool)
    found = truth + torch.tensor([0.6, 0.8]) * off * 0.4
    assert quality(found, batch_of(truth, known)).tolist() == pytest.approx([wanted] * 2, abs=1e-3)


def test_an_answer_where_no_face_is_deserves_none() -> None:
    truth, known = torch.rand(2, 68, 2), torch.ones(2, 68, dtype=torch.bool)
    known[1] = False
    assert quality(truth, batch_of(truth, known)).tolist() == [1, 0]


def test_points_that_are_guesses_are_not_judged() -> None:
    truth, known = torch.rand(1, 68, 2), torch.ones(1, 68, dtype=torch.bool)
    known[0, :30] = False
    found = truth.clone()
    found[0, :30] += 0.5
    assert quality(found, batch_of(truth, known)).tolist() == [1]


def test_in_profile_an_error_is_not_magnified_without_end() -> None:
    truth, known = torch.rand(1, 68, 2), torch.ones(1, 68, dtype=torch.bool)
    found = truth + torch.tensor([0.08 * SMALLEST_EYE_DISTANCE, 0.0])
    narrow = batch_of(truth, known, eye_distance=0.01)
    assert quality(found, narrow).tolist() == pytest.approx([0.5], abs=1e-3)
