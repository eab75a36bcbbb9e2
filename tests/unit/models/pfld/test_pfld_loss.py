import numpy as np
import pytest

torch = pytest.importorskip("torch")

from app.core.face import HeadPose  # noqa: E402
from app.core.rotation import matrix_to_pose, pose_to_matrix  # noqa: E402
from app.evaluate.attributes import attribute_flags  # noqa: E402
from models.pfld.loss import (  # noqa: E402
    LossRecipe,
    PfldLoss,
    angle_error,
    angles_of,
    class_weights,
    point_distance,
    pose_term,
    seed_loss,
)
from models.pfld.network import Prediction  # noqa: E402
from models.training.batches import Batch  # noqa: E402

pytestmark = pytest.mark.torch

FACES = 16


def attributes(count: int = FACES) -> np.ndarray:
    rng = np.random.default_rng(0)
    yaw, pitch = rng.normal(0, 18, count), rng.normal(0, 10, count)
    yaw[0], pitch[1], pitch[2] = 40, 20, -20  # no class stays empty
    chance = rng.random((2, count)) < 0.3
    return attribute_flags(yaw, pitch, expression=chance[0], occluded=chance[1])


def batch_and_prediction() -> tuple:
    torch.manual_seed(0)
    truth = torch.rand(FACES, 68, 2)
    rotations = torch.from_numpy(
        np.stack([pose_to_matrix(HeadPose(5.0 * i - 40, 2.0 * i - 16, i)) for i in range(FACES)])
    ).float()
    batch = Batch(
        images=torch.zeros(FACES, 3, 1, 1, dtype=torch.uint8),
        points=truth,
        meshes=torch.rand(FACES, 468, 2),
        counts=torch.ones(FACES, 68, dtype=torch.bool),
        eye_distance=torch.full((FACES,), 0.4),
        rotations=rotations,
        attributes=torch.from_numpy(attributes()),
        positive=torch.ones(FACES, dtype=torch.bool),
        truth=torch.ones(FACES, 68, dtype=torch.bool),
        visible=torch.ones(FACES, 3),
        blendshapes=torch.rand(FACES, 52),
    )
    prediction = Prediction(
        points=torch.rand(FACES, 136, requires_grad=True),
        trust=torch.zeros(FACES, 1),
        pose=torch.randn(FACES, 3, requires_grad=True),
        auxiliary_pose=torch.randn(FACES, 3, requires_grad=True),
        mesh=torch.rand(FACES, 936, requires_grad=True),
        visibility=torch.randn(FACES, 3, requires_grad=True),
        expression=torch.rand(FACES, 52, requires_grad=True),
    )
    return batch, prediction


def test_switched_off_the_seed_loss_is_plain_l2() -> None:
    batch, prediction = batch_and_prediction()
    recipe = LossRecipe(
        form="seed", classes=False, pose=False, trust_share=0.0, head_pose_share=0.0
    )
    loss = PfldLoss(recipe, attributes())(prediction, batch)
    l2 = ((prediction.points.view(FACES, 68, 2) - batch.points) ** 2).sum(dim=(1, 2)).mean()
    assert float(loss.detach()) == pytest.approx(float(l2.detach()), rel=1e-6)


def test_the_seed_loss_is_the_formula_of_the_seed() -> None:
    batch, prediction = batch_and_prediction()
    flags = attributes()
    recipe = LossRecipe(form="seed", trust_share=0.0, head_pose_share=0.0)
    loss = PfldLoss(recipe, flags)(prediction, batch)
    shares = flags.mean(axis=0)
    expected = 0.0
    for n in range(FACES):
        pose = matrix_to_pose(batch.rotations[n].double().numpy())
        true = np.radians([pose.yaw, pose.pitch, pose.roll])
        deviation = (1 - np.cos(prediction.auxiliary_pose[n].detach().numpy() - true)).sum()
        gamma = (flags[n] / shares).sum() * deviation
        offset = prediction.points[n].detach().view(68, 2) - batch.points[n]
        expected += gamma * float((offset**2).sum())
    assert float(loss.detach()) == pytest.approx(expected / FACES, rel=1e-4)


def test_every_face_weighs_something_and_rare_ones_more() -> None:
    flags = attributes(400)
    weights = flags @ class_weights(flags)
    assert (weights >= 1).all()
    only_frontal = flags[:, 1] & (flags.sum(axis=1) == 1)
    assert weights[flags[:, 0]].min() > weights[only_frontal].max()


def test_a_face_without_a_class_is_refused() -> None:
    flags = attributes()
    flags[3] = False
    with pytest.raises(ValueError, match="weight 0"):
        class_weights(flags)


@pytest.mark.parametrize("form", ["seed", "practical"])
def test_points_that_do_not_count_give_no_gradient(form: str) -> None:
    batch, prediction = batch_and_prediction()
    batch.counts[:, 8] = False
    batch.counts[2] = False
    PfldLoss(LossRecipe(form=form), attributes())(prediction, batch).backward()
    gradient = prediction.points.grad.view(FACES, 68, 2)
    assert not gradient[:, 8].any()
    assert not gradient[2].any()
    assert gradient[0, 9].any()


