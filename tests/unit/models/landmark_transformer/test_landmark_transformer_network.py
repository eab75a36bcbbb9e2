"""The numbers of seed 001: shapes of the four maps, 441 tokens of 512, an encoder of 4 layers, 8
heads and 2048, two numbers for each of 68 tokens.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from app.core.errors import SourceError  # noqa: E402
from models.landmark_transformer.network import LandmarkTransformer  # noqa: E402
from models.landmark_transformer.resnet import ResNet  # noqa: E402
from models.training.batches import Batch  # noqa: E402
from models.training.evaluation import ModelFile  # noqa: E402
from models.training.export import card_of, export  # noqa: E402
from models.training.learner import normalised  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.torch

FOLDER = Path(__file__).parents[4] / "models" / "landmark_transformer"
FAITHFUL = Recipe.load(FOLDER / "resnet101.toml")


def parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The threads of torch wait for each other by spinning, for minutes on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def faithful() -> LandmarkTransformer:
    torch.manual_seed(0)
    return LandmarkTransformer(FAITHFUL.network).eval()


def test_the_recipe_has_the_numbers_of_the_document() -> None:
    network, schedule = FAITHFUL.network, FAITHFUL.schedule
    assert (network.input_size, network.resnet, network.base) == (224, 101, 64)
    assert (network.tokens, network.width) == (441, 512)
    assert (network.layers, network.heads, network.feed_forward) == (4, 8, 2048)
    assert (network.dropout, network.selection) == (0.1, "position")
    assert FAITHFUL.loss.distance == "l1"
    # AdamW without decay is Adam.
    assert (schedule.learning_rate, schedule.batch_size, schedule.weight_decay) == (1e-4, 32, 0)


def test_the_four_maps_have_the_shapes_of_the_document(faithful: LandmarkTransformer) -> None:
    with torch.inference_mode():
        maps = faithful.resnet(torch.zeros(1, 3, 224, 224))
    shapes = [tuple(part.shape[1:]) for part in maps]
    assert shapes == [(64, 112, 112), (256, 56, 56), (512, 28, 28), (2048, 7, 7)]


def test_the_patches_hold_what_the_document_says(faithful: LandmarkTransformer) -> None:
    with torch.inference_mode():
        crop = torch.zeros(1, 3, 224, 224)
        inputs = [tokens.layers[0].in_features for tokens in faithful.tokens]
        parts = zip(faithful.tokens, faithful.resnet(crop), strict=True)
        counts = [tokens(part).shape[1] for tokens, part in parts]
        assert faithful.picture_tokens(crop).shape == (1, 441, 512)
    assert inputs == [1024, 1024, 2048, 2048]
    assert counts == [784 // 8, 784 // 8, 196, 49]


def test_a_token_is_the_maximum_of_its_patches(faithful: LandmarkTransformer) -> None:
    torch.manual_seed(0)
    tokens = faithful.tokens[0]
    part = torch.randn(1, 64, 112, 112)
    patch = part[0, :, 4:8, 8:12].reshape(-1)  # second row, third column
    with torch.inference_mode():
        alone = tokens.layers(patch)
        group = tokens(part)[0, (28 + 2) // 8]
    assert (group >= alone - 1e-4).all()
    assert (torch.isclose(group, alone, atol=1e-4)).any()


def test_positions_encoder_and_last_layer_have_the_parameters_of_the_document(
    faithful: LandmarkTransformer,
) -> None:
    layer = 4 * (512 * 512 + 512) + (512 + 1) * 2048 + (2048 + 1) * 512 + 4 * 512
    assert faithful.positions.shape == (441, 512)
    assert parameters(faithful.encoder) == 4 * layer == 12_609_536
    assert parameters(faithful.points) == 512 * 2 + 2


@pytest.mark.parametrize(
    ("depth", "count"), [(18, 11_176_512), (34, 21_284_672), (101, 42_500_160)]
)
def test_a_resnet_has_the_published_parameters_without_its_classifier(
    depth: int, count: int
) -> None:
    assert parameters(ResNet(depth)) == count


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_makes_68_points(path: Path) -> None:
    recipe = Recipe.load(path)
    size = recipe.crop.size
    with torch.inference_mode():
        prediction = recipe.build_network().eval()(torch.zeros(1, 3, size, size))
    assert prediction.points.shape == (1, 136)
    assert prediction.trust.shape == (1, 1)


def test_query_tokens_come_first_and_are_learned() -> None:
    recipe = Recipe.load(FOLDER / "small-queries.toml")
    network = LandmarkTransformer(recipe.network)
    assert network.queries.shape == (68, recipe.network.width)
    by_position = LandmarkTransformer(replace(recipe.network, selection="position"))
    assert parameters(network) - parameters(by_position) == 68 * recipe.network.width
    crops = torch.randn(2, 3, recipe.crop.size, recipe.crop.size)
    network(crops).points.sum().backward()
    assert (network.queries.grad.abs().sum(dim=1) > 0).all()


def test_an_input_that_does_not_split_into_tokens_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "small.toml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace("size = 96", "size = 112"), encoding="utf-8")
    with pytest.raises(SourceError, match="does not split into tokens"):
        Recipe.load(wrong)


@pytest.mark.parametrize("name", ["resnet101", "small-queries"])
def test_it_trains_a_step_and_runs_as_a_file(name: str, tmp_path: Path) -> None:
    recipe = Recipe.load(FOLDER / f"{name}.toml")
    torch.manual_seed(0)
    network = recipe.build_network().train()
    size = recipe.crop.size
    loss = recipe.build_loss(np.ones((1, 6), bool))
    optimiser = torch.optim.Adam(network.parameters(), lr=recipe.schedule.learning_rate)
    before = network.points.weight.detach().clone()
    batch = Batch(
        images=torch.randint(0, 256, (1, 3, size, size), dtype=torch.uint8),
        points=torch.rand(1, 68, 2),
        meshes=torch.rand(1, 468, 2),
        counts=torch.ones(1, 68, dtype=torch.bool),
        eye_distance=torch.ones(1),
        rotations=torch.eye(3).expand(1, 3, 3),
        attributes=torch.ones(1, 6, dtype=torch.bool),
        positive=torch.tensor([True]),
        truth=torch.ones(1, 68, dtype=torch.bool),
        visible=torch.ones(1, 3),
        blendshapes=torch.zeros(1, 52),
    )
    loss(network(normalised(batch.images, recipe.crop)), batch).backward()
    optimiser.step()
    assert not torch.equal(network.points.weight, before)

    path = tmp_path / "made.onnx"
    export(network, card_of(recipe, "a test"), path)
    crop = batch.images[0].permute(1, 2, 0).numpy()
    points, trust = ModelFile(path).run(crop)
    with torch.inference_mode():
        expected = network(normalised(batch.images, recipe.crop))
    # The file keeps its kernels in half precision.
    assert points.ravel() == pytest.approx(expected.points[0].numpy(), abs=1e-3)
    assert trust == pytest.approx(torch.sigmoid(expected.trust).item(), abs=1e-3)
