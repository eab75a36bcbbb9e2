import pytest

torch = pytest.importorskip("torch")

from models.training.batches import Batch  # noqa: E402
from models.training.families import Prediction  # noqa: E402
from models.training.point_loss import PointLoss, PointLossRecipe  # noqa: E402

pytestmark = pytest.mark.torch


def batch(points: torch.Tensor, counts: torch.Tensor) -> Batch:
    faces = len(points)
    return Batch(
        images=torch.zeros(faces, 1, 4, 4, dtype=torch.uint8),
        points=points,
        meshes=torch.zeros(faces, 468, 2),
        counts=counts,
        eye_distance=torch.ones(faces),
        rotations=torch.eye(3).expand(faces, 3, 3),
        attributes=torch.ones(faces, 6, dtype=torch.bool),
        positive=torch.tensor([True] + [False] * (faces - 1)),
        truth=counts,
        visible=torch.ones(faces, 3),
        blendshapes=torch.zeros(faces, 52),
    )


def test_symmetric_coordinates_make_the_error_of_seed_003() -> None:
    truth = torch.tensor([[[0.5, 0.5], [1.0, 0.0]]])
    predicted = torch.tensor([[0.1, 0.0, 1.0, -1.3]])
    loss = PointLoss(PointLossRecipe(distance="l2"), "symmetric")
    value = loss(Prediction(predicted), batch(truth, torch.ones(1, 2, dtype=torch.bool)))
    assert float(value) == pytest.approx((0.1**2 + 0.3**2) / 4)


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        ("l1", (0.05 + 0.25) / 2),
        ("l2", (0.05**2 + 0.25**2) / 2),
        ("smooth_l1", (0.5 * 0.05**2 / 0.1 + 0.25 - 0.05) / 2),
    ],
)
def test_each_distance_is_what_its_name_says(distance: str, expected: float) -> None:
    loss = PointLoss(PointLossRecipe(distance=distance, beta=0.1), "unit")
    counts = torch.ones(1, 1, dtype=torch.bool)
    value = loss(Prediction(torch.tensor([[0.05, -0.25]])), batch(torch.zeros(1, 1, 2), counts))
    assert float(value) == pytest.approx(expected)


def test_points_that_do_not_count_change_nothing_even_if_unknown() -> None:
    truth = torch.tensor([[[0.1, 0.1], [float("nan"), float("nan")]]])
    predicted = torch.zeros(1, 4, requires_grad=True)
    loss = PointLoss(PointLossRecipe(distance="l1"), "unit")
    value = loss(Prediction(predicted), batch(truth, torch.tensor([[True, False]])))
    value.backward()
    assert value.item() == pytest.approx(0.1)
    assert predicted.grad[0, 2:].tolist() == [0.0, 0.0]


def test_trust_is_taught_by_whether_the_crop_holds_a_face() -> None:
    truth, counts = torch.zeros(2, 1, 2), torch.zeros(2, 1, dtype=torch.bool)
    loss = PointLoss(PointLossRecipe(distance="l1", trust_share=0.5), "unit")
    right = loss(Prediction(torch.zeros(2, 2), torch.tensor([[9.0], [-9.0]])), batch(truth, counts))
    wrong = loss(Prediction(torch.zeros(2, 2), torch.tensor([[-9.0], [9.0]])), batch(truth, counts))
    assert float(right) < 1e-3
    assert float(wrong) == pytest.approx(4.5, abs=0.01)


def test_the_loss_of_points_alone_is_that_of_a_batch_without_trust() -> None:
    torch.manual_seed(0)
    truth, points = torch.rand(3, 15, 2), torch.rand(3, 15, 2)
    counts = torch.rand(3, 15) > 0.2
    loss = PointLoss(PointLossRecipe(distance="l2"), "symmetric")
    of_batch = loss(Prediction((2 * points - 1).flatten(1)), batch(truth, counts))
    assert float(loss.of_points(points, truth, counts)) == pytest.approx(float(of_batch))
