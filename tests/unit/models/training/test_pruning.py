from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from models.training.batches import Faces  # noqa: E402
from models.training.crops import build_crops, load_crops  # noqa: E402
from models.training.labels import Labels  # noqa: E402
from models.training.pruning import RANKS, SHARES, drop_smallest, lower_rank, thin_out  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.torch

FOLDER = Path(__file__).parents[4] / "models" / "naimishnet"


def layers() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 40), nn.Linear(40, 10))


def test_the_smallest_weights_of_each_layer_go_first() -> None:
    network = layers()
    before = network[2].weight.detach().clone()
    assert drop_smallest(network, 0.75) == (16 * 40 + 40 * 10) // 4
    gone = network[2].weight == 0
    assert float(before[gone].abs().max()) <= float(before[~gone].abs().min())
    assert torch.equal(network[2].weight[~gone], before[~gone])
    assert (network[0].weight != 0).all()
    assert drop_smallest(layers(), 0.0) == 16 * 40 + 40 * 10


def test_a_lower_rank_takes_the_place_of_a_layer_where_that_saves_weights() -> None:
    network = layers()
    kept = network[3].weight.detach().clone()
    # 9 * (16 + 40) is less than 16 * 40, but 9 * (40 + 10) is more than 40 * 10.
    assert lower_rank(network, 9) == 9 * 56 + 400
    assert int(torch.linalg.matrix_rank(network[2].weight)) == 9
    assert torch.equal(network[3].weight, kept)


def test_the_table_tells_of_every_way_and_leaves_the_network_alone(
    drawn_data: Path, drawn_labels: Labels, tmp_path: Path
) -> None:
    build_crops(drawn_data, drawn_labels, tmp_path)
    faces = Faces.of(drawn_labels, load_crops(tmp_path, drawn_labels), "val")
    recipe = Recipe.load(FOLDER / "naimishnet.toml")
    network = recipe.build_network().eval()
    before = network.points.weight.detach().clone()
    rows = thin_out(recipe, network, faces)
    assert len(rows) == 1 + len(SHARES) + len(RANKS)
    assert torch.equal(network.points.weight, before)
    halves = [row.weights for row in rows[: 1 + len(SHARES)]]
    assert halves == sorted(halves, reverse=True)
    assert halves[0] == 2048 * 1000 + 1000 * 1000 + 1000 * 137
    assert rows[0].share > rows[len(SHARES)].share
    assert all(row.nme > 0 for row in rows)
