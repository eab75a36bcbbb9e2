from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from models.pfld.network import Pfld  # noqa: E402
from models.training.blendshapes import BLENDSHAPES  # noqa: E402
from models.training.mapping import FACE_VERTICES  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402
from models.training.visibility import PARTS  # noqa: E402

pytestmark = pytest.mark.torch

FOLDER = Path(__file__).parents[4] / "models" / "pfld"
FOLDERS = FOLDER, FOLDER / "gpu", FOLDER / "ablations" / "bases"
RECIPES = sorted(path for folder in FOLDERS for path in folder.glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_recipe_builds_a_network_of_its_shapes(path: Path) -> None:
    recipe = Recipe.load(path)
    network = Pfld(recipe.network)
    crops = torch.zeros(2, 3, recipe.crop.size, recipe.crop.size)
    prediction = network.train()(crops)
    assert prediction.points.shape == (2, 136)
    assert prediction.trust.shape == (2, 1)
    assert prediction.pose.shape == (2, 3)
    if recipe.network.pose_stage is None:
        assert prediction.auxiliary_pose is None
    else:
        assert prediction.auxiliary_pose.shape == (2, 3)
    assert prediction.mesh.shape == (2, 2 * FACE_VERTICES)
    assert prediction.visibility.shape == (2, len(PARTS))
    assert prediction.expression.shape == (2, len(BLENDSHAPES))


def test_auxiliary_outputs_exist_in_training_alone() -> None:
    recipe = Recipe.load(FOLDER / "gpu" / "0.25x.toml")
    network = Pfld(recipe.network).eval()
    size = recipe.crop.size
    with torch.inference_mode():
        prediction = network(torch.zeros(1, 3, size, size))
    assert prediction.auxiliary_pose is None
    assert prediction.mesh is None
    assert prediction.pose.shape == (1, 3)


def test_the_head_reads_three_scales() -> None:
    recipe = Recipe.load(RECIPES[0])
    network = Pfld(recipe.network)
    stages = recipe.network.stages
    scales = [stages[-2].channels, stages[-1].channels, recipe.network.scale3]
    assert network.points.in_features == sum(scales)


def test_a_direct_way_begins_as_nothing_and_then_tells_points_what_no_feature_holds() -> None:
    recipe = Recipe.load(FOLDER / "0.25x.toml")
    plain, wide = (Pfld(replace(recipe.network, direct=rank)) for rank in (0, 4))
    wide.load_state_dict(plain.state_dict(), strict=False)
    crops = torch.rand(2, 3, recipe.crop.size, recipe.crop.size)
    before = plain.train()(crops)
    assert torch.equal(wide.train()(crops).points, before.points)
    wide(crops).points.square().sum().backward()
    assert wide.direct.points.weight.grad.abs().sum() > 0
    # The features alone: what reaches the points past them, they do not hold.
    with torch.no_grad():
        wide.direct.points.weight.fill_(1.0)
    after = wide(crops)
    assert not torch.equal(after.points, before.points)
    assert torch.equal(after.pose, before.pose)


def test_channels_suit_int8_kernels() -> None:
    for path in RECIPES:
        for stage in Recipe.load(path).network.stages:
            assert stage.channels % 16 == 0
