from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from models.pfld.network import Pfld  # noqa: E402
from models.training.latency import with_block  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.torch

RECIPES = sorted((Path(__file__).parents[4] / "models" / "pfld").glob("*.toml"))


def parameters(recipe: Recipe) -> int:
    return sum(p.numel() for p in Pfld(recipe.network).parameters())


def test_other_blocks_make_another_network_of_the_same_channels() -> None:
    recipe = Recipe.load(RECIPES[0])
    fused, inverted = with_block(recipe, "fused"), with_block(recipe, "inverted")
    assert parameters(inverted) < parameters(fused)
    channels = [[s.channels for s in r.network.stages] for r in (fused, inverted)]
    assert channels[0] == channels[1]
    assert inverted.name == f"{recipe.name} inverted"