def test_the_practical_weights_have_a_mean_of_one_and_a_floor() -> None:
    batch, prediction = batch_and_prediction()
    flags = attributes()
    loss = PfldLoss(LossRecipe(pose=False), flags)
    classes = torch.from_numpy(flags @ class_weights(flags))
    weights = classes**0.5 / loss._usual
    assert float(weights.mean()) == pytest.approx(1.0, rel=1e-5)
    # A pose estimated without error leaves every face its class weight.
    assert float(pose_term(angles_of(batch.rotations), angles_of(batch.rotations)).max()) == 0
    perfect = prediction._replace(auxiliary_pose=angles_of(batch.rotations))
    with_pose = PfldLoss(LossRecipe(pose_share=0.0), flags)(perfect, batch)
    without = PfldLoss(LossRecipe(pose=False, pose_share=0.0), flags)(perfect, batch)
    assert float(with_pose.detach()) == pytest.approx(float(without.detach()))


def test_where_most_points_are_guesses_pose_and_mesh_are_not_learned() -> None:
    batch, prediction = batch_and_prediction()
    batch.counts[2, 20:] = False
    recipe = LossRecipe(mesh_share=0.1, head_pose_share=0.1)
    PfldLoss(recipe, attributes())(prediction, batch).backward()
    for output in (prediction.pose, prediction.mesh):
        assert not output.grad[2].any()
        assert output.grad[3].any()


def test_what_is_not_known_of_parts_and_expression_teaches_nothing() -> None:
    batch, prediction = batch_and_prediction()
    batch.visible[2, 1] = np.nan
    batch.blendshapes[3] = np.nan
    recipe = LossRecipe(visibility_share=0.1, expression_share=0.1)
    loss = PfldLoss(recipe, attributes())(prediction, batch)
    loss.backward()
    assert torch.isfinite(loss)
    seen, told = prediction.visibility.grad, prediction.expression.grad
    assert torch.isfinite(seen).all()
    assert torch.isfinite(told).all()
    assert (seen == 0).nonzero().tolist() == [[2, 1]]
    assert not told[3].any()
    assert told[2].any()


def test_trust_is_taught_how_far_the_points_are_off_and_does_not_move_them() -> None:
    batch, prediction = batch_and_prediction()
    right = batch.points.flatten(1).clone().requires_grad_()
    trust = torch.zeros(FACES, 1, requires_grad=True)
    one = prediction._replace(points=right, trust=trust)
    recipe = LossRecipe(form="seed", classes=False, pose=False, head_pose_share=0.0)
    PfldLoss(recipe, attributes())(one, batch).backward()
    assert (trust.grad < 0).all()  # upwards: the points lie where they should
    assert not right.grad.any()
    trust.grad = None
    away = right.detach() + 0.1
    PfldLoss(recipe, attributes())(one._replace(points=away), batch).backward()
    assert (trust.grad > 0).all()


def test_angles_that_differ_by_a_turn_are_equal() -> None:
    true = torch.tensor([[0.1, -0.2, 3.1]])
    assert float(angle_error(true + 2 * torch.pi, true)) == pytest.approx(0, abs=1e-5)
    assert float(angle_error(true + torch.tensor([0.3, 0.0, 0.0]), true)) == pytest.approx(0.1)


def test_the_angles_are_those_of_the_program() -> None:
    for pose in (HeadPose(33, -12, 7), HeadPose(-60, 25, -40)):
        rotation = torch.from_numpy(pose_to_matrix(pose))[None]
        found = torch.rad2deg(angles_of(rotation))[0].tolist()
        assert found == pytest.approx([pose.yaw, pose.pitch, pose.roll], abs=1e-4)


def test_wing_is_steep_near_zero_and_continuous() -> None:
    recipe = LossRecipe(distance="wing", wing_width=0.1, wing_curve=0.02)
    sizes = torch.tensor([0.0, 0.001, 0.0999999, 0.1000001, 0.2, 0.3])
    offset = torch.stack([sizes, torch.zeros_like(sizes)], dim=1)[:, None]
    value = point_distance(offset, recipe)[:, 0].tolist()
    assert value[0] == 0
    assert (value[1] - value[0]) / 0.001 == pytest.approx(5, rel=0.05)
    assert value[2] == pytest.approx(value[3], abs=1e-5)
    assert value[5] - value[4] == pytest.approx(0.1, rel=1e-4)


def test_an_eye_drawn_open_that_is_shut_costs_more_than_a_shifted_one() -> None:
    batch, prediction = batch_and_prediction()
    upper, lower = [37, 38], [41, 40]
    shifted, opened = batch.points.clone(), batch.points.clone()
    shifted[:, upper + lower, 1] += 0.02
    opened[:, upper, 1] -= 0.02
    opened[:, lower, 1] += 0.02
    for share, dearer in ((0.0, False), (0.5, True)):
        loss = PfldLoss(LossRecipe(pose=False, opening_share=share), attributes())
        costs = [
            float(loss(prediction._replace(points=points.flatten(1)), batch).detach())
            for points in (shifted, opened)
        ]
        assert (costs[1] > 1.01 * costs[0]) == dearer


def test_with_ones_as_weights_the_loss_is_the_mean_squared_length() -> None:
    points, truth = torch.zeros(2, 68, 2), torch.zeros(2, 68, 2)
    points[0, 0] = torch.tensor([3.0, 4.0])
    counts = torch.ones(2, 68, dtype=torch.bool)
    assert float(seed_loss(points, truth, counts, torch.ones(2))) == pytest.approx(12.5)
